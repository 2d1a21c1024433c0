"""Ensembles on Dask: the same bits as here, checkpoints of groups, errors by name, and workers that die."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import array_protocol as ap
import array_protocol.chunked as chunked
import array_protocol.ndarray as xp
from array_protocol import _native, _work, ensemble

from on_dask import client, cluster, distributed, limit, mortal  # noqa: F401

import dask  # noqa: E402

np = pytest.importorskip("numpy")

X = np.linspace(-1, 1, 40).reshape(20, 2)
Y = np.sin(3 * X[:, 0])
SMALL = dict(members=6, widths=[8], epochs=30, seed=3)
BUILT = _native.chunked.built()


def everything(model):
    reports = [{**report, "mse": repr(report["mse"])} for report in model.reports]
    params = {name: leaf.tobytes() for name, leaf in model.params.items()}
    return params, reports, model.histories, model.predict(X, members=range(model.options["members"])).members.tobytes()


def results(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith(".result"))


@pytest.mark.parametrize("options", [
    {}, {"head": "variance", "batch": 8, "standardize": True}, {"restarts": 1, "learning_rate": 4.0},
    {"early_stopping": {"every": 1, "patience": 2}, "dtype": "float64"}], ids=str)
def test_a_cluster_trains_the_same_ensemble(client, options):
    here = ensemble.fit(X, Y, **SMALL, **options)
    assert everything(ensemble.fit(X, Y, scheduler=client, pieces=3, **SMALL, **options)) == everything(here)


def test_an_address_is_a_scheduler_and_a_grid_is_spread(client):
    grid = {"prior_scale": [0.1, 1.0], "learning_rate": [0.01, 0.05]}
    there = ensemble.fit_grid(X, Y, grid, scheduler=client.scheduler.address, **SMALL)
    here = ensemble.fit_grid(X, Y, grid, **SMALL)
    assert [point for point, _ in there] == [point for point, _ in here]
    assert there[1][0] == {"prior_scale": 0.1, "learning_rate": 0.05}
    assert [everything(model) for _, model in there] == [everything(model) for _, model in here]
    with pytest.raises(ValueError, match="settings 1: .*learning rate"):
        ensemble.fit_grid(X, Y, {"learning_rate": [0.1, -1.0]}, scheduler=client, **SMALL)
    with pytest.raises(ValueError, match="no values"):
        ensemble.fit_grid(X, Y, {"learning_rate": []}, **SMALL)


# Two clients have loops in two threads: what is asked through one must not be waited for in the loop of the other.
ALONE = """
import sys
import numpy as np
import array_protocol.chunked as xp
from array_protocol import ensemble
address, file = sys.argv[1:]
X = np.linspace(-1, 1, 40).reshape(20, 2)
model = ensemble.fit(X, np.sin(3 * X[:, 0]), members=6, widths=[8], epochs=30, seed=3, scheduler=address)
model.save(file + ".npz")
x = xp.with_options(chunks=(5,)).arange(20.0)
x.store(file + ".npy", scheduler=address)
assert x.compute(scheduler=address).tobytes() == np.load(file + ".npy").tobytes()
from distributed import default_client
try:
    default_client()
except ValueError:
    print("no default client")
"""


def test_an_address_needs_no_client_that_is_the_default(client, tmp_path):
    line = [sys.executable, "-c", ALONE, client.scheduler.address, str(tmp_path / "alone")]
    said = subprocess.run(line, capture_output=True, text=True)
    assert said.stdout.strip() == "no default client", said.stderr
    assert np.load(tmp_path / "alone.npy").tolist() == list(range(20))
    kept, here = ensemble.load(tmp_path / "alone.npz"), ensemble.fit(X, Y, **SMALL)
    assert kept.predict(X).members.tobytes() == here.predict(X).members.tobytes()


def test_what_is_no_scheduler_is_refused(client, tmp_path):
    import asyncio

    x = chunked.with_options(chunks=(5,)).arange(20.0)
    uses = (lambda s: x.compute(scheduler=s), lambda s: x.store(tmp_path / "x.npy", scheduler=s),
            lambda s: ensemble.fit(X, Y, scheduler=s, **SMALL))

    async def within_a_loop():
        address = client.scheduler.address
        async with distributed.Client(address, asynchronous=True, set_as_default=False) as asynchronous:
            refuse(asynchronous, TypeError, "asynchronous")

    def refuse(scheduler, error, words):
        for use in uses:
            with pytest.raises(error, match=words):
                use(scheduler)

    refuse(42, TypeError, "42 is neither")
    refuse("threads", ValueError, "'threads' is no address")
    asyncio.run(within_a_loop())
    assert os.listdir(tmp_path) == []


def test_a_cluster_is_a_scheduler(client):
    x = chunked.with_options(chunks=(5,)).arange(20.0)
    assert x.compute(scheduler=client.cluster).tolist() == list(range(20))
    assert everything(ensemble.fit(X, Y, scheduler=client.cluster, **SMALL)) == everything(ensemble.fit(X, Y, **SMALL))


def test_groups_are_kept_and_stale_ones_are_refused(client, tmp_path):
    folder = tmp_path / "groups"
    run = dict(scheduler=client, pieces=3, checkpoints=folder, **SMALL)
    first = ensemble.fit(X, Y, **run)
    names = results(folder)
    assert len(names) == 3 and all(name.startswith("members-") for name in names)
    os.remove(folder / names[1])
    times = {name: os.stat(folder / name).st_mtime_ns for name in (names[0], names[2])}
    # One group is trained again, the others are read.
    assert everything(ensemble.fit(X, Y, **run)) == everything(first)
    assert results(folder) == names
    assert {name: os.stat(folder / name).st_mtime_ns for name in times} == times
    for other in (dict(run, seed=4), dict(run, epochs=31)):
        with pytest.raises(ValueError, match="members-.*other data or settings"):
            ensemble.fit(X, Y, **other)
    with pytest.raises(ValueError, match="other data or settings"):
        ensemble.fit(X, Y + 1, **run)
    with pytest.raises(ValueError, match="resume"):
        ensemble.fit(X, Y, **run, resume=False)


def test_what_no_worker_can_have_is_refused(client):
    with pytest.raises(NotImplementedError, match="no worker has"):
        ensemble.fit(X, Y, prior_function=lambda x: ap.sin(x), scheduler=client, **SMALL)
    with pytest.raises(NotImplementedError, match="observer"):
        ensemble.fit(X, Y, observe=print, scheduler=client, **SMALL)
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}), pytest.raises(OSError, match="127.0.0.1:1"):
        ensemble.fit(X, Y, scheduler="tcp://127.0.0.1:1", **SMALL)


def test_unknown_work_and_other_versions_are_named(client):
    with pytest.raises(NotImplementedError, match="ensemble.forget.*ensemble.train"):
        list(_work.results(client, "ensemble.forget", b"", [("one", b"")]))
    with pytest.raises(RuntimeError, match="whole safetensors") as caught:
        list(_work.results(client, "ensemble.train", b"", [("one", b"")]))
    assert caught.value.__notes__ == ["in the piece one of ensemble.train"]
    with pytest.raises(ValueError, match="install the same array-protocol"):
        _work.perform("ensemble.train", BUILT.replace("array-protocol ", "array-protocol 9."), "one", b"", b"", None)
    for function in ("ensemble.train", "mle.fit"):
        for junk in (b"", b"{}", b"{}\n", bytes(range(256))):
            with pytest.raises((ValueError, RuntimeError)):
                _native.perform(function, junk, junk)


def test_a_run_goes_on_after_its_workers_and_scheduler_died(tmp_path):
    folder = tmp_path / "groups"
    run = dict(checkpoints=folder, pieces=12, members=12, widths=[64, 64], epochs=150, seed=1)
    x = np.linspace(-1, 1, 400).reshape(200, 2)
    y = np.sin(3 * x[:, 0])
    with cluster() as client:
        failed = []

        def fit():
            try:
                ensemble.fit(x, y, scheduler=client, **run)
            except BaseException as e:
                failed.append(e)

        thread = threading.Thread(target=fit)
        thread.start()
        while not folder.exists() or len(results(folder)) < 2:
            time.sleep(0.01)
        for pid in client.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)
        written = results(folder)
        client.cluster.close()
        thread.join()
    assert 2 <= len(written) < 12 and failed, written
    times = {name: os.stat(folder / name).st_mtime_ns for name in results(folder)}
    with cluster() as client:
        there = ensemble.fit(x, y, scheduler=client, **run)
    assert {name: os.stat(folder / name).st_mtime_ns for name in times} == times
    del run["checkpoints"], run["pieces"]
    assert there.predict(x).members.tobytes() == ensemble.fit(x, y, **run).predict(x).members.tobytes()


def test_killed_workers_change_nothing(mortal):
    mortal.cluster.scheduler.allowed_failures = 100
    run = dict(members=16, widths=[64, 64], epochs=60, seed=1)
    done = threading.Event()

    def kill():
        while not done.wait(0.7):
            alive = [w.process.pid for w in mortal.cluster.workers.values() if w.status.name == "running" and w.process.is_alive()]
            if alive:
                os.kill(alive[0], signal.SIGKILL)
                return

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        there = ensemble.fit(X, Y, scheduler=mortal, pieces=16, **run)
    finally:
        done.set()
        killer.join()
    assert there.predict(X).members.tobytes() == ensemble.fit(X, Y, **run).predict(X).members.tobytes()


WITHOUT = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("dask", "distributed"): raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
import array_protocol.ensemble as ensemble
try:
    ensemble.fit([[1.0], [2.0]], [1.0, 2.0], members=1, epochs=1, scheduler="tcp://127.0.0.1:1")
except ImportError as e:
    print(e)
"""


def test_without_dask_it_is_said_what_to_install():
    said = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    assert "pip install" in said.stdout and "dask" in said.stdout, said.stderr


def test_arrays_of_ours_are_taken_too(client):
    there = ensemble.fit(xp.asarray(X), xp.asarray(Y), scheduler=client, **SMALL)
    assert everything(there) == everything(ensemble.fit(X, Y, **SMALL))
