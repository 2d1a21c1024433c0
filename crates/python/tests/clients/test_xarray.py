"""xarray around our arrays."""

import numpy as np
import pytest

import array_protocol.ndarray as xp

from held import hold, ours

xr = pytest.importorskip("xarray", "2024.7")

VALUES = np.random.default_rng(3).normal(size=(3, 4, 5))
VALUES_WITH_GAPS = np.where(VALUES > 1, np.nan, VALUES)
# Steps that are numbers with a point: `xarray` takes halves of them, which integers of the standard do not give.
COORDINATES = {"x": [10, 20, 30], "y": list("abcd"), "t": np.arange(5) * 1.0}


def labelled(values):
    return xr.DataArray(values, dims=("x", "y", "t"), coords=COORDINATES, name="v")


CALLS = {
    "sum": lambda a: a.sum("x"),
    "mean": lambda a: a.mean("t"),
    "mean of all": lambda a: a.mean(),
    "std": lambda a: a.std(("x", "y")),
    "var": lambda a: a.var("y", ddof=1),
    "min": lambda a: a.min("x"),
    "max": lambda a: a.max("t"),
    "prod": lambda a: a.prod("y"),
    "median": lambda a: a.median("y"),
    "cumsum": lambda a: a.cumsum("t"),
    "cumprod": lambda a: a.cumprod("t"),
    "argmax": lambda a: a.argmax("t"),
    "count": lambda a: a.count("x"),
    "any": lambda a: (a > 0).any("x"),
    "all": lambda a: (a > -9).all(),
    "arithmetic": lambda a: 2 * a + a.isel(t=0) - 1,
    "powers": lambda a: abs(a) ** 0.5,
    "comparison": lambda a: a > a.mean(),
    "isel": lambda a: a.isel(x=[2, 0], t=slice(1, None, 2)),
    "isel by one": lambda a: a.isel(x=1),
    "sel": lambda a: a.sel(x=20, y=["d", "a"]),
    "transpose": lambda a: a.transpose("t", "x", "y"),
    "stack": lambda a: a.stack(z=("x", "y")),
    "expand_dims": lambda a: a.expand_dims("n"),
    "squeeze": lambda a: a.isel(x=[0]).squeeze(),
    "where": lambda a: a.where(a > 0, 0.0),
    "where not": lambda a: a.where(a > 0, float("nan")),
    "fillna": lambda a: a.fillna(0.0),
    "isnull": lambda a: a.isnull(),
    "clip": lambda a: a.clip(-0.5, 0.5),
    "concat": lambda a: xr.concat([a, a], dim="x"),
    "concat new": lambda a: xr.concat([a, a], dim="n"),
    "shift": lambda a: a.shift(t=1, fill_value=0.0),
    "roll": lambda a: a.roll(t=2),
    "diff": lambda a: a.diff("t"),
    "dot": lambda a: xr.dot(a, a, dim="t"),
    "matmul": lambda a: a.isel(t=0, drop=True) @ a.isel(t=1, drop=True).rename(y="y"),
    "astype": lambda a: a.astype(a.dtype),
    "round trip": lambda a: a.to_dataset(name="v")["v"],
    "broadcast": lambda a: xr.broadcast(a.isel(x=0, drop=True), a)[0],
    "ufunc": lambda a: xr.ufuncs.exp(a),
    "numpy's ufunc": lambda a: np.exp(a),
    "apply_ufunc": lambda a: xr.apply_ufunc(lambda v: v * 2, a),
    "groupby": lambda a: a.groupby("x").mean(),
    "coarsen": lambda a: a.coarsen(x=3).mean(),
    "pad": lambda a: a.pad(t=1, constant_values=0.0),
    "quantile": lambda a: a.quantile(0.3, "t", skipna=False),
    "differentiate": lambda a: a.differentiate("t"),
    "integrate": lambda a: a.integrate("t"),
    "sortby": lambda a: a.sortby("x", ascending=False),
    "dataset": lambda a: xr.Dataset({"v": a, "w": 2 * a}).mean("x")["w"],
}


@pytest.mark.parametrize("values", [VALUES, VALUES_WITH_GAPS], ids=["values", "gaps"])
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_methods(name, values):
    got, want = CALLS[name](labelled(ours(values))), CALLS[name](labelled(values))
    assert got.dims == want.dims
    hold(got.data, want.data)


def test_values_are_a_view_and_printing_is_ours():
    a = labelled(ours(VALUES))
    assert type(a.data) is xp.Array
    np.testing.assert_array_equal(a.values, VALUES)
    assert "array_protocol" in repr(a) or "array(" in repr(a)


def test_setting():
    a, want = labelled(ours(VALUES)), labelled(VALUES.copy())
    for b in (a, want):
        b[0, 1] = 5.0
        b.loc[{"x": 20}] = -1.0
    assert type(a.data) is xp.Array
    hold(a.data, want.data)
