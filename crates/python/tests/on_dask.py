"""Clusters for tests, and the limit of their time. Tests take these fixtures by importing them."""

import contextlib
import signal
import time

import pytest

pytest.importorskip("numpy")
pytest.importorskip("dask", minversion="2026.8")
distributed = pytest.importorskip("distributed")

LIMIT = 120


@pytest.fixture(autouse=True)
def limit():
    """No test waits without end."""

    def over(*_):
        raise TimeoutError(f"the test takes more than {LIMIT} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def cluster():
    options = dict(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def client():
    with cluster() as client:
        yield client


@pytest.fixture
def mortal():
    """A client of a cluster whose workers may die."""
    with cluster() as client:
        yield client


def eventually(holds, seconds=20):
    """Waits for what workers do after the client has had its answer."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it does not hold after {seconds} s"
        time.sleep(0.01)
