"""Writes the Zarr arrays that the tests read: python write_zarr.py FOLDER."""

import sys
from pathlib import Path

import numcodecs
import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

folder = Path(sys.argv[1])

# (name, type, what differs from zarr-python's defaults)
ARRAYS = [
    ("v3-default", "<f8", {}),
    ("v3-gzip", "<i4", {"compressors": GzipCodec(level=5)}),
    ("v3-blosc", "<u2", {"compressors": BloscCodec(cname="lz4", shuffle="shuffle")}),
    ("v3-plain", "<c16", {"compressors": None}),
    ("v3-checksum", "|b1", {"compressors": [ZstdCodec(level=1), Crc32cCodec()]}),
    ("v3-sharded", "<f4", {"shards": (4, 6)}),
    ("v3-transposed", "<i8", {"filters": [TransposeCodec(order=(1, 0))]}),
    ("v2-default", "<f8", {"zarr_format": 2}),
    ("v2-blosc", "<u8", {"zarr_format": 2, "compressors": numcodecs.Blosc()}),
    ("v2-fortran", "<i2", {"zarr_format": 2, "order": "F"}),
    ("v2-big", ">f4", {"zarr_format": 2, "compressors": None}),
]


def values(dtype):
    """The numbers from 1 in rows, so that no chunk is nothing but the fill value."""
    return np.arange(1, 36).reshape(7, 5).astype(dtype)


for name, dtype, options in ARRAYS:
    array = zarr.create_array(
        folder / f"{name}.zarr", shape=(7, 5), chunks=(2, 3), dtype=dtype, overwrite=True,
        attributes={"name": name, "levels": [1, 2.5, None]}, **options,
    )
    array[:] = values(dtype)
