"""Writes the Parquet files that the tests read: python write_parquet.py FOLDER."""

import sys
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
ROWS = 40
GROUP = 15

NUMBERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]


def required(fields):
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields])


def table(columns):
    """Columns without nulls, by name: type and values."""
    schema = required([(name, kind) for name, (kind, _) in columns.items()])
    return pa.table({name: pa.array(values, kind) for name, (kind, values) in columns.items()}, schema=schema)


def write(name, data, **options):
    options = {"row_group_size": GROUP, "compression": "snappy"} | options
    pq.write_table(data, folder / f"{name}.parquet", **options)


# The row's number in every type of numbers, and whether it is odd.
numbers = {name: (getattr(pa, name)(), range(ROWS)) for name in NUMBERS} | {"bool": (pa.bool_(), [i % 2 == 1 for i in range(ROWS)])}
write("numbers", table(numbers))

# The greatest and the least of each.
ends = {}
for name in NUMBERS[:8]:
    bits, signed = int(name.lstrip("uint")), name.startswith("int")
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    ends[name] = (getattr(pa, name)(), [low, high])
write("ends", table(ends))

# Two columns of floats, packed and cut into pages in every way; the second one is a tenth of the first.
two = table({"a": (pa.float64(), range(1, ROWS + 1)), "b": (pa.float64(), [i / 10 for i in range(1, ROWS + 1)])})
small = {"data_page_size": 64, "write_batch_size": 8, "use_dictionary": False}
for name, options in {
    "plain": {"compression": "none"},
    "gzip": {"compression": "gzip"},
    "lz4": {"compression": "lz4"},
    "zstd": {"compression": "zstd"},
    "brotli": {"compression": "brotli"},
    "pages": small,
    "pages-v2": {"data_page_version": "2.0", **small},
    "split": {"use_dictionary": False, "use_byte_stream_split": True},
    "checksum": {"write_page_checksum": True, "compression": "none", "use_dictionary": False},
    "one-group": {"row_group_size": 1000, **small},
}.items():
    write(f"two-{name}", two, **options)

# Columns that may have nulls: some, in the second and third row group, or none.
some = lambda i: None if i in (17, 18, 33) else i  # noqa: E731
write("nulls", pa.table({
    "whole": pa.array(range(ROWS), pa.float64()),
    "floats": pa.array([some(i) for i in range(ROWS)], pa.float64()),
    "singles": pa.array([some(i) for i in range(ROWS)], pa.float32()),
    "integers": pa.array([some(i) for i in range(ROWS)], pa.int32()),
}))

# What no array of numbers is.
write("others", pa.table({
    "number": pa.array([1.0, 2.0], pa.float64()),
    "count": pa.array([1, 2], pa.int64()),
    "text": pa.array(["a", "b"]),
    "binary": pa.array([b"a", b"b"]),
    "price": pa.array([Decimal("1.25"), Decimal("2.50")], pa.decimal128(5, 2)),
    "small_price": pa.array([Decimal("1.25"), Decimal("2.50")], pa.decimal128(5, 2)),
    "day": pa.array([date(2020, 1, 1)] * 2),
    "instant": pa.array([datetime(2020, 1, 1)] * 2, pa.timestamp("us")),
    "instant_ns": pa.array([datetime(2020, 1, 1)] * 2, pa.timestamp("ns")),
    "clock": pa.array([time(1, 2, 3)] * 2, pa.time64("ns")),
    "half": pa.array([1.0, 2.0], pa.float16()),
    "list": pa.array([[1.0], [2.0, 3.0]], pa.list_(pa.float64())),
    "struct": pa.array([{"x": 1.0}] * 2, pa.struct([("x", pa.float64())])),
    "map": pa.array([[("k", 1.0)]] * 2, pa.map_(pa.string(), pa.float64())),
    "nothing": pa.array([None, None], pa.null()),
}), store_decimal_as_integer=True)

write("empty", two.slice(0, 0))
