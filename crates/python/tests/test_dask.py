"""Lazy arrays on Dask: the same bits as here, errors by name, and workers that die."""

import hashlib
import json
import os
import pickle
import random
import signal
import sys
import threading
import time
import warnings

import pytest

import array_protocol as ap
import array_protocol.chunked as xp
import array_protocol.ndarray as nd

np = pytest.importorskip("numpy")
dask = pytest.importorskip("dask", minversion="2026.8")
distributed = pytest.importorskip("distributed")

import dask.array as da  # noqa: E402
from dask.sizeof import sizeof  # noqa: E402
from dask.utils import key_split  # noqa: E402

from array_protocol import _dask, _eval_task  # noqa: E402
from on_dask import client, cluster, limit, mortal  # noqa: E402, F401

# Workers that are killed in one test; 20 in a long run.
KILLS = int(os.environ.get("ARRAY_PROTOCOL_KILLS", 5))


def bits(x):
    return x.dtype, x.shape, x.tobytes()


def expressions():
    space = xp.with_options(chunks=7)
    x = space.random.normal(space.random.key(3), shape=(40, 20))
    row = xp.mean(x, axis=0)
    centred = x - row
    square = x.T @ x
    steps = space.arange(13)
    held = xp.from_array(np.linspace(0, 1, 60).reshape(20, 3), chunks=(6, 2))
    u, s, vh = xp.linalg.svd(centred, full_matrices=False)
    q, r = xp.linalg.qr(x)
    return {
        "draw": x,
        "elementwise": xp.exp(centred) + 0.1,
        "std": xp.std(x, axis=1),
        "slice": xp.sqrt(xp.abs(x))[3:30, 5],
        "product": square,
        "left vectors": u,
        "singular values": s,
        "right vectors": vh,
        "q": q,
        "r": r,
        "solve": xp.linalg.solve(square, row),
        "inv": xp.linalg.inv(square),
        "det": xp.linalg.det(square),
        "sort": xp.sort(row),
        "argmax": xp.argmax(x, axis=0),
        "cumulative": xp.cumulative_sum(row, axis=0),
        "where": xp.where(x > 0, x, -1.5),
        "unknown extents": x[x > 0.5],
        "sum of unknown extents": xp.sum(xp.square(x[x > 0.5])),
        "unique": xp.unique_values(steps % 4),
        "rechunked": x.rechunk((40, 3)),
        "in memory": held * 2 + xp.sum(held),
        "transform": xp.fft.fft(xp.astype(centred, xp.complex128), axis=0),
        "complex": xp.astype(x, xp.complex64) * (1 - 2j),
        "truth": xp.any(x > 3, axis=0),
        "integers": xp.sum(steps**2),
        "narrow": xp.astype(x, xp.float32) / 3,
        "empty": xp.exp(x[:0]),
        "functions": x.map_blocks(np_free, name="np_free"),
    }


def np_free(block):
    return block * 2 + 1


# The same bits


@pytest.mark.parametrize("name", expressions())
def test_a_cluster_gives_the_bits_of_this_machine(client, name):
    x = expressions()[name]
    here = x.compute()
    assert dask.is_dask_collection(x)
    (there,) = dask.compute(x)
    assert (there.kind, bits(there)) == (here.kind, bits(here))
    assert bits(x.compute(scheduler=client)) == bits(here)


def test_arrays_are_computed_together(client):
    x, steps = expressions()["draw"], xp.arange(5)
    found = dask.compute({"mean": xp.mean(x), "steps": [steps]}, x)
    assert bits(found[0]["mean"]) == bits(xp.mean(x).compute()) and found[0]["steps"][0].tolist() == [0, 1, 2, 3, 4]
    assert bits(found[1]) == bits(x.compute())
    by_name = xp.compute(xp.mean(x), xp.std(x), scheduler=client)
    assert [bits(y) for y in by_name] == [bits(y) for y in xp.compute(xp.mean(x), xp.std(x))]


def test_an_address_is_a_scheduler(client):
    x = expressions()["std"]
    assert bits(x.compute(scheduler=client.scheduler.address)) == bits(x.compute())
    with pytest.raises(ValueError, match="workers"):
        x.compute(scheduler=client, memory="1 GiB")


def test_without_a_cluster_dask_runs_on_its_threads():
    x = expressions()["std"]
    for scheduler in ("threads", "sync"):
        assert bits(dask.compute(x, scheduler=scheduler)[0]) == bits(x.compute())


def test_futures_and_persisted_chunks(client, tmp_path):
    x = xp.from_fn(Counted(str(tmp_path)), (6, 2), chunks=(2, 2))
    future = client.compute(xp.sum(x))
    assert future.result().item() == 12 and len(os.listdir(tmp_path)) == 3
    kept = client.persist(x)
    assert kept.kind == "chunked" and kept.chunks == x.chunks
    distributed.wait(kept)
    made = len(os.listdir(tmp_path))
    assert float(dask.compute(xp.sum(kept * 2))[0]) == 24
    assert float(xp.sum(kept)) == 12 and kept.compute().shape == (6, 2)
    again = dask.persist(kept + 1)[0]
    assert float(xp.sum(again)) == 24
    assert len(os.listdir(tmp_path)) == made
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        client.persist(x[x > 0])


class Counted:
    """Ones; each call leaves a file."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, start, extents):
        open(os.path.join(self.folder, f"{os.getpid()}-{time.time_ns()}"), "w").close()
        return nd.ones(extents)


def test_the_same_object_may_become_another_array(client):
    x = xp.with_options(chunks=2).zeros(4)
    assert float(dask.compute(xp.sum(x))[0]) == 0 and dask.compute(x)[0].tolist() == [0, 0, 0, 0]
    x[0] = 5
    assert dask.compute(x)[0].tolist() == [5, 0, 0, 0]


# Arrays of Dask's


def test_arrays_of_dask_come_and_go_by_chunk(client):
    d = da.arange(24, chunks=5).reshape(6, 4).rechunk((4, 3)) * 1.5
    x = xp.from_dask_array(d)
    assert x.kind == "chunked" and x.chunks == ((4, 2), (3, 1)) and x.dtype is xp.float64
    expected = d.compute()
    assert (x + 1).compute().tolist() == (expected + 1).tolist()
    assert dask.compute(xp.sum(x, axis=0))[0].tolist() == expected.sum(axis=0).tolist()
    back = xp.exp(x).to_dask_array()
    assert isinstance(back, da.Array) and back.chunks == x.chunks and back.dtype == expected.dtype
    assert back.compute().tobytes() == xp.exp(x).compute().tobytes()
    assert (back.sum() + d.sum()).compute() == pytest.approx(np.exp(expected).sum() + expected.sum())
    unknown = x[x > 3].to_dask_array()
    assert np.isnan(unknown.shape[0]) and len(unknown.compute()) == (expected > 3).sum()
    for wrong, error, words in ((d[d > 3], ValueError, "compute_chunk_sizes"), (da.from_array(["a"]), TypeError, "data type")):
        with pytest.raises(error, match=words):
            xp.from_dask_array(wrong)


def test_nothing_is_computed_before_it_is_asked_for(tmp_path):
    x = xp.from_fn(Counted(str(tmp_path)), (6, 2), chunks=(2, 2))
    back = xp.from_dask_array((x + 1).to_dask_array() * 2)
    _ = dask.is_dask_collection(x), x.__dask_graph__(), x.__dask_keys__(), dask.base.tokenize(x), back.shape
    assert not os.listdir(tmp_path)
    assert not dask.is_dask_collection(nd.ones(3)) and not hasattr(nd.ones(3), "__dask_graph__")
    assert back.compute().tolist() == [[4, 4]] * 6 and len(os.listdir(tmp_path)) == 3


# Tasks


def descriptions(*arrays):
    graph, _ = _dask.lower(arrays)
    runs = _eval_task.eval_task, _eval_task.eval_picked
    return {key: task.args[0] for key, task in graph.items() if getattr(task, "func", None) in runs}


def test_tasks_are_fused_and_named_by_their_operations():
    space = xp.with_options(chunks=100)
    x = space.random.normal(space.random.key(1), shape=(1000,))
    found = descriptions(xp.sum(xp.exp(x * 2)))
    names = sorted(key_split(key) for key in found)
    # A draw, its functions and their part of the sum are one task for each chunk.
    assert names.count("normal+multiply+exp+sum") == 10 and len(names) < 15
    assert {key[0] for key in found if key_split(key) == names[0]} == {next(k[0] for k in found if key_split(k) == names[0])}
    assert found.keys() == descriptions(xp.sum(xp.exp(x * 2))).keys() != descriptions(xp.sum(xp.exp(x * 3))).keys()


def test_results_that_go_one_way_are_no_tasks_of_their_own():
    space = xp.with_options(chunks=100)
    x = space.random.normal(space.random.key(1), shape=(1000,))
    # Count, mean and spread of each chunk travel as one.
    assert not [key for key in _dask.lower((xp.std(x),))[0] if "-part-" in key[0]]
    # What is asked for is a task, and what goes two ways is one for each.
    q, r = xp.linalg.qr(space.random.normal(space.random.key(1), shape=(1000, 3)))
    assert [key for key in _dask.lower((q, r))[0] if "-part-" in key[0]]


def test_siblings_are_one_task_where_their_chunks_lie(client):
    space = xp.with_options(chunks=(100, 100))
    # Half of the chunks on each worker, as told: where a busy cluster puts them by itself is up to it.
    workers = sorted(client.scheduler_info(n_workers=-1)["workers"])
    drawn = [space.random.normal(space.random.key(seed), shape=(3200, 100)) for seed in (5, 6)]
    halves = [client.persist(half, workers=[worker]) for half, worker in zip(drawn, workers, strict=True)]
    distributed.wait(halves)
    y = xp.concat(halves, axis=0)
    x = xp.std(y - xp.mean(y, axis=0), axis=0)
    (fewer, _), (many, _) = _dask.lower((x,), client), _dask.lower((x,))
    assert len(fewer) - 64 < (len(many) - 64) / 2
    # No task takes chunks of two workers.
    lies = {key: held[0] for key, held in client.who_has(distributed.futures_of(halves)).items()}
    assert len(set(lies.values())) == 2
    for task in fewer.values():
        assert len({lies[key] for key in getattr(task, "dependencies", ()) if key in lies}) < 2
    assert bits(np.asarray(x.compute(scheduler=client))) == bits(np.asarray(x.compute()))
    assert bits(np.asarray(client.compute(x).result())) == bits(np.asarray(x.compute()))


def test_files_of_checkpoints_are_the_same_on_every_cluster(client, tmp_path):
    space = xp.with_options(chunks=(100, 100))
    x = xp.sum(space.random.normal(space.random.key(6), shape=(6400, 100)), axis=0).checkpoint(tmp_path / "sums")
    assert _dask.lower((x,), client)[0].keys() == _dask.lower((x,))[0].keys()


def test_equal_data_of_two_arrays_is_not_taken_for_the_same():
    one, other = (xp.from_array(np.full(4, v), chunks=2) for v in (1.0, 2.0))
    assert not set(_dask.keys_of(one)) & set(_dask.keys_of(other))


def test_many_tasks_are_warned_of():
    with pytest.warns(UserWarning, match="larger chunks"):
        space = xp.with_options(chunks=1)
        _dask.lower((space.random.normal(space.random.key(1), shape=(_dask.MANY + 1,)),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _dask.lower((xp.with_options(chunks=1).zeros(100),))


def test_chunks_stay_where_they_are():
    x = nd.random.normal(nd.random.key(1), shape=(300, 4))
    view = _eval_task.lent(x)
    assert not view.flags.writeable and view.tobytes() == x.tobytes()
    assert _eval_task.taken("ndarray", "cpu", view) is x
    for other in (view[1:], view.T, view.copy(), pickle.loads(pickle.dumps(view, protocol=5))):
        assert _eval_task.taken("ndarray", "cpu", other).tobytes() == other.tobytes()
    assert _eval_task.taken("ndarray", "cpu", np.float64(2)).shape == ()
    assert sizeof(view) >= 9600 and sizeof(x) >= 9600 and sizeof(xp.ones((300, 4))) < 1000


def test_a_task_runs_without_pythons_lock_on_one_thread(ticks):
    x = xp.with_options(chunks=-1).random.normal(xp.random.key(1), shape=(4_000_000,))
    (task,) = descriptions(xp.exp(xp.sin(x)) ** 0.3).values()
    before, wall, cpu = ticks[0], time.perf_counter(), time.process_time()
    assert ap.eval_task(task).shape == (4_000_000,)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert ticks[0] > before + 5
    assert cpu < 1.4 * wall


def rewritten(description, change):
    """A description whose body was changed, with a checksum that fits."""
    head, body = description.decode().split("\n", 1)
    mark, built, _ = head.split("\t")
    document = json.loads(body)
    change(document)
    body = json.dumps(document)
    return f"{mark}\t{built}\t{hashlib.sha256(body.encode()).hexdigest()}\n{body}".encode()


def one_task():
    x = xp.with_options(chunks=100).asarray(list(range(100)), dtype=xp.float64)
    (task,) = descriptions(xp.sum(xp.exp(x) * 2)).values()
    return task, np.arange(100.0)


def test_what_a_worker_lacks_is_named(client):
    task, chunk = one_task()
    assert ap.eval_task(task, chunk).item() == xp.sum(xp.exp(xp.asarray(chunk)) * 2).compute().item()

    def operation(document):
        document["steps"][0]["doing"]["program"]["lines"][0][0]["operation"] = "frobnicate"

    def kind(document):
        document["steps"][0]["space"] = document["chunks"][0] = {"Text": "quaternions"}

    for change, words in ((operation, "frobnicate"), (kind, "quaternions")):
        wrong = rewritten(task, change)
        with pytest.raises((NotImplementedError, ValueError), match=f"{words}.*install on the workers"):
            ap.eval_task(wrong, chunk)
        with pytest.raises((NotImplementedError, ValueError), match=words):
            client.submit(ap.eval_task, wrong, chunk).result()


def test_another_version_or_processor_is_named():
    task, chunk = one_task()
    for name, other in ((b"array-protocol ", b"array-protocol 9."), (b" on ", b" on another ")):
        with pytest.raises(ValueError, match="install the same array-protocol"):
            ap.eval_task(task.replace(name, other, 1) if name != b"array-protocol " else
                         task.replace(b"\t" + name, b"\t" + other, 1), chunk)


def test_a_panic_is_an_ordinary_exception(client):
    task, chunk = one_task()

    def axes(document):
        document["steps"][0]["doing"]["program"]["ending"]["reduced"]["axes"] = [9]

    with pytest.raises(RuntimeError, match="please report"):
        ap.eval_task(rewritten(task, axes), chunk)
    with pytest.raises(RuntimeError, match="please report"):
        client.submit(ap.eval_task, rewritten(task, axes), chunk).result()


def test_malformed_descriptions_are_exceptions():
    task, chunk = one_task()
    draw = random.Random(1)
    wrong = [b"", b"\n", bytes(range(256)), b"array-protocol task\t\t\n{}", task + b" ", task * 2]
    wrong += [task[: draw.randrange(len(task))] for _ in range(100)]
    for _ in range(300):
        changed = bytearray(task)
        changed[draw.randrange(len(task))] ^= 1 << draw.randrange(8)
        wrong.append(bytes(changed))
    wrong += [draw.randbytes(draw.randrange(1, 400)) for _ in range(100)]
    for description in wrong:
        with pytest.raises(ValueError, match="eval_task"):
            ap.eval_task(description, chunk)
    for other in (None, "text", bytearray(task), 5):
        with pytest.raises(TypeError, match="bytes"):
            ap.eval_task(other, chunk)
    for chunks in ((), (chunk, chunk)):
        with pytest.raises(ValueError, match="takes 1 chunks"):
            ap.eval_task(task, *chunks)
    for odd in ("text", None, object(), np.asarray(["a"])):
        with pytest.raises(TypeError, match="data type"):
            ap.eval_task(task, odd)


REPLACED = (None, True, -1, 0, 3, 1.5, "sum", "", [], [1], {}, {"input": 7}, {"step": [4, 4]}, ["x", 1])


def test_changed_descriptions_with_a_right_checksum_do_no_harm():
    """What could only be written on purpose: wrong parameters, places and types give a result or an ordinary exception."""
    x = xp.with_options(chunks=5).random.normal(xp.random.key(1), shape=(5, 5))
    tasks = [one_task()[0], *descriptions(xp.linalg.qr(x)[1], xp.std(x, axis=0), x[1:, ::2], xp.sort(x)).values()]
    draw, failed = random.Random(2), 0

    def change(document):
        node = document
        while True:
            places = list(node) if isinstance(node, dict) else range(len(node))
            if not places:
                return
            place = draw.choice(places)
            if not isinstance(node[place], (dict, list)) or not node[place] or draw.random() < 0.2:
                node[place] = draw.choice(REPLACED)
                return
            node = node[place]

    for _ in range(1000):
        description = rewritten(draw.choice(tasks), change)
        try:
            ap.eval_task(description, *([np.ones((5, 5))] * draw.randrange(3)))
        except Exception:
            failed += 1
    assert failed > 500


# What goes wrong


def test_an_error_in_one_chunk_says_where(client):
    matrices = np.stack([np.eye(2)] * 4)
    matrices[2] *= -1
    x = xp.from_array(matrices, chunks=(1, 2, 2))
    with pytest.raises(Exception, match="cholesky") as here:
        xp.linalg.cholesky(x).compute()
    with pytest.raises(type(here.value), match="cholesky"):
        dask.compute(xp.linalg.cholesky(x))
    with pytest.raises(Own, match="instrument"):
        dask.compute(xp.sum(xp.from_fn(failing, 8, chunks=2)))
    for function, error, words in [
        (lambda start, extents: nd.ones(1), ValueError, r"shape \(1,\) for a chunk of shape \(2,\)"),
        (lambda start, extents: nd.ones(2, dtype=nd.float32), TypeError, "float32"),
        (lambda start, extents: [1.0, 2.0], TypeError, "no array"),
    ]:
        with pytest.raises(error, match=words):
            dask.compute(xp.from_fn(function, 8, chunks=2, name="function"))


class Own(Exception):
    pass


def test_what_failed_is_run_again_at_once(client, tmp_path):
    off = tmp_path / "off"

    def measured(block):
        # Chunks fail one after the other, the later ones when the client knows of the first.
        time.sleep(float(block[0]) / 200)
        if off.exists():
            raise Own("the instrument was off")
        return block

    x = xp.from_array(np.arange(8.0), chunks=1).map_blocks(measured)
    total = xp.sum(xp.exp(x))
    off.touch()
    with pytest.raises(Own):
        total.compute(scheduler=client)
    off.unlink()
    right = bits(total.compute())
    for attempt in range(3):
        off.touch()
        # Also what shares tasks with it, and what is written.
        for run in (lambda: total.compute(scheduler=client), lambda: xp.mean(x).compute(scheduler=client),
                    lambda: x.store(tmp_path / f"{attempt}.npy", scheduler=client)):
            with pytest.raises(Own):
                run()
        off.unlink()
        assert bits(total.compute(scheduler=client)) == right
        x.store(tmp_path / f"{attempt}.npy", scheduler=client)
        assert np.load(tmp_path / f"{attempt}.npy").tolist() == list(range(8))


def failing(start, extents):
    if start == (4,):
        raise Own("the instrument was off")
    return nd.ones(extents)


def slow(block):
    time.sleep(0.01)
    return block * 1.5


def test_killed_workers_change_nothing(mortal):
    space = xp.with_options(chunks=100)
    x = space.random.normal(space.random.key(9), shape=(20_000,)).map_blocks(slow)
    y, z = xp.std(x - xp.mean(x)), xp.sum(xp.exp(x) / 7)
    assert len(_dask.lower((y, z))[0]) > 400
    here = [bits(v) for v in xp.compute(y, z)]
    draw, killed, done = random.Random(4), [], threading.Event()
    workers = mortal.cluster.workers.values()

    def kill():
        while len(killed) < KILLS and not done.wait(0.2 + draw.random()):
            # A worker that dies while it starts is not started again.
            alive = [w.process.pid for w in workers if w.status.name == "running" and w.process.is_alive()]
            if alive:
                killed.append(draw.choice(alive))
                os.kill(killed[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    # Several tasks may be on their way to a worker whenever it dies.
    mortal.cluster.scheduler.allowed_failures = 100
    killer.start()
    try:
        while len(killed) < KILLS:
            assert [bits(v) for v in xp.compute(y, z, scheduler=mortal)] == here
    finally:
        done.set()
        killer.join()
    assert len(killed) == KILLS


def test_a_task_that_always_kills_is_named(mortal):
    with pytest.raises(distributed.KilledWorker, match="deadly"):
        dask.compute(xp.sum(xp.from_fn(deadly, 4, chunks=4, name="deadly")))


def deadly(start, extents):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_a_paused_worker_only_takes_time(client):
    x = xp.with_options(chunks=100).random.normal(xp.random.key(9), shape=(4_000,)).map_blocks(slow)
    y = xp.std(x)
    here = bits(y.compute())
    pid = next(iter(client.run(os.getpid).values()))
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(3, os.kill, (pid, signal.SIGCONT))
    timer.start()
    try:
        assert bits(y.compute(scheduler=client)) == here
    finally:
        timer.join()


# Checkpoints


def npy(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith(".npy"))


def counted_sum(folder, files, factor=1.0):
    x = xp.from_fn(Counted(str(folder)), (40, 2), chunks=(2, 2)).map_blocks(slow)
    return xp.sum((x * factor).checkpoint(files), axis=0)


def test_a_run_goes_on_after_its_scheduler_died(tmp_path):
    calls, files = tmp_path / "calls", tmp_path / "files"
    calls.mkdir()
    with cluster() as client:
        future = client.compute(counted_sum(calls, files))
        while not files.exists() or len(npy(files)) < 5:
            time.sleep(0.01)
        pids = client.run(os.getpid).values()
        # Workers do not get to say goodbye, and then there is no scheduler.
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        del future
    written, made = npy(files), len(os.listdir(calls))
    assert 5 <= len(written) < 20
    with cluster() as client:
        found = counted_sum(calls, files).compute(scheduler=client)
        assert found.tolist() == [60, 60]
        # What was written was not made again, nor is anything now.
        assert len(os.listdir(calls)) <= made + 20 - len(written) and set(written) <= set(npy(files))
        made = len(os.listdir(calls))
        assert bits(dask.compute(counted_sum(calls, files))[0]) == bits(found)
        assert len(os.listdir(calls)) == made and len(npy(files)) == 20


def test_checkpoints_of_other_arrays_are_refused(client, tmp_path):
    held = np.arange(12.0)

    def total(values, factor):
        return xp.sum((xp.from_array(values, chunks=3) * factor).checkpoint(tmp_path / "files"))

    assert total(held, 2).compute(scheduler=client).item() == 132
    # Equal elements are the same data, wherever they are.
    assert total(held.copy(), 2).compute(scheduler=client).item() == 132
    assert len(npy(tmp_path / "files")) == 4
    for values, factor in ((held, 3), (held + 1, 2)):
        with pytest.raises(ValueError, match="another array"):
            total(values, factor).compute(scheduler=client)
    with pytest.raises(NotImplementedError, match="scheduler"):
        total(held, 2).compute()


def test_a_chunk_is_in_its_file_whole_or_not_at_all(client, tmp_path, monkeypatch):
    from array_protocol import _checkpoint

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="No space"):
        _checkpoint.written(str(tmp_path / "files" / "0.npy"), np.ones(3))
    assert os.listdir(tmp_path / "files") == []
    monkeypatch.undo()
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        xp.ones(3).checkpoint(tmp_path / "file").compute(scheduler=client)
