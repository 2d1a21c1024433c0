"""Derivatives and vectorisation of Python functions, against closed forms."""

import collections
import math

import numpy as np
import pytest

import array_protocol as ap
import array_protocol.ndarray as xp

X = xp.asarray([0.5, 1.0, 2.0])


def close(got, want, tolerance=1e-12):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=tolerance, atol=tolerance)


def test_gradients_of_arrays():
    x = np.asarray(X)
    close(ap.grad(lambda x: xp.sum(xp.sin(x) * x))(X), np.sin(x) + x * np.cos(x))
    value, slope = ap.value_and_grad(lambda x: ap.sum(x * x))(X)
    assert float(value) == 5.25 and slope.tolist() == [1, 2, 4]


def test_numbers_are_arrays_without_axes():
    assert float(ap.grad(lambda x: x**3)(2.0)) == 12
    assert float(ap.grad(lambda x: 7.0)(2.0)) == 0
    with pytest.raises(TypeError, match="int64"):
        ap.grad(lambda x: x)(2)


def test_gradients_of_gradients():
    f = lambda x: xp.sum(xp.exp(2 * x))  # noqa: E731
    first = ap.grad(f)
    close(first(X), 2 * np.exp(2 * np.asarray(X)))
    close(ap.grad(lambda x: xp.sum(first(x)))(X), 4 * np.exp(2 * np.asarray(X)))
    g = math.sin
    third = ap.grad(ap.grad(ap.grad(xp.sin)))
    assert abs(float(third(0.3)) + math.cos(0.3)) < 1e-12 and g(0) == 0


def test_what_an_outer_function_captures_is_not_confused():
    # d/dx x * (d/dy (x + y) at y = 1) = 1, the classic of perturbation confusion.
    assert float(ap.grad(lambda x: x * ap.grad(lambda y: x + y)(1.0))(1.0)) == 1
    mixed = ap.jvp(lambda x: ap.grad(lambda y: x * y * y)(3.0), xp.asarray(2.0), xp.asarray(1.0))
    assert [float(v) for v in mixed] == [12, 6]


def test_trees_of_arguments():
    Point = collections.namedtuple("Point", "x y")

    def f(p):
        (w, b), names = p["layers"], p["point"]
        return xp.sum(w * 2 + b * names.x) + names.y * 3

    p = {"layers": [xp.ones(2), xp.asarray([3.0, 4.0])], "point": Point(2.0, 5.0), "none": None}
    g = ap.grad(f)(p)
    assert list(g) == ["layers", "point", "none"] and g["none"] is None
    assert g["layers"][0].tolist() == [2, 2] and g["layers"][1].tolist() == [2, 2]
    assert type(g["point"]) is Point and float(g["point"].x) == 7 and float(g["point"].y) == 3


def test_arguments_are_chosen_by_position():
    f = lambda x, y, *, k=1.0: xp.sum(x * y) * k  # noqa: E731
    a, b = xp.asarray([1.0, 2.0]), xp.asarray([3.0, 4.0])
    assert ap.grad(f, 1)(a, b).tolist() == [1, 2]
    both = ap.grad(f, argnums=(0, -1))(a, b, k=2.0)
    assert isinstance(both, tuple) and [g.tolist() for g in both] == [[6, 8], [2, 4]]
    with pytest.raises(ValueError, match="argnums is 2"):
        ap.grad(f, 2)(a, b)
    with pytest.raises(TypeError, match="argnums is 'x'"):
        ap.grad(f, "x")(a, b)


def test_exceptions_come_out_unchanged():
    failure = ValueError("mine", 42)

    def broken(x):
        raise failure

    transformed = [
        lambda: ap.grad(broken)(X),
        lambda: ap.vmap(broken)(X),
        lambda: ap.jvp(broken, X, X),
        lambda: ap.vjp(broken, X),
        lambda: ap.hessian(broken)(X),
        lambda: ap.vmap(ap.grad(lambda x: ap.grad(broken)(x)))(X),
    ]
    for call in transformed:
        with pytest.raises(ValueError) as caught:
            call()
        assert caught.value is failure
        assert any(entry.name == "broken" for entry in caught.traceback)


def test_jacobian_vector_products_both_ways():
    f = lambda x: xp.stack([x[0] * x[1], xp.sin(x[2])])  # noqa: E731
    jacobian = np.asarray([[1.0, 0.5, 0.0], [0.0, 0.0, math.cos(2.0)]])
    v, w = np.asarray([1.0, 2.0, 3.0]), np.asarray([5.0, 7.0])
    y, dy = ap.jvp(f, X, xp.asarray(v))
    close(y, f(X))
    close(dy, jacobian @ v)
    y, pullback = ap.vjp(f, X)
    close(y, f(X))
    for _ in range(2):
        close(pullback(xp.asarray(w)), w @ jacobian)
    close(ap.jacobian(f)(X), jacobian)


def test_several_arguments_and_trees_of_values():
    f = lambda x, y: {"product": x * y, "sum": (x + y,)}  # noqa: E731
    a, b, one = xp.asarray(2.0), xp.asarray(3.0), xp.asarray(1.0)
    value, tangent = ap.jvp(f, (a, b), (one, xp.asarray(0.0)))
    assert float(value["product"]) == 6 and float(tangent["product"]) == 3 and float(tangent["sum"][0]) == 1
    value, pullback = ap.vjp(f, a, b)
    da, db = pullback({"sum": [0.0], "product": 1.0})
    assert (float(da), float(db)) == (3, 2)
    with pytest.raises(TypeError, match="cotangents.*key 'product'"):
        pullback({"sum": [0.0], "wrong": 1.0})
    with pytest.raises(TypeError):
        ap.jvp(f, (a, b), a)
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        ap.jvp(lambda x: x, X, xp.ones(2))


def test_hessians():
    close(ap.hessian(lambda x: xp.sum(x**3))(X), np.diag(6 * np.asarray(X)))
    a = xp.asarray([[2.0, 1.0], [1.0, 3.0]])
    close(ap.hessian(lambda x: 0.5 * (x @ a @ x))(xp.ones(2)), a)
    with pytest.raises(TypeError, match="one array"):
        ap.hessian(lambda x: x["a"])({"a": X})


def test_vectorisation():
    a = xp.reshape(xp.arange(6, dtype=xp.float64), (2, 3))
    assert ap.vmap(xp.sum)(a).tolist() == [3, 12]
    assert ap.vmap(xp.sum, in_axes=1)(a).tolist() == [3, 5, 7]
    assert ap.vmap(lambda x: x * 2, out_axes=1)(a).tolist() == [[0, 6], [2, 8], [4, 10]]
    assert ap.vmap(lambda x, y: x @ y, in_axes=(0, None))(a, xp.ones(3)).tolist() == [3, 12]
    assert ap.vmap(lambda x, y: x["a"] + y)({"a": a}, a).shape == (2, 3)
    assert ap.vmap(lambda x: 1.0)(a).tolist() == [1, 1]
    for wrong, error in [((0, 0), ValueError), ((None,), ValueError), (("x",), TypeError), (5, IndexError)]:
        with pytest.raises(error):
            ap.vmap(xp.sum, in_axes=wrong)(a)


def test_transformations_nest_in_any_order():
    a = xp.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    f = lambda x: xp.sum(x**3)  # noqa: E731
    close(ap.vmap(ap.grad(f))(a), 3 * np.asarray(a) ** 2)
    close(ap.grad(lambda m: xp.sum(ap.vmap(f)(m)))(a), 3 * np.asarray(a) ** 2)
    close(ap.vmap(ap.hessian(f))(a)[2, ...], np.diag([30.0, 36.0]))
    close(ap.grad(lambda m: xp.sum(ap.vmap(ap.grad(f))(m)))(a), 6 * np.asarray(a))
    close(ap.vmap(ap.vmap(lambda x: x * x))(a), np.asarray(a) ** 2)
    close(ap.jvp(ap.vmap(ap.grad(f)), a, xp.ones((3, 2)))[1], 6 * np.asarray(a))


def test_numpys_functions_and_indexing_are_differentiated_too():
    def f(x):
        y = x[1:] * 2
        y[0] = 0.0
        y += 1
        return np.sum(y * x[0])

    close(ap.grad(f)(X), [6.0, 0.0, 1.0])


def test_numbers_cannot_be_read_of_what_is_transformed():
    with pytest.raises(RuntimeError, match="stop_gradient"):
        ap.grad(lambda x: float(x) * x)(2.0)
    kept = []
    ap.grad(lambda x: kept.append(x) or x)(2.0)
    with pytest.raises(RuntimeError, match="after its transformation ended"):
        kept[0] * 2


def test_what_is_no_tree_is_refused():
    for value in ("text", object(), np.ones(2), {"a": ["b"]}):
        with pytest.raises(TypeError):
            ap.grad(lambda x: 1.0)(value)
    itself = []
    itself.append(itself)
    with pytest.raises(ValueError, match="nested"):
        ap.grad(lambda x: 1.0)(itself)
    with pytest.raises(TypeError, match="not a function"):
        ap.grad(3)
    with pytest.raises(TypeError, match="one array"):
        ap.grad(lambda x: [x])(2.0)
    with pytest.raises(RuntimeError, match="one real number"):
        ap.grad(lambda x: x)(X)
