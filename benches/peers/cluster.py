"""The work of chunked.py on a cluster of Dask's of two workers with one thread each: our lazy arrays there, the same on this
machine's threads, and Dask's own arrays on that cluster, in turn. Prints the best seconds of a few runs by name, as JSON.

    python benches/peers/cluster.py [WORDS OF A NAME ...]
"""

import json
import sys
import time

import dask
import dask.array as da
import distributed

import array_protocol.chunked as xp

RUNS = 3

# What takes half a minute is run once, after what it needs is there.
ONCE = ["sum of 10,000 chunks", "matmul and sum"]


def expression(space, x):
    return space.mean(space.exp(-(x * x)) + x * 2 - 1, axis=0)


def spread(space, x):
    return space.std(space.exp(space.sin(x)) + space.sqrt(space.abs(x)), axis=0)


def work(space, uniform, held):
    """What is computed, by name: `uniform(shape, chunks)` draws, `held(name, x)` keeps what it drew on the workers."""
    square, cut = (10_000, 10_000), (1000, 1000)
    drawn = uniform(square, cut)

    def kept():
        return held("square", drawn)

    def centred():
        y = kept()
        return space.std(y - space.mean(y, axis=0), axis=0)

    return {
        "spread of functions, tasks of 100 ms": lambda: [spread(space, uniform((24_000_000, 20), (800_000, 20)))],
        "sum of 10,000 chunks": lambda: [space.sum(space.ones((1000, 1000), chunks=(10, 10)))],
        "svd": lambda: list(space.linalg.svd(uniform((5000, 1000), cut))),
        "mean of an expression of random numbers": lambda: [expression(space, uniform(square, cut))],
        "mean of an expression": lambda: [expression(space, kept())],
        "matmul and sum": lambda: [space.sum(kept() @ kept().T)],
        "rechunk and sum": lambda: [space.sum(kept().rechunk((10_000, 100)), axis=0)],
        "centred std": lambda: [centred()],
    }


def timed(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


class Ours:
    """The functions of our namespace as the work calls them."""

    def __init__(self):
        self.linalg, self.seed = self, 0

    def __getattr__(self, name):
        return getattr(xp, name)

    def ones(self, shape, chunks):
        return xp.with_options(chunks=chunks).ones(shape)

    def svd(self, x):
        return xp.linalg.svd(x, full_matrices=False)

    def uniform(self, shape, chunks):
        # Of another key each time, or what is known already would not be made again.
        self.seed += 1
        space = xp.with_options(chunks=chunks)
        return space.random.uniform(space.random.key(self.seed), shape=shape)


def main(words):
    options = dict(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    with distributed.LocalCluster(**options) as workers, distributed.Client(workers) as client:
        ours, kept = Ours(), {}

        def held(who, keep):
            def of(name, x):
                if (who, name) not in kept:
                    kept[who, name] = keep(x)
                    distributed.wait(kept[who, name]) if who != "here" else None
                return kept[who, name]

            return of

        random = lambda shape, chunks: da.random.random(shape, chunks=chunks)  # noqa: E731
        sides = {
            "here": (work(ours, ours.uniform, held("here", xp.persist)), lambda x: xp.compute(*x)),
            "cluster": (work(ours, ours.uniform, held("cluster", client.persist)), lambda x: xp.compute(*x, scheduler=client)),
            "dask": (work(da, random, held("dask", client.persist)), lambda x: dask.compute(*x)),
        }
        found = {}
        for name in sides["dask"][0]:
            if words and not any(word in name for word in words):
                continue
            best = found[name] = {}
            for run in range(1 if name in ONCE else RUNS + 1):
                for who, (by_name, compute) in sides.items():
                    seconds = timed(lambda: compute(by_name[name]()))
                    # The first run starts what starts once, and persists.
                    best[who] = min(best.get(who, float("inf")), seconds) if run or name in ONCE else float("inf")
            print(name, {who: round(s, 3) for who, s in best.items()}, file=sys.stderr)
        print(json.dumps({"version": dask.__version__, "seconds": found}))


if __name__ == "__main__":
    main(sys.argv[1:])
