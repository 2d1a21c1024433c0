"""What several tests need."""

import sys
import threading
import time

import pytest


@pytest.fixture
def ticks():
    """A list whose one number another thread counts up while the test's own thread has given up Python's lock.

    Python takes the lock from nobody here for seconds, so that a call that keeps it leaves the number as it was."""
    ticks, done, interval = [0], threading.Event(), sys.getswitchinterval()

    def tick():
        while not done.is_set():
            ticks[0] += 1
            time.sleep(1e-4)

    ticker = threading.Thread(target=tick)
    sys.setswitchinterval(5)
    ticker.start()
    yield ticks
    sys.setswitchinterval(interval)
    done.set()
    ticker.join()
