"""Indexing against nested lists and against NumPy."""

import numpy as np
import pytest

import array_protocol.ndarray as xp

VALUES = np.arange(24).reshape(2, 3, 4)
ROWS, COLUMNS = np.asarray([1, 0, -1]), np.asarray([[0], [2]])
MASK = VALUES[0] % 2 == 0

KEYS = [
    0,
    (1, 2, 3),
    (slice(None), -1),
    (..., slice(3, None, -2)),
    (None, 1, ..., None),
    (slice(5, 1),),
    ROWS,
    (slice(None), COLUMNS),
    (ROWS, ROWS),
    (ROWS, slice(None), ROWS),
    (slice(None), ROWS, COLUMNS),
    (0, slice(None), ROWS),
    (ROWS, None, slice(1, 3)),
    (..., ROWS),
    VALUES > 5,
    (0, MASK),
    (slice(None), MASK),
    VALUES < 0,
    np.asarray([], dtype=np.int64),
]


def ours(key):
    if isinstance(key, tuple):
        return tuple(ours(k) for k in key)
    return xp.asarray(key) if isinstance(key, np.ndarray) else key


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_reading(key):
    want, got = VALUES[key], xp.asarray(VALUES)[ours(key)]
    assert got.shape == want.shape and got.tolist() == want.tolist()


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("whole", [False, True])
def test_writing(key, whole):
    want, got = VALUES.copy(), xp.asarray(VALUES)
    if whole:
        value = -1 - np.arange(want[key].size).reshape(want[key].shape)
        # Where a key names an element twice, the last value stays.
        want[key], got[ours(key)] = value, xp.asarray(value)
    else:
        want[key], got[ours(key)] = -7, -7
    assert got.tolist() == want.tolist()


def test_masks_without_axes():
    x = xp.asarray(5)
    assert x[xp.asarray(True)].tolist() == [5] and x[xp.asarray(False)].tolist() == []
    x[xp.asarray(True)] = 6
    assert int(x) == 6
    assert xp.ones((2, 3))[xp.asarray(True)].shape == (1, 2, 3)


@pytest.mark.parametrize("key", [2, (0, 0, 0, 0), (..., ...), xp.ones(2), xp.asarray([True]), 0.5, "a", True])
def test_what_is_no_index(key):
    with pytest.raises(IndexError):
        xp.asarray(VALUES)[key]
