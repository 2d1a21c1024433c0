"""Methods that NumPy's arrays have and the standard's have not: libraries call them on arrays of any kind.

Each is the function of that name; those that change an array in place are not among them.
"""

from . import _chunked


def _reduction(name):
    def method(self, axis=None, dtype=None, *, keepdims=False, **more):
        if dtype is not None:
            more["dtype"] = dtype
        return getattr(self.__array_namespace__(), name)(self, axis=axis, keepdims=keepdims, **more)

    method.__name__ = name
    return method


def _spread(name):
    def method(self, axis=None, dtype=None, ddof=0, *, keepdims=False):
        xp = self.__array_namespace__()
        x = self if dtype is None else xp.astype(self, dtype)
        return getattr(xp, name)(x, axis=axis, correction=ddof, keepdims=keepdims)

    method.__name__ = name
    return method


def reshape(self, *shape, copy=None):
    shape = shape[0] if len(shape) == 1 else shape
    return self.__array_namespace__().reshape(self, shape, copy=copy)


def transpose(self, *axes):
    axes = axes[0] if len(axes) == 1 else axes
    axes = tuple(reversed(range(self.ndim))) if axes in ((), None) else axes
    return self.__array_namespace__().permute_dims(self, axes)


def astype(self, dtype, copy=True):
    return self.__array_namespace__().astype(self, dtype, copy=copy)


def ravel(self):
    return self.__array_namespace__().reshape(self, (-1,))


def squeeze(self, axis=None):
    axis = tuple(i for i, n in enumerate(self.shape) if n == 1) if axis is None else axis
    return self.__array_namespace__().squeeze(self, axis)


def clip(self, min=None, max=None):
    return self.__array_namespace__().clip(self, min, max)


def take(self, indices, axis=None):
    x, axis = (ravel(self), 0) if axis is None else (self, axis)
    return self.__array_namespace__().take(x, indices, axis=axis)


def repeat(self, repeats, axis=None):
    return self.__array_namespace__().repeat(self, repeats, axis=axis)


def cumsum(self, axis=None, dtype=None):
    x, axis = (ravel(self), 0) if axis is None else (self, axis)
    return self.__array_namespace__().cumulative_sum(x, axis=axis, dtype=dtype)


def cumprod(self, axis=None, dtype=None):
    x, axis = (ravel(self), 0) if axis is None else (self, axis)
    return self.__array_namespace__().cumulative_prod(x, axis=axis, dtype=dtype)


def conj(self):
    xp = self.__array_namespace__()
    return xp.conj(self) if xp.isdtype(self.dtype, "complex floating") else self


def round(self, decimals=0):
    if decimals:
        raise ValueError("round: our arrays round to integers; multiply first")
    return self.__array_namespace__().round(self)


def nonzero(self):
    return self.__array_namespace__().nonzero(self)


def dot(self, other):
    return self @ other


METHODS = {
    **{name: _reduction(name) for name in ("sum", "prod", "mean", "max", "min", "all", "any", "argmax", "argmin")},
    **{name: _spread(name) for name in ("std", "var")},
    **{f.__name__: f for f in (reshape, transpose, astype, ravel, squeeze, clip, take, repeat, cumsum, cumprod, conj, round,
                               nonzero, dot)},
    "flatten": ravel,
    "conjugate": conj,
    "real": property(lambda self: self.__array_namespace__().real(self)
                     if str(self.dtype).startswith("complex") else self),
    "imag": property(lambda self: self.__array_namespace__().imag(self)
                     if str(self.dtype).startswith("complex") else self.__array_namespace__().zeros_like(self)),
}

# Those of lazy arrays.
LAZY_METHODS = {**METHODS, **_chunked.METHODS}
