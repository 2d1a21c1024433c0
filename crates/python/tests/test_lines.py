"""Errors of a lazy array's tasks name the line of the user's that built it."""

import inspect
import re

import pytest

import array_protocol as ap
import array_protocol.chunked as xp
import array_protocol.ndarray as nd

np = pytest.importorskip("numpy")


def line():
    """The number of the line that calls."""
    return inspect.currentframe().f_back.f_lineno


def told(compute):
    """Function, file and line that an error names."""
    with pytest.raises(Exception) as caught:
        compute()
    words = [str(caught.value), *getattr(caught.value, "__notes__", [])]
    found = re.search(r"built by (\S+) \((.*):(\d+)\)", " ".join(words))
    assert found, words
    assert found[2] == __file__
    return found[1].rpartition(".")[2], int(found[3])


@pytest.fixture
def x():
    return xp.from_array(np.asarray([1.0, 2.0, 0.0]), chunks=1)


def singular():
    """A matrix that `inv` refuses when it is computed."""
    return xp.from_array(np.zeros((4, 4)), chunks=4)


def refusing(block):
    raise LookupError("no")


def test_a_function_names_the_line_that_called_it():
    m, here = singular(), line(); y = xp.linalg.inv(m)  # noqa: E702
    assert told(y.compute) == ("test_a_function_names_the_line_that_called_it", here)


def test_functions_written_in_the_package_are_not_the_users(x):
    here = line() + 1
    y = x.map_blocks(refusing)
    assert told(y.compute) == ("test_functions_written_in_the_package_are_not_the_users", here)
    here = line() + 1
    y = xp.map_blocks(
        refusing,
        x,
    )
    assert here <= told(y.compute)[1] <= here + 3


def test_what_comes_after_does_not_change_it(x):
    def broken():
        return xp.map_blocks(refusing, x), line()

    y, here = broken()
    y = xp.sum(y + 1) * 2
    assert told(y.compute) == ("broken", here)


def test_indices_name_theirs(x):
    places = xp.from_array(np.asarray([0, 9]), chunks=1)
    here = line() + 1
    y = x[places]
    assert told(y.compute) == ("test_indices_name_theirs", here)


def test_operators_name_theirs():
    column = xp.from_array(nd.ones((1 << 20, 1)), chunks=1 << 20)
    row = column.mT
    here = line() + 1
    y = column * row
    # One chunk of 8 TiB, and a limit, so that nothing is refused before it is made.
    assert told(lambda: y.persist(memory="1 GiB")) == ("test_operators_name_theirs", here)


def test_the_line_is_named_through_grad():
    lines = []

    def loss(m):
        lines.append(line() + 1)
        inverse = xp.linalg.inv(m)
        return xp.sum(inverse * 2)

    y = ap.grad(loss)(singular())
    assert told(y.compute) == ("loss", lines[0])


def test_the_line_is_named_through_vmap():
    m = xp.from_array(np.zeros((3, 4, 4)), chunks=(1, 4, 4))

    def inverse(m):
        lines.append(line()); return xp.linalg.inv(m)  # noqa: E702

    lines = []
    y = ap.vmap(inverse)(m)
    assert told(y.compute) == ("inverse", lines[0])


def test_other_threads_name_their_own(x):
    import threading

    found = []

    def build():
        found.append((xp.map_blocks(refusing, x), line()))

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for y, here in found:
        assert told(y.compute) == ("build", here)


def test_lines_hold_no_variables(x):
    import gc
    import weakref

    class Large:
        pass

    def build():
        large = Large()
        found.append(weakref.ref(large))
        return xp.map_blocks(refusing, x)

    found = []
    y = build()
    gc.collect()
    assert found[0]() is None
    assert told(y.compute)[0] == "build"
