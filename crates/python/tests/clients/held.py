"""Results on our arrays, held against NumPy's."""

import numpy as np

import array_protocol.ndarray as xp


def ours(value):
    """NumPy's arrays, alone or in tuples, as ours."""
    if isinstance(value, tuple):
        return tuple(ours(v) for v in value)
    return xp.asarray(value) if isinstance(value, np.ndarray) else value


def hold(got, want, rtol=1e-10, atol=1e-12):
    """`got` must be an array of ours (or several, or a number) with the values, shape and type of NumPy's `want`."""
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            hold(g, w, rtol, atol)
        return
    if isinstance(want, (bool, int, float, complex, str)):
        assert type(got) is type(want) or type(got) is xp.Array, type(got)
    else:
        want = np.asarray(want)
        assert type(got) is xp.Array, f"{type(got)} is not ours"
        assert got.shape == want.shape and str(got.dtype) == want.dtype.name
    np.testing.assert_allclose(np.asarray(got), want, rtol=rtol, atol=atol)
