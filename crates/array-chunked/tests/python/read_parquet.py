"""Reads the Parquet files that the tests have written: python read_parquet.py FOLDER. Prints what each one is."""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq

for path in sorted(Path(sys.argv[1]).glob("*.parquet")):
    file = pq.ParquetFile(path, page_checksum_verification=True)
    table = file.read()
    print(json.dumps({
        "name": path.stem,
        "groups": [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)],
        "types": [str(kind) for kind in table.schema.types],
        "nullable": any(field.nullable for field in table.schema),
        "columns": {name: [float(x) for x in table[name].to_pylist()] for name in table.column_names},
    }))
