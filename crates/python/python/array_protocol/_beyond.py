"""Functions beyond the standard that libraries call as they call NumPy's: by its signatures, which are wider than the
rows' own."""

from ._native import dtypes


def beyond(rows):
    """The functions, by name; `rows` has the registry's."""
    found = {}

    def ours(f):
        found[f.__name__] = f
        return f

    @ours
    def bincount(x, /, weights=None, minlength=0):
        """How often each of the numbers 0, 1, ... occurs in `x`, or the sums of their weights."""
        length = minlength
        if x.size:
            if int(rows["min"](x)) < 0:
                raise ValueError("bincount: there are negative numbers, which have no bin")
            length = max(length, int(rows["max"](x)) + 1)
        if weights is None:
            return rows["bincount"](x, length=length)
        sums = rows["zeros"]((length,), dtype=dtypes["float64"])
        return rows["index_add"](sums, x, rows["astype"](weights, dtypes["float64"]), axis=0)

    @ours
    def einsum(subscripts, /, *arrays):
        """Sums of products over labelled axes: `einsum("ij,jk->ik", a, b)` is a product of matrices."""
        return rows["einsum"](arrays, subscripts=subscripts)

    @ours
    def pad(x, /, pad_width, mode="constant", *, constant_values=0):
        """More elements before and after those of each axis; `mode` is "constant", "edge", "reflect" or "wrap"."""
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
    def quantile(x, q, /, *, axis=None, keepdims=False, method="linear"):
        """The value below which the share `q` of the elements lies; several shares come along a first axis."""
        if method != "linear":
            raise ValueError(f"quantile: the method is {method!r}, but must be 'linear'")
        q = q.tolist() if hasattr(q, "tolist") else q
        if isinstance(q, (list, tuple)):
            return rows["stack"]([quantile(x, one, axis=axis, keepdims=keepdims) for one in q], axis=0)
        return rows["quantile"](x, q=float(q), axis=axis, keepdims=keepdims)

    @ours
    def transpose(x, /, axes=None):
        """The axes in another order; without one, reversed."""
        return rows["permute_dims"](x, tuple(reversed(range(x.ndim))) if axes is None else tuple(axes))

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
