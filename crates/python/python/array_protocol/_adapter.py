"""What Rust gives a cluster: `python -m array_protocol._adapter plan|store|pieces VERSION ADDRESS FOLDER`.

A plan is JSON on the standard input; its chunks are written into the folder as they arrive, `ARRAY-CHUNK.npy`. A store is a plan and where its
chunks are written by the workers. Pieces of work lie
in the folder, `NUMBER.piece`, beside what they share; their names and their function are on the standard input, and what
they gave is written to `NUMBER.result`. Each result is told in a line of the standard output, as is what went wrong.
"""

import json
import os
import sys

from . import _dask, _native, _store, _work


def say(**words):
    print(json.dumps(words), flush=True)


def plan(client, folder, text):
    import numpy as np
    graph, keys = _dask.lowered(*_native.chunked.groups_of_job(text, _dask.threads(client)))
    places = {}
    for array, chunks in enumerate(keys):
        for chunk, key in enumerate(chunks):
            places.setdefault(key, []).append(f"{array}-{chunk}.npy")
    done = 0
    for key, chunk in _dask.arrived(client, graph, list(places)):
        for name in places[key]:
            np.save(os.path.join(folder, name), chunk, allow_pickle=False)
            done += 1
        say(done=(done, sum(map(len, places.values()))))


def store(client, folder, text):
    what = json.loads(text)
    graph, keys = _dask.lowered(*_native.chunked.groups_of_job(what["job"]))
    done, missing = 0, what["missing"]
    for chunk in _store.written(client, graph, keys[0], (what["format"], what["path"]), missing, what["kind"]):
        done += 1
        say(written=chunk)
        say(done=(done, len(missing)))


def pieces(client, folder, text):
    what = json.loads(text)

    def content(name):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()

    given = [(name, content(f"{number}.piece")) for number, name in enumerate(what["names"])]
    done = 0
    for number, result in _work.results(client, what["function"], content("shared"), given, what["checkpoint"]):
        with open(os.path.join(folder, f"{number}.result"), "wb") as out:
            out.write(result)
        done += 1
        say(done=(done, len(given)))


def main(what, version, address, folder):
    from distributed import Client

    built = _native.chunked.built()
    if not built.startswith(f"array-protocol {version} "):
        raise ValueError(f"the program is built with array-protocol {version}, but this Python has {built}: install the same")
    text = sys.stdin.read()
    with Client(address, timeout="20s") as client:
        {"plan": plan, "store": store, "pieces": pieces}[what](client, folder, text)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as e:
        notes = "".join(f" ({note})" for note in getattr(e, "__notes__", ()))
        say(failed=(type(e).__name__, (str(e) or repr(e)) + notes))
        sys.exit(1)
