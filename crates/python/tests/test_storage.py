"""Lazy arrays of files, and stores, also into regions of arrays that are there."""

import pathlib

import pytest

import array_protocol.chunked as xp
import array_protocol.ndarray as nd

np = pytest.importorskip("numpy")

FILES = pathlib.Path(__file__).parents[2] / "array-chunked/tests/data"


def is_built(function, *arguments):
    """Whether what the function needs is built in; it is given what it refuses otherwise."""
    try:
        function(*arguments)
    except NotImplementedError as e:
        assert "--features" in str(e)
        return False
    except Exception:
        return True
    return True


PARQUET = pytest.mark.skipif(not is_built(xp.from_parquet, "nothing"), reason="built without the feature `parquet`")
ZARR = pytest.mark.skipif(not is_built(xp.from_zarr, "nothing"), reason="built without the feature `zarr`")


def parquet(name):
    return FILES / "parquet" / f"{name}.parquet"


def test_an_npy_file_is_read_and_stored(tmp_path):
    table = np.arange(12.0).reshape(4, 3)
    np.save(tmp_path / "x.npy", table)
    x = xp.from_npy(tmp_path / "x.npy", chunks=(3, 2))
    assert (x.is_lazy, x.chunks) == (True, ((3, 1), (2, 1)))
    xp.store(xp.exp(x), tmp_path / "y.npy", memory="1 MiB", retries=1)
    assert np.allclose(np.load(tmp_path / "y.npy"), np.exp(table), rtol=1e-15)
    with pytest.raises(ValueError, match="y.npy is there already"):
        x.store(tmp_path / "y.npy")
    x.store(tmp_path / "y.npy", overwrite=True)
    assert np.array_equal(np.load(tmp_path / "y.npy"), table)
    with pytest.raises(RuntimeError, match="nothing.npy"):
        xp.from_npy(tmp_path / "nothing.npy")


def test_options_of_the_namespace_hold_for_arrays_of_files(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(10.0))
    lazy = xp.with_options(chunks=4, sizes="compute", exports="compute")
    x = lazy.from_npy(tmp_path / "x.npy")
    assert x.chunks == ((4, 4, 2),)
    assert x[x > 6.5].shape == (3,)
    assert np.array_equal(np.asarray(x), np.arange(10.0))


def test_a_region_of_an_npy_file_is_stored(tmp_path):
    path, table = tmp_path / "x.npy", np.zeros((5, 4))
    np.save(path, table)
    part = xp.from_array(np.ones((2, 3)), chunks=1)
    xp.store(part, path, region=(slice(1, 3), slice(1, None)))
    table[1:3, 1:] = 1
    assert np.array_equal(np.load(path), table)
    part.store(path, region=np.s_[-2:, :3])
    table[-2:, :3] = 1
    assert np.array_equal(np.load(path), table)
    with pytest.raises(ValueError, match="does not fill the region"):
        xp.store(part, path, region=np.s_[:3])
    with pytest.raises(TypeError, match="astype"):
        xp.store(xp.astype(part, xp.float32), path, region=np.s_[:2, :3])
    with pytest.raises(IndexError, match="slices"):
        xp.store(part, path, region=np.s_[0, :3])
    with pytest.raises(ValueError, match="nothing to finish"):
        xp.finish_region(path)
    assert [p.name for p in tmp_path.iterdir()] == ["x.npy"]


def test_an_error_of_a_python_function_leaves_the_array_as_it_was(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.zeros(6))
    fails = True

    def third(block):
        if fails and float(block[0]) == 2:
            raise LookupError("the third one")
        return block

    x = xp.map_blocks(third, xp.from_array(np.arange(4.0), chunks=1))
    for resume in (False, True):
        with pytest.raises(LookupError, match="the third one"):
            xp.store(x, path, region=np.s_[1:5], resume=resume)
        assert np.array_equal(np.load(path), np.zeros(6))
        assert (tmp_path / "x.npy.region.partial").exists() == resume
    fails = False
    xp.store(x, path, region=np.s_[1:5], resume=True)
    assert np.load(path).tolist() == [0, 0, 1, 2, 3, 0]


@PARQUET
def test_columns_of_parquet_are_read():
    x = xp.from_parquet(parquet("numbers"), "float64")
    assert (x.shape, str(x.dtype)) == ((40,), "float64")
    assert float(xp.sum(x)) == 780
    both = xp.from_parquet(parquet("two-pages"), ["b", "a"], chunks=(7, -1))
    assert both.chunks == ((7,) * 5 + (5,), (2,))
    assert np.array_equal(np.asarray(both.compute()), np.stack([np.arange(1, 41) / 10, np.arange(1.0, 41)], 1))
    assert xp.from_parquet(parquet("two-pages")).shape == (40, 2)
    assert xp.from_parquet(parquet("two-pages"), ("a",)).shape == (40, 1)


@PARQUET
def test_what_no_array_can_be_made_of_is_refused_in_words():
    with pytest.raises(ValueError, match="no column `c`; its columns are `a`, `b`"):
        xp.from_parquet(parquet("two-pages"), "c")
    with pytest.raises(TypeError, match="`text` holds STRING"):
        xp.from_parquet(parquet("others"), "text")
    with pytest.raises(ValueError, match="3 nulls in rows 0 to 39, the first in row 17"):
        xp.from_parquet(parquet("nulls"), "floats").compute()
    with pytest.raises(TypeError, match="only floats"):
        xp.from_parquet(parquet("nulls"), "integers", nulls_are_nan=True)
    x = xp.from_parquet(parquet("nulls"), "floats", nulls_are_nan=True)
    assert int(xp.count_nonzero(xp.isnan(x))) == 3


@PARQUET
def test_parquet_is_stored(tmp_path):
    table = np.arange(6, dtype=np.int16).reshape(3, 2)
    xp.store(xp.from_array(table, chunks=2), tmp_path / "x.parquet", columns=["mass", "length"])
    assert xp.from_parquet(tmp_path / "x.parquet", "length").compute().tolist() == [1, 3, 5]
    xp.store(xp.from_array(table[:, 0], chunks=2), tmp_path / "x.parquet", columns="mass", overwrite=True)
    assert xp.from_parquet(tmp_path / "x.parquet").compute().tolist() == [[0], [2], [4]]
    with pytest.raises(TypeError, match="complex128"):
        xp.store(xp.from_array(nd.ones(2, dtype=nd.complex128), chunks=2), tmp_path / "y.parquet")
    assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]


@ZARR
def test_zarr_is_read_and_stored_also_in_part(tmp_path):
    x = xp.from_zarr(FILES / "v3-default.zarr")
    assert x.shape == (7, 5)
    table = np.array(np.asarray(x.compute()))
    path = tmp_path / "x.zarr"
    xp.store(x, path)
    xp.store(xp.from_array(np.zeros((2, 2)), chunks=1), path, region=np.s_[2:4, 1:3])
    table[2:4, 1:3] = 0
    assert np.array_equal(np.asarray(xp.from_zarr(path).compute()), table)
    try:
        past_the_cache = xp.from_zarr(path, direct_io=True)
    except NotImplementedError as error:
        assert "leave out `direct_io`" in str(error)
    else:
        assert np.array_equal(np.asarray(past_the_cache.compute()), table)
