"""Functions beyond the standard that libraries call as they call NumPy's: by its signatures, which are wider than the
rows' own."""

import math

from . import _native
from ._axes import axes
from ._chunked import refuse_lazy
from ._native import dtypes


def beyond(rows, asarray):
    """The functions, by name; `rows` has the registry's, and `asarray` makes arrays of the kind."""
    found = {}

    def ours(f):
        found[f.__name__] = f
        return f

    @ours
    def bincount(x, /, weights=None, minlength=0, *, length=None):
        """How often each of the numbers 0, 1, ... occurs in `x`, or the sums of their weights; with a `length`, of as many
        numbers."""
        if length is not None:
            return rows["bincount"](x, length=length)
        length = minlength
        refuse_lazy("bincount", x, "how many bins there are", "; give their number as length=")
        if x.size:
            if int(rows["min"](x)) < 0:
                raise ValueError("bincount: there are negative numbers, which have no bin")
            length = max(length, int(rows["max"](x)) + 1)
        if weights is None:
            return rows["bincount"](x, length=length)
        sums = rows["zeros"]((length,), dtype=dtypes["float64"])
        return rows["index_add"](sums, x, rows["astype"](weights, dtypes["float64"]), axis=0)

    @ours
    def pad(x, /, pad_width, mode="constant", *, constant_values=0, constant=None):
        """More elements before and after those of each axis; `mode` is "constant", "edge", "reflect" or "wrap"."""
        constant_values = constant_values if constant is None else constant
        widths, constants = pairs("pad_width", pad_width, x.ndim), pairs("constant_values", constant_values, x.ndim)
        if len({c for pair in constants for c in pair}) <= 1:
            constant = constants[0][0] if constants else 0
            return rows["pad"](x, pad_width=widths, mode=mode, constant=constant)
        # Later axes pad what the earlier ones made, corners included.
        for axis, (width, values) in enumerate(zip(widths, constants, strict=True)):
            for side in (0, 1):
                width_here = [[0, 0] for _ in range(x.ndim)]
                width_here[axis][side] = width[side]
                x = rows["pad"](x, pad_width=width_here, mode=mode, constant=values[side])
        return x

    @ours
    def quantile(x, /, q, *, axis=None, method="linear", keepdims=False):
        """The value below which the share `q` of the elements lies; several shares come along a first axis."""
        q = q.tolist() if hasattr(q, "tolist") else q
        return rows["quantile"](x, q=q, axis=axis, method=method, keepdims=keepdims)

    @ours
    def transpose(x, /, axes=None):
        """The axes in another order; without one, reversed."""
        return rows["permute_dims"](x, tuple(reversed(range(x.ndim))) if axes is None else tuple(axes))

    def floating(x):
        return x.dtype.kind in "fc"

    def filled(x, value):
        """`x` with a number where it is not one."""
        return rows["where"](rows["isnan"](x), value, x) if floating(x) else x

    @ours
    def nansum(x, /, axis=None, dtype=None, *, keepdims=False):
        """Sum of the elements that are numbers."""
        return rows["sum"](filled(x, 0), axis=axis, dtype=dtype, keepdims=keepdims)

    @ours
    def nanprod(x, /, axis=None, dtype=None, *, keepdims=False):
        """Product of the elements that are numbers."""
        return rows["prod"](filled(x, 1), axis=axis, dtype=dtype, keepdims=keepdims)

    @ours
    def nancumsum(x, /, axis=None, dtype=None):
        """Sums of the elements that are numbers, up to each place; without an axis, of the flattened array."""
        return cumulated("cumulative_sum", filled(x, 0), axis, dtype)

    @ours
    def nancumprod(x, /, axis=None, dtype=None):
        """Products of the elements that are numbers, up to each place; without an axis, of the flattened array."""
        return cumulated("cumulative_prod", filled(x, 1), axis, dtype)

    def cumulated(name, x, axis, dtype):
        if axis is None:
            x, axis = rows["reshape"](x, (-1,)), 0
        return rows[name](x, axis=axis, dtype=dtype)

    @ours
    def nanmean(x, /, axis=None, dtype=None, *, keepdims=False):
        """Mean of the elements that are numbers."""
        x = x if dtype is None else rows["astype"](x, dtype)
        return rows["nanmean" if floating(x) else "mean"](x, axis=axis, keepdims=keepdims)

    @ours
    def nanvar(x, /, axis=None, dtype=None, ddof=0, *, correction=None, keepdims=False):
        """Variance of the elements that are numbers; the divisor is their number less `ddof` (or `correction`)."""
        x = x if dtype is None else rows["astype"](x, dtype)
        correction = ddof if correction is None else correction
        return rows["nanvar" if floating(x) else "var"](x, axis=axis, correction=correction, keepdims=keepdims)

    @ours
    def nanstd(x, /, axis=None, dtype=None, ddof=0, *, correction=None, keepdims=False):
        """Standard deviation of the elements that are numbers, as `nanvar`."""
        return rows["sqrt"](nanvar(x, axis, dtype, ddof, correction=correction, keepdims=keepdims))

    @ours
    def nanargmax(x, /, axis=None, *, keepdims=False):
        """Position of the largest of the elements that are numbers."""
        return extreme("argmax", x, -math.inf, axis, keepdims)

    @ours
    def nanargmin(x, /, axis=None, *, keepdims=False):
        """Position of the smallest of the elements that are numbers."""
        return extreme("argmin", x, math.inf, axis, keepdims)

    def extreme(name, x, worst, axis, keepdims):
        if floating(x):
            missing = rows["isnan"](x)
            refuse_lazy(f"nan{name}", x, "whether there is a number to find", "")
            if bool(rows["any"](rows["all"](missing, axis=axis))):
                raise ValueError(f"nan{name}: there is no number among the elements")
            x = rows["where"](missing, worst, x)
        return rows[name](x, axis=axis, keepdims=keepdims)

    @ours
    def gradient(x, /, *spacing, axis=None, edge_order=1):
        """Slopes along axes, central in the interior: exact for parabolas also where the spacing is not even.

        `spacing` is one distance, or a distance or the coordinates for each axis; a list of slopes is given for several."""
        places = axes("gradient", axis, x.ndim)
        spacing = spacing * len(places) if len(spacing) == 1 else spacing or (1.0,) * len(places)
        if len(spacing) != len(places) or edge_order not in (1, 2):
            raise ValueError(f"gradient: {len(spacing)} spacings for {len(places)} axes, edges of order {edge_order} (1 or 2)")
        if not places:
            raise ValueError("gradient: an array without axes has no slopes")
        x = x if floating(x) else rows["astype"](x, dtypes["float64"])
        found = [slope(x, h, a, edge_order) for h, a in zip(spacing, places, strict=True)]
        return found if axis is None and len(found) > 1 or hasattr(axis, "__iter__") else found[0]

    def slope(x, h, axis, edge_order):
        n, last = x.shape[axis], x.ndim - 1
        if n <= edge_order:
            raise ValueError(f"gradient: axis {axis} has {n} elements, edges of order {edge_order} need {edge_order + 1}")
        x = rows["moveaxis"](x, axis, last)
        if getattr(h, "ndim", 0) == 1:
            h = asarray(h, dtype=None if h.dtype.kind == "f" else dtypes["float64"])
            gaps = h[1:] - h[:-1]
            # Spacings that are not known yet are treated as uneven ones, which also serves those that are even.
            even = not gaps.is_lazy and bool(rows["all"](gaps == gaps[0]))
        else:
            if getattr(h, "is_lazy", False):
                gaps = rows["broadcast_to"](h, (n - 1,))
            else:
                gaps = rows["full"]((n - 1,), h.item() if hasattr(h, "item") else float(h), dtype=dtypes["float64"])
            even = True
        gaps = rows["astype"](gaps, x.dtype)
        slopes = (x[..., 1:] - x[..., :-1]) / gaps
        first, final = slopes[..., :1], slopes[..., -1:]
        if n == 2:
            return rows["moveaxis"](rows["concat"]([first, final], axis=-1), last, axis)
        # The parabola through three neighbours: the slopes on both sides, each weighted by the other's distance.
        a, b = gaps[:-1], gaps[1:]
        if even:
            # The middle has no weight, and what is no number there spoils nothing.
            inner = (x[..., 2:] - x[..., :-2]) / (2 * gaps[0])
        else:
            inner = (slopes[..., :-1] * b + slopes[..., 1:] * a) / (a + b)
        if edge_order == 2:
            # The same parabola's slope at its own end.
            first = slopes[..., :1] * 2 - inner[..., :1]
            final = slopes[..., -1:] * 2 - inner[..., -1:]
        return rows["moveaxis"](rows["concat"]([first, inner, final], axis=-1), last, axis)

    @ours
    def nanmedian(x, /, axis=None, *, keepdims=False):
        """Median of the elements that are numbers."""
        x = x if floating(x) else rows["astype"](x, dtypes["float64"])
        gone = axes("nanmedian", axis, x.ndim)
        kept = [place for place in range(x.ndim) if place not in gone]
        shape = tuple(1 if place in gone else n for place, n in enumerate(x.shape))
        lines = rows["permute_dims"](x, (*kept, *gone))
        lines = rows["reshape"](lines, (*(x.shape[place] for place in kept), -1))
        # Sorting puts what is not a number last, so the middle is counted among the others.
        lines = rows["sort"](lines, axis=-1)
        count = rows["count_nonzero"](rows["logical_not"](rows["isnan"](lines)), axis=-1, keepdims=True)
        middle = [rows["take_along_axis"](lines, rows["maximum"](place, 0), axis=-1)
                  for place in ((count - 1) // 2, rows["minimum"](count // 2, lines.shape[-1] - 1))]
        # Halves are added: the sum of two large numbers would overflow.
        found = middle[0] * 0.5 + middle[1] * 0.5
        return rows["reshape"](found, shape if keepdims else tuple(x.shape[place] for place in kept))

    return found


def pairs(name, given, ndim):
    """One pair (before, after) for each axis: of a number, a pair for all axes, or a pair for each."""
    if not hasattr(given, "__iter__"):
        return [(given, given)] * ndim
    given = [tuple(p) if hasattr(p, "__iter__") else (p,) for p in given]
    if all(len(p) == 1 for p in given) and len(given) == 2:
        given = [(given[0][0], given[1][0])]
    given = [p if len(p) == 2 else p * 2 for p in given]
    if len(given) == 1:
        given = given * ndim
    if len(given) != ndim or any(len(p) != 2 for p in given):
        raise ValueError(f"pad: {name} has {len(given)} entries for {ndim} axes; give a number, a pair, or a pair for each")
    return given
