"""einops, by its module for the array API and by a backend of its own that is registered."""

import sys

import numpy as np
import pytest

import array_protocol
import array_protocol.ndarray as xp

from held import hold, ours

einops = pytest.importorskip("einops", "0.7")

from einops import array_api  # noqa: E402
from einops._backends import AbstractBackend  # noqa: E402

IMAGES = np.arange(2 * 4 * 6 * 3, dtype=np.float64).reshape(2, 4, 6, 3)

CALLS = {
    "transpose": lambda e, x: e.rearrange(x, "b h w c -> b c h w"),
    "join": lambda e, x: e.rearrange(x, "b h w c -> (b h) w c"),
    "split": lambda e, x: e.rearrange(x, "b (h a) (w d) c -> b h w (c a d)", a=2, d=3),
    "list": lambda e, x: e.rearrange([x[0, ...], x[1, ...]], "b h w c -> h (b w) c"),
    "mean": lambda e, x: e.reduce(x, "b (h a) (w d) c -> b h w c", "mean", a=2, d=2),
    "max": lambda e, x: e.reduce(x, "b h w c -> b 1 1 c", "max"),
    "min": lambda e, x: e.reduce(x, "b ... c -> c", "min"),
    "sum": lambda e, x: e.reduce(x, "... c -> ...", "sum"),
    "prod": lambda e, x: e.reduce(x + 1, "b h w c -> h", "prod"),
    "repeat": lambda e, x: e.repeat(x, "b h w c -> b (h a) (w d) c", a=2, d=3),
    "new axis": lambda e, x: e.repeat(x, "b h w c -> b n h w c", n=3),
    "pack": lambda e, x: e.pack([x, x[:, 0, ...]], "b * c")[0],
    "unpack": lambda e, x: e.unpack(x, [(1,), (3,)], "b * w c"),
}


@pytest.mark.parametrize("name", CALLS)
def test_its_module_for_the_array_api(name):
    hold(CALLS[name](array_api, ours(IMAGES)), CALLS[name](einops, IMAGES))


class Backend(AbstractBackend):
    """What einops asks of a library that it does not know: found by einops because it is a subclass."""

    framework_name = "array_protocol"

    def is_appropriate_type(self, tensor):
        return isinstance(tensor, array_protocol.Array)

    def reshape(self, x, shape):
        return xp.reshape(x, shape)

    def transpose(self, x, axes):
        return xp.permute_dims(x, axes)

    def reduce(self, x, operation, axes):
        return getattr(xp, operation)(x, axis=tuple(axes))

    def stack_on_zeroth_dimension(self, tensors):
        return xp.stack(tensors)

    def concat(self, tensors, axis):
        return xp.concat(tensors, axis=axis)

    def add_axis(self, x, new_position):
        return xp.expand_dims(x, axis=new_position)

    def tile(self, x, repeats):
        return xp.tile(x, repeats)

    def is_float_type(self, x):
        return xp.isdtype(x.dtype, "real floating")

    def einsum(self, pattern, *x):
        return xp.einsum(pattern, *x)


@pytest.mark.parametrize("name", CALLS)
def test_a_backend_of_its_own(name):
    assert Backend.framework_name in sys.modules
    hold(CALLS[name](einops, ours(IMAGES)), CALLS[name](einops, IMAGES))


def test_einsum():
    a, b = IMAGES[0, ..., 0], IMAGES[1, ..., 1]
    pattern = "h w, k w -> h k"
    hold(einops.einsum(ours(a), ours(b), pattern), einops.einsum(a, b, pattern))
    parsed = einops.parse_shape(ours(IMAGES), "b h _ c")
    assert parsed == {"b": 2, "h": 4, "c": 3}
