"""What a namespace is made of, and that its objects behave as Python's do."""

import copy
import importlib
import inspect
import math
import pickle

import pytest

import array_protocol
import array_protocol.ndarray as xp
from array_protocol import _native


def test_functions_come_from_rows_with_their_signatures_and_words():
    assert str(inspect.signature(xp.sum)) == "(x, /, *, axis=None, keepdims=False, dtype=None)"
    assert str(inspect.signature(xp.reshape)) == "(x, /, shape, *, copy=None)"
    assert xp.sum.__doc__.startswith("Sum.")
    assert xp.linalg.cholesky.__module__ == "array_protocol.ndarray.linalg"
    assert not hasattr(xp, "cholesky")


@pytest.mark.parametrize(
    "error, call",
    [
        (TypeError, lambda: xp.sin(xp.asarray(1))),
        (TypeError, lambda: xp.asarray([1]) + 0.5),
        (TypeError, lambda: xp.sum(xp.ones(3), axes=0)),
        (TypeError, lambda: xp.sum(xp.ones(3), 0)),
        (TypeError, lambda: xp.add([1], xp.ones(1))),
        (ValueError, lambda: xp.ones(3) + xp.ones(2)),
        (ValueError, lambda: xp.reshape(xp.ones(3), (2, 2))),
        (ValueError, lambda: xp.asarray([[1], [2, 3]])),
        (ValueError, lambda: xp.zeros(2, device="cuda:0")),
        (IndexError, lambda: xp.ones(3)[3]),
        (IndexError, lambda: xp.sum(xp.ones(3), axis=1)),
        (ValueError, lambda: xp.sum(xp.ones(3), axis=1)),
        (IndexError, lambda: xp.ones(3)[xp.asarray([5])]),
        (OverflowError, lambda: xp.asarray(300, dtype=xp.uint8)),
        (OverflowError, lambda: int(xp.asarray(math.inf))),
    ],
)
def test_errors_have_the_standards_types(error, call):
    with pytest.raises(error):
        call()


def test_a_failed_assignment_leaves_the_array_as_it_was():
    x = xp.asarray([1, 2, 3])
    for value, error in [(xp.ones(2, dtype=xp.int64), ValueError), (0.5, TypeError)]:
        with pytest.raises(error):
            x[:] = value
        assert x.tolist() == [1, 2, 3]
    with pytest.raises(TypeError):
        x += 0.5
    assert x.tolist() == [1, 2, 3]


def test_arrays_are_values():
    x = xp.asarray([1, 2, 3])
    y, z = x, x[:]
    x[0] = 10
    x += 1
    assert x is y and x.tolist() == [11, 3, 4]
    assert z.tolist() == [1, 2, 3]
    x += x
    assert x.tolist() == [22, 6, 8]


def test_dtypes_are_hashable_and_the_only_ones_of_their_name():
    assert {xp.float64: 1}[xp.ones(1).dtype] == 1
    assert xp.float64 is xp.ones(1).dtype and xp.float64 != xp.float32 and xp.float64 != "float64"
    assert pickle.loads(pickle.dumps(xp.int8)) is xp.int8


@pytest.mark.parametrize("dtype", [getattr(xp, name) for name in xp.__array_namespace_info__().dtypes()])
def test_pickles_and_copies_are_the_same_array(dtype):
    x = xp.asarray([[0, 1], [1, 1]], dtype=dtype)[:, ::-1]
    for y in (pickle.loads(pickle.dumps(x)), copy.copy(x), copy.deepcopy(x)):
        assert y.dtype is dtype and y.shape == x.shape and bool(xp.all(x == y))


def test_functions_pickle():
    assert pickle.loads(pickle.dumps(xp.sum)) is xp.sum


def test_numbers():
    assert (bool(xp.asarray(1)), int(xp.asarray(2.9)), float(xp.asarray(1)), complex(xp.asarray(1j))) == (True, 2, 1, 1j)
    assert [10, 20, 30][xp.asarray(1)] == 20
    for f in (float, int):
        with pytest.raises(TypeError):
            f(xp.asarray(1j))
    with pytest.raises(TypeError):
        bool(xp.ones(1))


def test_repr_is_numpys():
    assert repr(xp.asarray([[1, 20], [3, 4]])) == "array([[ 1, 20],\n       [ 3,  4]])"
    assert repr(xp.asarray([True, False])) == "array([ True, False])"
    assert repr(xp.asarray([1], dtype=xp.int8)) == "array([1], dtype=int8)"
    assert repr(xp.zeros(0)) == "array([], dtype=float64)"
    assert repr(xp.zeros((0, 2))) == "array([], shape=(0, 2), dtype=float64)"


def test_versions():
    x = xp.ones(1)
    assert x.__array_namespace__() is xp and x.__array_namespace__(api_version="2025.12") is xp
    with pytest.raises(ValueError):
        x.__array_namespace__(api_version="1999.01")
    assert array_protocol.Array is type(x)


@pytest.mark.skipif("torch" in _native.data_kinds(), reason="array_protocol.torch: the package was built with libtorch")
def test_without_libtorch_its_namespace_says_how_to_get_it():
    with pytest.raises(ImportError, match="--features torch"):
        importlib.import_module("array_protocol.torch")
    with pytest.raises(AttributeError, match="--features torch"):
        _ = array_protocol.torch
