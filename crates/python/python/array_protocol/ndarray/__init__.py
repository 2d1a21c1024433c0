"""Arrays in memory: the array API standard 2025.12."""

from .._build import fill as _fill

_fill(globals(), "ndarray")
