"""The same plan on this machine, on a Dask cluster, and Dask's own arrays beside it: seconds, and whether the bits agree.

    python crates/python/examples/cluster.py                                  # a LocalCluster of two processes
    python crates/python/examples/cluster.py --scheduler tcp://host:8786      # a cluster that runs already

Data is generated on the workers; the best of some runs in turn counts.
"""

import argparse
import contextlib
import time

import dask
import dask.array as da
import distributed

import array_protocol.chunked as xp


def ours(rows, columns, chunk):
    space = xp.with_options(chunks=(chunk, -1))
    x = space.random.normal(space.random.key(7), shape=(rows, columns))
    return {
        "spread of functions": xp.std(xp.exp(xp.sin(x)) + xp.sqrt(xp.abs(x)), axis=0),
        "covariance": (lambda centred: centred.T @ centred)(x - xp.mean(x, axis=0)),
        "singular values": xp.linalg.svdvals(x),
    }


def dasks(rows, columns, chunk):
    x = da.random.default_rng(7).normal(size=(rows, columns), chunks=(chunk, columns))
    centred = x - x.mean(axis=0)
    return {
        "spread of functions": (da.exp(da.sin(x)) + da.sqrt(abs(x))).std(axis=0),
        "covariance": centred.T @ centred,
        "singular values": da.linalg.svd(x)[1],
    }


def seconds(run, found, name):
    started = time.perf_counter()
    found[name] = run()
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheduler", help="the address of a cluster; one of two processes is started unless it is given")
    parser.add_argument("--rows", type=int, default=1_600_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--chunk", type=int, default=100_000, help="rows of a chunk")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    size = (given.rows, given.columns, given.chunk)
    with contextlib.ExitStack() as stack:
        address = given.scheduler
        if address is None:
            options = dict(n_workers=2, threads_per_worker=1, dashboard_address=":0")
            address = stack.enter_context(distributed.LocalCluster(**options))
        client = stack.enter_context(distributed.Client(address))
        print(f"{'':22}{'here':>8}{'cluster':>9}{'dask':>8}   bits")
        for name in ours(*size):
            best, found = {}, {}
            for _ in range(given.runs):
                # Expressions are made anew, so that nothing is taken from the run before.
                runs = {
                    "here": lambda: ours(*size)[name].compute(),
                    "cluster": lambda: ours(*size)[name].compute(scheduler=client),
                    "dask": lambda: dask.compute(dasks(*size)[name])[0],
                }
                for who, run in runs.items():
                    best[who] = min(best.get(who, float("inf")), seconds(run, found, who))
            same = found["here"].tobytes() == found["cluster"].tobytes()
            print(f"{name:22}{best['here']:8.2f}{best['cluster']:9.2f}{best['dask']:8.2f}   {'same' if same else 'OTHER'}")


if __name__ == "__main__":
    main()
