"""Workers that reach each other by a network only: each in a network namespace of its own, whose link may break."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

import array_protocol.chunked as xp
from array_protocol import ensemble

from on_dask import distributed, limit  # noqa: F401

import dask  # noqa: E402

np = pytest.importorskip("numpy")

# Of the block for documentation, which no network has.
HOST, NAMES = "198.51.100.1", ("198.51.100.2", "198.51.100.3")


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def namespaces():
    """The names of two network namespaces on one bridge with this machine."""
    tag = f"ap{os.getpid() % 100_000}"
    bridge, spaces = f"{tag}b", [f"{tag}-{i}" for i in range(len(NAMES))]
    try:
        ip("link", "add", bridge, "type", "bridge")
        ip("addr", "add", f"{HOST}/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        for i, (space, address) in enumerate(zip(spaces, NAMES, strict=True)):
            ip("netns", "add", space)
            ip("link", "add", f"{tag}v{i}", "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", f"{tag}v{i}", "master", bridge, "up")
            ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")
            ip("-n", space, "link", "set", "lo", "up")
        yield spaces
    finally:
        for space in spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True)
        subprocess.run(["ip", "link", "del", bridge], capture_output=True)


@pytest.fixture(scope="module")
def apart():
    """A client, and the namespaces of its two workers."""
    if shutil.which("ip") is None:
        pytest.skip("workers in network namespaces: there is no program `ip`")
    with contextlib.ExitStack() as stack:
        try:
            spaces = stack.enter_context(namespaces())
        except subprocess.CalledProcessError as e:
            pytest.skip(f"workers in network namespaces: {e.stderr.decode().strip()}")
        stack.enter_context(dask.config.set({"distributed.scheduler.worker-ttl": "4s", "distributed.comm.timeouts.tcp": "15s"}))
        cluster = stack.enter_context(
            distributed.LocalCluster(n_workers=0, host=HOST, protocol="tcp", dashboard_address=None, processes=False)
        )
        client = stack.enter_context(distributed.Client(cluster))
        for space in spaces:
            worker = ["ip", "netns", "exec", space, sys.executable, "-m", "dask", "worker", cluster.scheduler_address,
                      "--nthreads", "1", "--no-dashboard", "--no-nanny"]
            # What a worker waits for from one that is gone.
            limits = {f"DASK_DISTRIBUTED__COMM__TIMEOUTS__{what}": time for what, time in (("TCP", "15s"), ("CONNECT", "4s"))}
            process = subprocess.Popen(worker, env={**os.environ, **limits}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
        client.wait_for_workers(2, timeout=60)
        yield client, spaces


def bits(x):
    return x.dtype, x.shape, x.tobytes()


def test_workers_apart_give_the_bits_of_this_machine(apart):
    client, _ = apart
    hosts = {address.rsplit(":", 1)[0] for address in client.scheduler_info(n_workers=-1)["workers"]}
    assert hosts == {f"tcp://{name}" for name in NAMES}
    space = xp.with_options(chunks=(40, 20))
    x = space.random.normal(space.random.key(3), shape=(400, 20))
    u, s, _ = xp.linalg.svd(x - xp.mean(x, axis=0), full_matrices=False)
    for y in (u, s, x.T @ x, xp.std(x, axis=1)):
        assert bits(y.compute(scheduler=client)) == bits(y.compute())
    data, options = (np.linspace(-1, 1, 20).reshape(10, 2), np.arange(10.0)), dict(members=4, epochs=20, seed=1)
    there = ensemble.fit(*data, scheduler=client, **options)
    assert there.predict(data[0]).members.tobytes() == ensemble.fit(*data, **options).predict(data[0]).members.tobytes()


def test_a_worker_whose_link_breaks_is_done_without(apart):
    client, spaces = apart
    # Programs of their own do not import this file; a function inside of another is sent whole.
    def slow(block):
        time.sleep(0.02)
        return block * 1.5

    x = xp.with_options(chunks=100).random.normal(xp.random.key(9), shape=(20_000,)).map_blocks(slow)
    y = xp.std(x - xp.mean(x))
    here = bits(y.compute())
    cut = threading.Timer(0.8, ip, ("-n", spaces[0], "link", "set", "eth0", "down"))
    cut.start()
    try:
        assert bits(y.compute(scheduler=client)) == here
    finally:
        cut.join()
    assert len(client.scheduler_info(n_workers=-1)["workers"]) == 1
