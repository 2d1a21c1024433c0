"""array-api-compat: how other libraries look for a namespace."""

import pytest

import array_protocol.ndarray as xp

compat = pytest.importorskip("array_api_compat", "1.9")

X = xp.ones((2, 3))


def test_the_namespace_is_ours():
    assert compat.array_namespace(X, 1.0, None) is xp
    assert compat.array_namespace(X, api_version="2024.12") is xp
    assert compat.array_namespace(X, use_compat=False) is xp
    with pytest.raises(TypeError):
        compat.array_namespace(X, __import__("numpy").ones(2))


def test_what_it_asks_of_arrays():
    assert compat.is_array_api_obj(X)
    assert compat.is_writeable_array(X)
    assert not compat.is_lazy_array(X)
    assert compat.device(X) == "cpu"
    assert compat.to_device(X, "cpu") is not None
    assert compat.size(X) == 6


@pytest.mark.parametrize("name", [n for n in dir(compat) if n.startswith("is_") and n.endswith("_array")])
def test_nobody_takes_it_for_another_librarys(name):
    if name not in ("is_writeable_array", "is_lazy_array"):
        assert not getattr(compat, name)(X)


@pytest.mark.parametrize("name", [n for n in dir(compat) if n.startswith("is_") and n.endswith("_namespace")])
def test_nobody_takes_the_namespace_for_another_librarys(name):
    assert not getattr(compat, name)(xp)
