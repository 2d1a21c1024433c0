"""array-protocol with diagonal matrices built in. Import it before `array_protocol`, which then has `diagonal`."""

import sys

if "array_protocol" in sys.modules:
    raise ImportError("array_protocol is imported already, without diagonal matrices; import array_protocol_diagonal first")

from . import _native

# The library with the kind takes the place of the package's own; there can be only one registry.
sys.modules["array_protocol._native"] = _native

import array_protocol as _array_protocol

__all__ = ["entries", "from_diagonal"]

from_diagonal = _array_protocol.diagonal.from_diagonal
entries = _array_protocol.diagonal.entries
