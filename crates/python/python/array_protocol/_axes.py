"""Axes as callers write them: none, one or several, also counted from the end."""

import operator

from ._errors import AxisError


def axes(name, axis, ndim):
    """The axes as a list of places from 0 to `ndim - 1`; None is all of them."""
    given = range(ndim) if axis is None else axis if hasattr(axis, "__iter__") else (axis,)
    places = [operator.index(a) for a in given]
    for a in places:
        if not -ndim <= a < ndim:
            raise AxisError(f"{name}: axis {a} does not exist in an array of {ndim} axes")
    places = [a % ndim for a in places]
    if len(set(places)) != len(places):
        raise AxisError(f"{name}: the axes {tuple(given)} name one twice")
    return places
