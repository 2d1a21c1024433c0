"""Every public function of NumPy's that has a row: `np.f(ours)` comes to us, and is what `np.f` of NumPy's array is."""

import numpy as np
import pytest

import array_protocol.ndarray as xp
from array_protocol import _numpy

TABLE = _numpy.table()

A = np.asarray([[4.0, 1.0, 3.0], [2.0, 6.0, 5.0]])
POSITIVE = np.asarray([0.25, 0.5, 0.75])
SQUARE = np.asarray([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])
WITH_NAN = np.asarray([[1.0, np.nan, 3.0], [4.0, 5.0, np.nan]])
INTEGERS, OTHER = np.asarray([6, 3, 5, 3]), np.asarray([2, 1, 3, 1])
TRUTH = np.asarray([True, False, True, True])
COMPLEX = np.asarray([1 + 2j, -3.5j, 0.25])
SIGNAL = np.asarray([1.0, 2.0, 4.0, 7.0, 0.0])
POINTS = np.asarray([0.0, 1.0, 3.0])
BLOCK = np.arange(24.0).reshape(2, 3, 4)
STACKED = np.stack([SQUARE, SQUARE + np.eye(3)])

# What each is called with. NumPy's arrays are ours in the second call.
CALLS = {
    **dict.fromkeys(
        "acos arccos acosh arccosh asin arcsin asinh arcsinh atan arctan atanh arctanh cos cosh sin sinh tan tanh exp "
        "expm1 log log10 log1p log2 sqrt square reciprocal sign signbit positive negative abs absolute ceil floor trunc "
        "isfinite isinf isnan round around fix".split(),
        [(POSITIVE,), (-POSITIVE,)],
    ),
    **dict.fromkeys(["acosh", "arccosh"], [(POSITIVE + 1,)]),
    **dict.fromkeys(["log", "log10", "log2", "sqrt"], [(POSITIVE,)]),
    **dict.fromkeys(
        "add subtract multiply divide true_divide floor_divide remainder mod pow power atan2 arctan2 hypot copysign "
        "nextafter logaddexp maximum minimum equal not_equal less less_equal greater greater_equal".split(),
        [(POSITIVE, POSITIVE[::-1]), (POSITIVE, 2.0)],
    ),
    **dict.fromkeys("bitwise_and bitwise_or bitwise_xor bitwise_left_shift left_shift bitwise_right_shift right_shift".split(),
                    [(INTEGERS, OTHER), (INTEGERS, 1)]),
    **dict.fromkeys(["bitwise_invert", "bitwise_not", "invert"], [(INTEGERS,), (TRUTH,)]),
    **dict.fromkeys(["logical_and", "logical_or", "logical_xor"], [(TRUTH, TRUTH[::-1])]),
    "logical_not": [(TRUTH,)],
    **dict.fromkeys(["conj", "conjugate", "real", "imag"], [(COMPLEX,)]),
    **dict.fromkeys("sum prod mean max amax min amin std var median".split(), [(A,), (A, 1), (A, (0, 1))]),
    **dict.fromkeys("nansum nanmean nanmax nanmin nanstd nanvar".split(), [(WITH_NAN,), (WITH_NAN, 0)]),
    **dict.fromkeys(["all", "any"], [(TRUTH,), (A > 2, 0)]),
    **dict.fromkeys(["argmax", "argmin"], [(A,), (A, 1)]),
    **dict.fromkeys(["cumsum", "cumprod"], [(A, 1), (SIGNAL,)]),
    **dict.fromkeys(["cumulative_sum", "cumulative_prod"], [(SIGNAL,)]),
    **dict.fromkeys(["argsort", "sort"], [(A,), (A, 0)]),
    **dict.fromkeys(["concat", "concatenate", "stack"], [([A, A],), ([A, A], 1)]),
    **dict.fromkeys(["unique_all", "unique_counts", "unique_inverse", "unique_values"], [(INTEGERS,)]),
    **dict.fromkeys(["zeros_like", "ones_like"], [(A,)]),
    **dict.fromkeys(["tril", "triu"], [(A,), (A, 1)]),
    **dict.fromkeys(["transpose", "permute_dims"], [(BLOCK,), (BLOCK, (1, 2, 0))]),
    "allclose": [(A, A), (A, A + 1)],
    **dict.fromkeys(["atleast_1d", "atleast_2d", "atleast_3d"], [(np.asarray(2.0),), (POSITIVE,), (A, POSITIVE), (BLOCK,)]),
    "average": [(A,), (A, 1), (A, 1, POSITIVE), (INTEGERS, None, OTHER)],
    "column_stack": [([POSITIVE, POINTS],)],
    "convolve": [(SIGNAL, POSITIVE), (SIGNAL, POSITIVE, "same"), (SIGNAL, POSITIVE, "valid")],
    "copy": [(A,)],
    "gradient": [(SIGNAL,), (A,), (SIGNAL, 0.5), (A, 2.0, POINTS), (SIGNAL, SIGNAL + np.arange(5) ** 3)],
    "hstack": [([A, A],), ([POSITIVE, POINTS],)],
    **dict.fromkeys(["nanargmax", "nanargmin"], [(WITH_NAN,), (WITH_NAN, 1), (INTEGERS,)]),
    **dict.fromkeys(["nancumsum", "nancumprod"], [(WITH_NAN,), (WITH_NAN, 1)]),
    "nanmedian": [(WITH_NAN,), (WITH_NAN, 0), (WITH_NAN, (0, 1)), (INTEGERS,)],
    "nanprod": [(WITH_NAN,), (WITH_NAN, 0)],
    "ravel": [(BLOCK,)],
    "swapaxes": [(BLOCK, 0, -1)],
    "unique": [(INTEGERS,), (WITH_NAN,), (INTEGERS, True, True, True)],
    "vstack": [([POSITIVE, POINTS],), ([A, A],)],
    "astype": [(A, np.float32)],
    "bincount": [(INTEGERS,), (INTEGERS, None, 9)],
    "broadcast_arrays": [(A, POSITIVE)],
    "broadcast_to": [(POSITIVE, (2, 3))],
    "can_cast": [(A, np.float32)],
    "clip": [(A, 2, 4), (A, A - 1, A)],
    "count_nonzero": [(A,), (A, 0)],
    "cov": [(A,), (A, None, False), (SIGNAL,), (A, A[::-1]), (A, None, True, True)],
    "cross": [(A, A[::-1]), (SQUARE, SQUARE.T, 0, 0, 0)],
    "diagonal": [(A,), (BLOCK,), (BLOCK, 1, 1, 2)],
    "diff": [(A,), (A, 2), (SIGNAL, 1, 0)],
    "einsum": [("ij,kj->ik", A, A), ("ij->j", A)],
    "empty_like": [],
    "expand_dims": [(A, 1), (A, (0, 3))],
    "flip": [(A,), (A, 1)],
    "full_like": [(A, 7.0)],
    "histogram": [(A, POINTS)],
    "interp": [(POSITIVE, POINTS, POINTS**2)],
    "isclose": [(A, A + 1e-9)],
    "isin": [(INTEGERS, OTHER)],
    "kron": [(A, SQUARE)],
    "linspace": [(np.asarray(1.0), 2.0, 5)],
    "matmul": [(A, SQUARE)],
    "matrix_transpose": [(BLOCK,)],
    "meshgrid": [(POSITIVE, POINTS)],
    "moveaxis": [(BLOCK, 0, 2), (BLOCK, (0, 1), (1, 0))],
    "nonzero": [(A > 2,)],
    "outer": [(A, POSITIVE), (POSITIVE, 2.0), (3, POSITIVE)],
    "pad": [(A, 1), (A, ((1, 0), (0, 2))), (A, (1, 2), "edge"), (A, 1, "reflect"), (A, 1, "wrap")],
    "percentile": [(A, 30), (A, [10, 90], 1)],
    "quantile": [(A, 0.3), (A, [0.1, 0.9], 1)],
    "repeat": [(A, 2), (A, 3, 1), (A, [1, 2], 0)],
    "reshape": [(A, (3, 2)), (A, -1)],
    "result_type": [(A, np.float32)],
    "roll": [(A, 1), (A, 1, 1), (A, (1, 2), (0, 1))],
    "searchsorted": [(POINTS, POSITIVE), (POINTS, POSITIVE, "right")],
    "squeeze": [(A[None, :, None],), (A[None], 0)],
    "take": [(A, INTEGERS - 3), (A, [0, 1], 1), (A, 1, 0)],
    "take_along_axis": [(A, np.argsort(A, axis=1), 1)],
    "tensordot": [(A, A), (A, A, 0), (A, A, ((1,), (1,)))],
    "tile": [(A, 2), (A, (2, 1, 2))],
    "trace": [(SQUARE,), (BLOCK,), (BLOCK, 1, 1, 2)],
    "unstack": [(A,)],
    "vecdot": [(A, A)],
    "where": [(A > 2, A, -A), (A > 2,)],
    "lib.stride_tricks.sliding_window_view": [(SIGNAL, 3), (BLOCK, (2, 2), (0, 2))],
    **dict.fromkeys(["linalg.inv", "linalg.det", "linalg.slogdet", "linalg.cholesky"], [(SQUARE,), (STACKED,)]),
    **dict.fromkeys(["linalg.eigvalsh", "linalg.svdvals", "linalg.matrix_rank", "linalg.matrix_norm"],
                    [(SQUARE,), (STACKED,)]),
    **dict.fromkeys(["linalg.matmul", "linalg.solve"], [(SQUARE, SQUARE.T)]),
    **dict.fromkeys(["linalg.diagonal", "linalg.trace", "linalg.matrix_transpose"], [(BLOCK,)]),
    **dict.fromkeys(["linalg.eig", "linalg.eigvals", "linalg.eigh", "linalg.qr", "linalg.svd"], [(SQUARE,)]),
    "linalg.cross": [(A, A[::-1])],
    "linalg.matrix_power": [(SQUARE, 3), (SQUARE, -1)],
    "linalg.outer": [(POSITIVE, POINTS)],
    "linalg.pinv": [(A,)],
    "linalg.tensordot": [(A, A)],
    "linalg.vecdot": [(A, A)],
    "linalg.vector_norm": [(A,), (SIGNAL,)],
    **dict.fromkeys(["fft.fft", "fft.ifft", "fft.fftn", "fft.ifftn"], [(A,), (COMPLEX,)]),
    **dict.fromkeys(["fft.rfft", "fft.rfftn", "fft.ihfft"], [(SIGNAL,)]),
    **dict.fromkeys(["fft.irfft", "fft.irfftn", "fft.hfft"], [(SIGNAL + 0j,)]),
    **dict.fromkeys(["fft.fftshift", "fft.ifftshift"], [(SIGNAL,), (A, 1)]),
}

# Results whose signs or order are anybody's: what is compared is what they must satisfy.
REBUILT = {
    "linalg.eig": lambda values, vectors: vectors @ np.diag(values) @ np.linalg.inv(vectors),
    "linalg.eigh": lambda values, vectors: vectors @ np.diag(values) @ vectors.T,
    "linalg.qr": lambda q, r: q @ r,
    "linalg.svd": lambda u, s, v: u @ np.diag(s) @ v,
    # NumPy's order is that of a hash table.
    "unique_values": np.sort,
    "linalg.eigvals": lambda values: np.sort(np.real(values)),
}

# Functions whose answer is no array.
PLAIN = ("can_cast", "result_type")


def ours(value):
    if isinstance(value, list):
        return [ours(v) for v in value]
    return xp.asarray(value) if isinstance(value, np.ndarray) else value


def found(name):
    place = np
    for word in name.split("."):
        place = getattr(place, word)
    return place


def parts(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def test_the_table_is_the_one_that_is_tested():
    assert TABLE.keys() == CALLS.keys(), (TABLE.keys() ^ CALLS.keys())


@pytest.mark.parametrize("name", sorted(TABLE))
def test_numpys_function(name):
    if name == "empty_like":
        assert np.empty_like(xp.asarray(A)).shape == A.shape
    for args in CALLS[name]:
        want, got = found(name)(*args), found(name)(*map(ours, args))
        if name in PLAIN:
            assert str(got) == str(want)
            continue
        assert len(parts(got)) == len(parts(want))
        assert all(type(part) is xp.Array for part in parts(got)), args
        want, got = parts(want), tuple(np.asarray(part) for part in parts(got))
        if name in REBUILT:
            want, got = parts(REBUILT[name](*want)), parts(REBUILT[name](*got))
        for w, g in zip(want, got):
            np.testing.assert_allclose(g, w, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.put(x, [0], 1.0),
        lambda x: np.round(x, 2),
        lambda x: np.histogram(x, 3),
        lambda x: np.sum(x, where=np.ones((2, 3), bool)),
        lambda x: np.sum(x, initial=3.0),
        lambda x: np.mean(x, out=np.zeros(())),
        lambda x: np.mean(x, dtype=np.float32),
        lambda x: np.quantile(x, 0.5, method="middle"),
        lambda x: np.reshape(x, (3, 2), order="F"),
        lambda x: np.take(x, [9], mode="clip"),
        lambda x: np.linalg.svd(x, hermitian=True),
        lambda x: np.linspace(x, 2.0),
        lambda x: np.interp(x, x, x, left=0.0),
        lambda x: np.cov(x, fweights=[1, 2, 3]),
        lambda x: np.pad(x, 1, "linear_ramp"),
        lambda x: np.add(x, x, casting="unsafe", dtype=np.float32),
    ],
)
def test_what_a_function_of_ours_does_not_take_is_refused(call):
    with pytest.raises((TypeError, ValueError)):
        call(xp.asarray(A))
