"""A scheduler and workers that are programs of their own, as on a real cluster: what a killed scheduler and a paused worker do."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import array_protocol.chunked as xp
import array_protocol.ndarray as nd

from on_dask import distributed, limit  # noqa: F401

import dask  # noqa: E402

# What clients and workers wait for a scheduler that is gone, and a scheduler for a worker that says nothing.
SHORT = {"distributed.comm.timeouts.connect": "3s", "distributed.scheduler.worker-ttl": "4s"}


@contextlib.contextmanager
def programs(folder):
    """The address of a scheduler, its process, and those of its two workers."""
    file = folder / f"scheduler-{time.time_ns()}.json"
    variables = {"DASK_" + name.replace(".", "__").replace("-", "_").upper(): value for name, value in SHORT.items()}
    running = []

    def run(*words):
        line = [sys.executable, "-m", "dask", *words, "--scheduler-file", str(file)]
        out = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(subprocess.Popen(line, env={**os.environ, **variables}, cwd=folder, **out))
        return running[-1]

    try:
        scheduler = run("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        workers = [run("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "20") for _ in range(2)]
        with dask.config.set(SHORT), distributed.Client(scheduler_file=str(file), timeout="30s") as client:
            client.wait_for_workers(2, timeout=30)
            yield client, scheduler, workers
    finally:
        for process in running:
            process.kill()
            process.wait()


def bits(x):
    return x.dtype, x.shape, x.tobytes()


def total(folder, files):
    def make(start, extents):
        import array_protocol.ndarray as nd

        open(os.path.join(folder, f"{os.getpid()}-{time.time_ns()}"), "w").close()
        time.sleep(0.02)
        return nd.ones(extents)

    return xp.sum((xp.from_fn(make, (80, 2), chunks=(2, 2)) * 0.1).checkpoint(files), axis=0)


def npy(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith(".npy"))


def test_a_killed_scheduler_is_an_error_and_its_run_goes_on(tmp_path):
    calls, files = tmp_path / "calls", tmp_path / "files"
    calls.mkdir()
    failed = []
    with programs(tmp_path) as (client, scheduler, _):

        def compute():
            try:
                total(str(calls), files).compute(scheduler=client)
            except BaseException as e:
                failed.append(e)

        thread = threading.Thread(target=compute)
        thread.start()
        while not files.exists() or len(npy(files)) < 5:
            time.sleep(0.01)
        scheduler.kill()
        thread.join(timeout=60)
        assert not thread.is_alive() and len(failed) == 1, failed
    written, made = npy(files), len(os.listdir(calls))
    assert 5 <= len(written) < 40
    with programs(tmp_path) as (client, _, _):
        found = total(str(calls), files).compute(scheduler=client)
    here = xp.sum(xp.from_fn(lambda _, extents: nd.ones(extents), (80, 2), chunks=(2, 2)) * 0.1, axis=0)
    assert bits(found) == bits(here.compute())
    # What was written was not made again.
    assert set(written) <= set(npy(files)) and len(os.listdir(calls)) == made + 40 - len(written)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_a_worker_that_stays_paused_is_done_without(tmp_path):
    # Programs of their own do not import this file; a function inside of another is sent whole.
    def slow(block):
        time.sleep(0.02)
        return block * 1.5

    x = xp.with_options(chunks=100).random.normal(xp.random.key(9), shape=(10_000,)).map_blocks(slow)
    y = xp.std(x - xp.mean(x))
    here = bits(y.compute())
    with programs(tmp_path) as (client, _, workers):
        paused = threading.Timer(0.5, workers[0].send_signal, (signal.SIGSTOP,))
        paused.start()
        try:
            assert bits(y.compute(scheduler=client)) == here
        finally:
            paused.join()
        assert len(client.scheduler_info(n_workers=-1)["workers"]) == 1
