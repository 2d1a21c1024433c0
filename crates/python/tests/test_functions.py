"""Functions whose signatures or shapes are not plain: what the standard says of each."""

import cmath
import math

import pytest

import array_protocol as ap
import array_protocol.ndarray as xp


def test_creation_by_position_and_by_name():
    assert xp.zeros(2).shape == xp.zeros((2,)).shape == xp.zeros(shape=(2,)).shape == (2,)
    assert xp.full((2,), 3).dtype is xp.int64 and xp.full(shape=2, fill_value=1.5).dtype is xp.float64
    assert xp.arange(3).tolist() == [0, 1, 2] and xp.arange(1, 4, 2).tolist() == [1, 3]
    assert xp.linspace(0, 1, 3, endpoint=False).shape == (3,)
    assert xp.linspace(0, 1j, 2).dtype is xp.complex128
    assert xp.eye(2, 3, k=1).tolist() == [[0, 1, 0], [0, 0, 1]]
    assert xp.eye(2, k=10**30).tolist() == [[0, 0], [0, 0]]


def test_several_results_have_names():
    all_of_them = xp.unique_all(xp.asarray([3, 1, 3]))
    assert all_of_them.values.tolist() == [1, 3] and all_of_them.counts.tolist() == [1, 2]
    assert all_of_them._fields == ("values", "indices", "inverse_indices", "counts")
    assert isinstance(xp.meshgrid(xp.ones(2), xp.ones(3)), tuple)


def test_bounds_broadcast_with_what_they_limit():
    assert xp.clip(xp.asarray(0), max=xp.asarray([1, -1])).tolist() == [0, -1]
    assert xp.clip(xp.asarray([1, 5]), 2, 3).tolist() == [2, 3]


def test_axes_are_inserted_at_places_of_the_result():
    x = xp.ones((2, 3))
    assert xp.expand_dims(x, axis=(0, -1)).shape == (1, 2, 3, 1)
    assert xp.expand_dims(x, axis=()).shape == (2, 3)
    for wrong, error in [((0, 4), IndexError), ((1, 1), ValueError), ((1, -3), ValueError)]:
        with pytest.raises(error):
            xp.expand_dims(x, axis=wrong)


def test_differences_of_what_is_put_around():
    x, edge = xp.asarray([1, 4]), xp.asarray([0])
    assert xp.diff(x, prepend=edge, append=edge).tolist() == [1, 3, -4]


def test_products_over_axes():
    x = xp.reshape(xp.arange(6), (2, 3))
    assert int(xp.tensordot(x, x)) == 55
    assert xp.tensordot(x, x, axes=0).shape == (2, 3, 2, 3)
    assert xp.tensordot(x, x, axes=((1,), (1,))).tolist() == [[5, 14], [14, 50]]


@pytest.mark.parametrize("namespace", [xp, ap], ids=["namespace", "package"])
def test_einsum_takes_the_subscripts_first_or_by_name(namespace):
    x = xp.reshape(xp.arange(6), (2, 3))
    squares = [[5, 14], [14, 50]]
    assert namespace.einsum("ij,kj->ik", x, x).tolist() == squares
    assert namespace.einsum([x, x], subscripts="ij,kj->ik").tolist() == squares
    assert namespace.einsum("ij,kj->ik", x, xp.astype(x, xp.float32)).dtype == xp.float32
    with pytest.raises(TypeError, match="come first or by name"):
        namespace.einsum(x, x)
    with pytest.raises(TypeError, match="come first or by name"):
        namespace.einsum()


@pytest.mark.parametrize("name", "sqrt log sinh cosh tanh sin cos tan acos asin atan acosh asinh atanh exp".split())
def test_complex_functions_are_pythons(name):
    parts = [-3.0, -1.0, -0.3, -0.0, 0.0, 1e-6, 0.7, 1.0, 2.5]
    for z in (complex(a, b) for a in parts for b in parts):
        try:
            want = getattr(cmath, name)(z)
        except ValueError:
            continue
        got = complex(getattr(xp, name)(xp.asarray(z)))
        assert cmath.isclose(got, want, rel_tol=1e-13, abs_tol=1e-15), (z, got, want)
        assert math.copysign(1, got.imag) == math.copysign(1, want.imag), (z, got, want)
