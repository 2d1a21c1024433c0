"""NEP 18 and NEP 13: NumPy's functions on our arrays."""

import numpy as np
import pytest

import array_protocol.ndarray as xp

X = [[4.0, 1.0, 3.0], [2.0, 6.0, 5.0]]

CALLS = {
    "sum": lambda x: np.sum(x),
    "sum over an axis": lambda x: np.sum(x, 1, keepdims=True),
    "sum as a type": lambda x: np.sum(x, dtype=np.float32),
    "mean": lambda x: np.mean(x, axis=0),
    "var": lambda x: np.var(x, axis=1, ddof=1),
    "std": lambda x: np.std(x),
    "amax": lambda x: np.max(x, axis=(0, 1)),
    "argmax": lambda x: np.argmax(x, axis=1),
    "sort": lambda x: np.sort(x, axis=0),
    "argsort": lambda x: np.argsort(x),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "concatenate": lambda x: np.concatenate([x, x], axis=1),
    "stack": lambda x: np.stack((x, x), axis=-1),
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "transpose": lambda x: np.transpose(x),
    "transpose by axes": lambda x: np.transpose(x, (1, 0)),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "squeeze": lambda x: np.squeeze(np.expand_dims(x, 1), 1),
    "flip": lambda x: np.flip(x, axis=0),
    "roll": lambda x: np.roll(x, 1, axis=1),
    "tile": lambda x: np.tile(x, (2, 1)),
    "repeat": lambda x: np.repeat(x, 2, axis=0),
    "where": lambda x: np.where(x > 2, x, -x),
    "clip": lambda x: np.clip(x, 2, 4),
    "take_along_axis": lambda x: np.take_along_axis(x, np.argsort(x, axis=1), 1),
    "tensordot": lambda x: np.tensordot(x, x, axes=2),
    "tril": lambda x: np.tril(x, k=1),
    "zeros_like": lambda x: np.zeros_like(x),
    "count_nonzero": lambda x: np.count_nonzero(x),
    "any": lambda x: np.any(x > 5, axis=1),
    "diff": lambda x: np.diff(x, axis=0),
    "inverse": lambda x: np.linalg.inv(x @ np.transpose(x)),
    "solve": lambda x: np.linalg.solve(x @ np.transpose(x), x),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 2, 3)),
    # ufuncs
    "add": lambda x: np.add(x, x),
    "add a number": lambda x: np.add(x, 1),
    "a number of NumPy's": lambda x: np.float32(2) * x,
    "exp": lambda x: np.exp(x),
    "arctan2": lambda x: np.arctan2(x, 2.0),
    "power": lambda x: np.power(x, 2),
    "absolute": lambda x: np.abs(-x),
    "add.reduce": lambda x: np.add.reduce(x),
    "multiply.reduce": lambda x: np.multiply.reduce(x, axis=1, keepdims=True),
    "add.accumulate": lambda x: np.add.accumulate(x),
    "subtract.outer": lambda x: np.subtract.outer(x, x),
    "matmul": lambda x: np.matmul(x, np.transpose(x)),
}


@pytest.mark.parametrize("name", CALLS)
def test_numpys_function_returns_our_array(name):
    got, want = CALLS[name](xp.asarray(X)), CALLS[name](np.asarray(X))
    assert type(got) is xp.Array
    np.testing.assert_allclose(np.asarray(got), want, rtol=1e-12)


def test_results_in_a_given_array():
    x, out = xp.asarray([1.0, 2.0]), xp.zeros(2)
    assert np.multiply(x, 3, out=out) is out
    assert out.tolist() == [3, 6]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.add(x, np.ones(3)),
        lambda x: x + np.ones(3),
        lambda x: np.ones(3) + x,
        lambda x: np.concatenate([x, np.ones((1, 3))]),
        lambda x: np.add(x, 1, where=np.ones(3, dtype=bool)),
        lambda x: np.add(x, 1, out=np.ones((2, 3))),
        lambda x: np.add.at(x, [0], 1),
        lambda x: np.sort(x, kind="heapsort", order="f"),
        lambda x: np.unwrap(x),
        lambda x: np.frexp(x),
    ],
)
def test_what_is_not_ours_is_numpys_type_error(call):
    with pytest.raises(TypeError):
        call(xp.asarray(X))
