"""Arrays of libtorch, on the CPU and on CUDA devices: the array API standard 2025.12.

`from_dlpack` and `asarray` share memory with Python's torch and with other libraries, in both directions.
"""

from .. import _native
from .._build import fill as _fill

if "torch" not in _native.data_kinds():
    raise ImportError(
        "array_protocol.torch: this array_protocol was built without libtorch. Build it with the feature torch: "
        'pip install ./crates/python --config-settings=build-args="--features torch", with torch 2.11 installed and '
        "LIBTORCH set to its folder (see crates/python/README.md)"
    )

_fill(globals(), "torch")
