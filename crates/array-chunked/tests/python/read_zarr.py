"""Reads the Zarr arrays that the tests have written: python read_zarr.py FOLDER. Prints what each one is."""

import json
import sys
from pathlib import Path

import numpy as np
import zarr

for path in sorted(Path(sys.argv[1]).glob("*.zarr")):
    array = zarr.open_array(path, mode="r")
    data = array[:]
    print(json.dumps({
        "name": path.stem,
        "format": array.metadata.zarr_format,
        "shape": array.shape,
        "chunks": array.chunks,
        "shards": array.shards,
        "dtype": array.dtype.name,
        "attributes": dict(array.attrs),
        "real": np.real(data).astype(float).ravel().tolist(),
        "imag": np.imag(data).astype(float).ravel().tolist(),
    }))
