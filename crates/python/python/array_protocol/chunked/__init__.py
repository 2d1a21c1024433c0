"""Lazy arrays in chunks: the array API standard 2025.12.

Functions give lazy arrays at once; `x.compute()` plans them and gives an array in memory. `with_options` gives namespaces whose
arrays are cut otherwise.
"""

from .._build import fill as _fill

_fill(globals(), "chunked")
