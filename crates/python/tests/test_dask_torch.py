"""Chunks that are libtorch's tensors, on Dask's workers."""

import pytest

import array_protocol.chunked as xp
from array_protocol import _native

from on_dask import client, limit  # noqa: F401

if "torch" not in _native.data_kinds():
    pytest.skip("torch chunks on workers: the package was built without the feature torch", allow_module_level=True)
torch = pytest.importorskip("torch", minversion="2.11")

import array_protocol.torch as tx  # noqa: E402


def test_chunks_of_tensors_are_computed_by_workers(client):
    space = xp.with_options(of="torch", chunks=(10, 4))
    x = space.random.normal(space.random.key(3), shape=(40, 4))
    centred = x - xp.mean(x, axis=0)
    for y in (xp.exp(centred), xp.std(x, axis=0), centred.T @ centred, xp.sort(x, axis=1)):
        here, there = y.compute(), y.compute(scheduler=client)
        assert there.kind == here.kind == "torch"
        assert (there.dtype, there.shape, there.tobytes()) == (here.dtype, here.shape, here.tobytes())
    held = space.from_array(tx.asarray(torch.arange(12.0).reshape(6, 2)), chunks=2)
    assert (held * 2).compute(scheduler=client).tolist() == (torch.arange(12.0).reshape(6, 2) * 2).tolist()


def test_functions_of_chunks_get_tensors(client):
    space = xp.with_options(of="torch", chunks=5)

    def doubled(block):
        import torch

        import array_protocol.torch as tx

        assert block.kind == "torch"
        return tx.asarray(torch.from_dlpack(block) * 2)

    x = space.asarray(list(range(20)), dtype=xp.float32)
    found = x.map_blocks(doubled).compute(scheduler=client)
    assert found.kind == "torch" and found.tolist() == [2.0 * i for i in range(20)]


def test_files_hold_the_elements_of_tensors(client, tmp_path):
    numpy = pytest.importorskip("numpy")
    space = xp.with_options(of="torch", chunks=(3, 2))
    x = xp.exp(space.random.normal(space.random.key(3), shape=(7, 2)))
    x.store(tmp_path / "x.npy", scheduler=client)
    assert numpy.load(tmp_path / "x.npy").tobytes() == x.compute().tobytes()
    for _ in range(2):
        assert float(xp.sum(x.checkpoint(tmp_path / "files")).compute(scheduler=client)) == float(xp.sum(x))
