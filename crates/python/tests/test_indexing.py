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


def random_key(generator, shape):
    """Any mixture that fits: integers, slices, new axes, one ellipsis, positions that broadcast, masks."""
    together = tuple(generator.integers(1, 4, size=generator.integers(0, 3)))
    key, axes, used = [], list(shape), False
    while axes:
        what = generator.integers(0, 7)
        n = axes[0]
        if what == 0:
            key.append(int(generator.integers(-n, n)))
        elif what == 1:
            bounds = [None if generator.random() < 0.3 else int(b) for b in generator.integers(-n - 1, n + 2, size=2)]
            key.append(slice(*bounds, int(generator.choice([1, 2, -1, -2]))))
        elif what == 2:
            key.append(None)
            continue
        elif what == 3 and not used:
            key.append(...)
            used = True
            axes = axes[int(generator.integers(0, len(axes) + 1)) :]
            # What comes behind is counted from the last axis, so the rest must be indexed to its end.
            continue
        elif what == 4:
            extents = tuple(e if generator.random() < 0.7 else 1 for e in together)
            key.append(generator.integers(-n, n, size=extents))
        elif what == 5 and len(axes) >= 2 and not any(isinstance(k, np.ndarray) for k in key):
            mask = generator.random(tuple(axes[:2])) < 0.5
            if together and mask.sum() not in (1, together[-1]):
                continue
            key.append(mask)
            axes = axes[1:]
        else:
            if not used and generator.random() < 0.3:
                break
            key.append(slice(None))
        axes = axes[1:]
    return tuple(key)


@pytest.mark.parametrize("seed", range(300))
def test_any_mixture_is_numpys(seed):
    generator = np.random.default_rng(seed)
    values = generator.integers(0, 99, size=tuple(generator.integers(1, 5, size=generator.integers(1, 5))))
    key = random_key(generator, values.shape)
    try:
        want = values[key]
    except IndexError:
        with pytest.raises((IndexError, ValueError)):
            xp.asarray(values)[ours(key)]
        return
    got = xp.asarray(values)[ours(key)]
    assert got.shape == want.shape and got.tolist() == want.tolist(), key
    for value in (-1, -1 - np.arange(want.size).reshape(want.shape)):
        changed, x = values.copy(), xp.asarray(values)
        changed[key] = value
        x[ours(key)] = ours(value)
        assert x.tolist() == changed.tolist(), key


@pytest.mark.parametrize(
    "key, value, error",
    [
        (5, 1, IndexError),
        (slice(None, None, 0), 1, (IndexError, ValueError)),
        ((0, 0, 0), 1, IndexError),
        (0, 0.5, TypeError),
        (0, [1, 2], TypeError),
        (slice(None), np.asarray([1, 2]), ValueError),
        (np.asarray([0, 7]), 1, IndexError),
        ((slice(None), np.asarray([0, -4])), 1, IndexError),
        (np.asarray([0, 1]), np.asarray([[1, 2], [3, 4]]), ValueError),
        (np.asarray([True, False, True]), 1, IndexError),
        (np.asarray([True, False]), np.asarray([[1, 2, 3], [4, 5, 6]]), ValueError),
        (np.asarray([True, False]), 1.5, TypeError),
        (np.asarray([0.5]), 1, IndexError),
        ("a", 1, IndexError),
    ],
    ids=str,
)
def test_a_setting_that_fails_changes_nothing(key, value, error):
    values = np.asarray([[1, 2, 3], [4, 5, 6]])
    x = xp.asarray(values)
    address = np.asarray(x).ctypes.data
    for _ in range(2):
        with pytest.raises(error):
            x[ours(key)] = ours(value)
    assert x.dtype is xp.int64 and x.tolist() == values.tolist()
    assert np.asarray(x).ctypes.data == address


def test_setting_writes_into_the_only_handles_buffer():
    x = xp.zeros(1000)
    address = np.asarray(x).ctypes.data
    for key in (3, slice(1, 5), ..., (None, slice(None, None, -1))):
        x[key] = 1.0
        assert np.asarray(x).ctypes.data == address
    view = x[:]
    x[0] = 2.0
    assert np.asarray(x).ctypes.data != address and view[0] == 1.0
