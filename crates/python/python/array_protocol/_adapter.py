"""A plan that Rust made, on a cluster: `python -m array_protocol._adapter ADDRESS FOLDER`.

The plan is JSON on the standard input. Chunks are written into the folder as they arrive, `ARRAY-CHUNK.npy`, and each is told in a
line of the standard output, as is what went wrong.
"""

import json
import os
import sys

from . import _dask, _native


def say(**words):
    print(json.dumps(words), flush=True)


def main(address, folder):
    import numpy as np
    from distributed import Client, as_completed

    graph, keys = _dask.lowered(*_native.chunked.groups_of_job(sys.stdin.read()))
    places = {}
    for array, chunks in enumerate(keys):
        for chunk, key in enumerate(chunks):
            places.setdefault(key, []).append(f"{array}-{chunk}.npy")
    names = list(places)
    with Client(address, timeout="20s") as client:
        futures = dict(zip(client.get(graph, names, sync=False), names, strict=True))
        done = 0
        for future, chunk in as_completed(list(futures), with_results=True):
            for name in places[futures[future]]:
                np.save(os.path.join(folder, name), chunk, allow_pickle=False)
                done += 1
            say(done=(done, sum(map(len, places.values()))))
            future.release()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as e:
        say(failed=(type(e).__name__, str(e) or repr(e)))
        sys.exit(1)
