"""NumPy's questions about our arrays, alone and beside its own; and what it understands of our data types."""

import numpy as np
import pytest

import array_protocol.ndarray as xp

A = np.asarray([[1.0, 2.0], [3.0, 4.0]])


def test_questions_are_answered_also_about_mixtures():
    x = xp.asarray(A)
    view = np.asarray(x)
    assert np.may_share_memory(view, x) and not np.shares_memory(A, x)
    assert np.array_equal(x, A) and not np.array_equal(A, x + 1)
    assert (np.shape(x), np.ndim(x), np.size(x), np.size(x, 1)) == ((2, 2), 2, 4, 2)
    assert not np.iscomplexobj(x) and np.isrealobj(x) and np.iscomplexobj(x * 1j)
    assert np.array_str(x) == np.array_str(A)


def test_equality_with_numpys_arrays_is_ours():
    x = xp.asarray(A)
    for got in (x == A, A == x, np.equal(A, x)):
        assert type(got) is xp.Array and bool(xp.all(got))
    assert not bool(xp.any(x != A))
    with pytest.raises(TypeError):
        x < A
    with pytest.raises(TypeError):
        x == np.asarray([["a", "b"]])


def test_weights_of_the_other_library():
    weights = np.asarray([0.25, 0.75])
    for a, w in ((A[0], xp.asarray(weights)), (xp.asarray(A[0]), weights)):
        assert np.average(a, weights=w) == np.average(A[0], weights=weights)
        assert np.dot(a, w) == A[0] @ weights
    assert type(np.average(xp.asarray(A), weights=xp.asarray(A))) is xp.Array


@pytest.mark.parametrize("dtype", [getattr(xp, name) for name in xp.__array_namespace_info__().dtypes()], ids=str)
def test_data_types_are_understood_both_ways(dtype):
    theirs = np.dtype(dtype)
    assert theirs.name == dtype.name and theirs.kind == dtype.kind and theirs.itemsize == dtype.itemsize
    assert np.zeros(1, dtype=dtype).dtype == theirs
    for asked in (theirs, theirs.type, dtype.name, dtype):
        assert xp.zeros(1, dtype=asked).dtype is dtype
        assert xp.asarray([1], dtype=asked).dtype is dtype
        assert xp.astype(xp.ones(1), asked).dtype is dtype
        assert xp.result_type(asked, dtype) is dtype


def test_pythons_numbers_are_data_types_too():
    wanted = {bool: xp.bool, int: xp.int64, float: xp.float64, complex: xp.complex128}
    assert {number: xp.ones(1, dtype=number).dtype for number in wanted} == wanted
    for wrong in ("float16", "object", np.float16, np.dtype("U3"), str, 3):
        with pytest.raises(TypeError):
            xp.zeros(1, dtype=wrong)


def test_numbers_are_written_and_divided_as_pythons():
    assert f"{xp.asarray(0.12345):.2f}" == "0.12" and f"{xp.asarray(3):d}" == "3"
    with pytest.raises(TypeError):
        f"{xp.ones(2):.2f}"
    x = xp.asarray([1, 2])
    for got in (x / 2, x / x, 1 / x, xp.divide(x, 4)):
        assert got.dtype is xp.float64
    assert (x / 2).tolist() == [0.5, 1.0]
    with pytest.raises(TypeError):
        x /= 2
    assert xp.logical_or(xp.asarray([0.0, 2.0]), xp.asarray([0, 0])).tolist() == [False, True]


def test_numpys_methods():
    x, want = xp.asarray(A), A
    calls = [
        lambda a: a.sum(), lambda a: a.sum(0), lambda a: a.mean(axis=1), lambda a: a.std(ddof=1), lambda a: a.var(0),
        lambda a: a.min(), lambda a: a.max(1), lambda a: a.argmax(), lambda a: (a > 2).any(), lambda a: (a > 2).all(0),
        lambda a: a.reshape(4), lambda a: a.reshape(1, -1), lambda a: a.reshape((4, 1)), lambda a: a.transpose(),
        lambda a: a.transpose(1, 0), lambda a: a.astype(np.float32), lambda a: a.ravel(), lambda a: a.flatten(),
        lambda a: a[None].squeeze(), lambda a: a.clip(2, 3), lambda a: a.cumsum(), lambda a: a.cumprod(1),
        lambda a: a.prod(), lambda a: a.conj(), lambda a: a.real, lambda a: a.imag, lambda a: a.round(),
        lambda a: a.dot(a), lambda a: a.repeat(2), lambda a: a.repeat(2, 0), lambda a: (a * 1j).imag,
    ]
    for call in calls:
        got, due = call(x), call(want)
        assert type(got) is xp.Array and got.shape == np.shape(due)
        np.testing.assert_allclose(np.asarray(got), due)
    for missing in ("nothing", "sort", "__array_interface__"):
        assert not hasattr(x, missing)
