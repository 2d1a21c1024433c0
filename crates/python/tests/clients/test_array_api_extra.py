"""array-api-extra: functions in terms of the standard's."""

import numpy as np
import pytest

import array_protocol.ndarray as xp

from held import hold, ours

xpx = pytest.importorskip("array_api_extra", "0.7")

GENERATOR = np.random.default_rng(2)
A = GENERATOR.normal(size=(4, 5))
N = GENERATOR.integers(0, 6, size=12)

CALLS = {
    "at.set": lambda a, n: xpx.at(a, 1).set(7.0),
    "at.set by mask": lambda a, n: xpx.at(a, a > 0).set(0.0),
    "at.add": lambda a, n: xpx.at(a)[:, 2].add(1.0),
    "at.max": lambda a, n: xpx.at(a)[::2, ...].max(0.5),
    "at.power": lambda a, n: xpx.at(a)[0, 0].power(2),
    "apply_where": lambda a, n: xpx.apply_where(a > 0, a, lambda x: x * 2, lambda x: -x),
    "apply_where filled": lambda a, n: xpx.apply_where(a > 0, (a, a), lambda x, y: x / y, fill_value=-1.0),
    "atleast_nd": lambda a, n: xpx.atleast_nd(n, ndim=3),
    "cov": lambda a, n: xpx.cov(a),
    "create_diagonal": lambda a, n: xpx.create_diagonal(a[0, :], offset=1),
    "expand_dims": lambda a, n: xpx.expand_dims(a, axis=(0, 2)),
    "isclose": lambda a, n: xpx.isclose(a, a + 1e-9),
    "isclose of nan": lambda a, n: xpx.isclose(a * float("nan"), a * float("nan"), equal_nan=True),
    "kron": lambda a, n: xpx.kron(a, a[:2, :2]),
    "nunique": lambda a, n: xpx.nunique(n),
    "pad": lambda a, n: xpx.pad(a, ((1, 2), (0, 3)), constant_values=4.0),
    "setdiff1d": lambda a, n: xpx.setdiff1d(n, n[:4]),
    "sinc": lambda a, n: xpx.sinc(a),
    "one_hot": lambda a, n: xpx.one_hot(n, 6),
    "argpartition": lambda a, n: xpx.argpartition(n, 3)[3],
    "partition": lambda a, n: xpx.partition(n, 3)[3],
    "isin": lambda a, n: xpx.isin(n, n[:3]),
    "union1d": lambda a, n: xpx.union1d(n, n + 3),
    "nan_to_num": lambda a, n: xpx.nan_to_num(a / (a * 0)),
    "searchsorted": lambda a, n: xpx.searchsorted(a[0, :] * 0, a[1, :]),
    "quantile": lambda a, n: xpx.quantile(a, 0.25, axis=1),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CALLS)
def test_functions(name):
    if not hasattr(xpx, name.partition(" ")[0].partition(".")[0]):
        pytest.skip(f"array-api-extra {xpx.__version__} has no {name}")
    got = CALLS[name](ours(A), ours(N))
    # One-hot vectors and the like take the namespace's default type, which is NumPy's too.
    hold(got, CALLS[name](A.copy(), N.copy()))


def test_setting_leaves_the_original():
    x = ours(A)
    y = xpx.at(x, 0).set(1.0, copy=True)
    assert y is not x and bool(xp.all(x == ours(A)))
    z = xpx.at(x, 0).set(1.0, copy=False)
    assert z is x and bool(xp.all(x[0, :] == 1))


def test_its_default_type():
    assert xpx.default_dtype(xp) is xp.float64
    assert xpx.default_dtype(xp, "integral") is xp.int64


def test_lazy_apply_of_numpy():
    got = xpx.lazy_apply(np.cumsum, ours(N), shape=N.shape, dtype=xp.int64, as_numpy=True, xp=xp)
    hold(got, np.cumsum(N))
