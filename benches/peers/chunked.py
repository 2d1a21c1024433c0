"""Dask on the work of crates/array-chunked/benches/peers.rs: prints the best seconds of a few runs by name, as JSON."""

import json
import os
import time

import dask
import dask.array as da


def best(times, work):
    return min(timed(work) for _ in range(times))


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def expression(x):
    return (da.exp(-(x * x)) + x * 2 - 1).mean(axis=0)


dask.config.set(scheduler="threads", num_workers=os.cpu_count())
found = {}

count = 10_000
graph = {("task", i): (lambda i=i: i,) for i in range(count)}
found["trivial task"] = timed(lambda: dask.threaded.get(graph, [("task", i) for i in range(count)])) / count

x = da.ones((1000, 1000), chunks=(10, 10))
found["sum of 10,000 chunks"] = best(3, lambda: x.sum().compute())

x = da.random.random((5000, 1000), chunks=(1000, 1000))
found["svd"] = best(3, lambda: dask.compute(*da.linalg.svd(x)))

x = da.random.random((10_000, 10_000), chunks=(1000, 1000))
found["mean of an expression of random numbers"] = best(3, lambda: expression(x).compute())
y = x.persist()
found["mean of an expression"] = best(5, lambda: expression(y).compute())
found["matmul and sum"] = timed(lambda: (y @ y.T).sum().compute())
found["rechunk and sum"] = best(3, lambda: y.rechunk((10_000, 100)).sum(axis=0).compute())
found["centred std"] = best(3, lambda: (y - y.mean(axis=0)).std(axis=0).compute())

print(json.dumps({"version": dask.__version__, "seconds": found}))
