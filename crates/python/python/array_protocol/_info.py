"""What a namespace says about itself: constants, data types, devices, limits."""

import math
from dataclasses import dataclass

from . import _native
from ._native import DType

CONSTANTS = {"e": math.e, "inf": math.inf, "nan": math.nan, "newaxis": None, "pi": math.pi}

DEVICE = "cpu"


@dataclass(frozen=True)
class Finfo:
    """Limits of a floating-point type."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


@dataclass(frozen=True)
class Iinfo:
    """Limits of an integer type."""

    bits: int
    max: int
    min: int
    dtype: DType


def finfo(type, /):
    """Limits of a floating-point type, given itself or by an array."""
    return Finfo(*_native.finfo(type))


def iinfo(type, /):
    """Limits of an integer type, given itself or by an array."""
    return Iinfo(*_native.iinfo(type))


def check_device(kind, device):
    """Whether arrays of the kind can live there; None is left to the function."""
    if device is not None and device not in (there := _native.devices(kind)):
        raise ValueError(f"there is no device {device!r}; arrays of this namespace live on {', '.join(map(repr, there))}")


class Info:
    """`__array_namespace_info__()`."""

    def __init__(self, kind):
        self.kind = kind

    def capabilities(self):
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": None}

    def default_device(self):
        return DEVICE

    def default_dtypes(self, *, device=None):
        check_device(self.kind, device)
        d = _native.dtypes
        return {
            "real floating": d["float64"],
            "complex floating": d["complex128"],
            "integral": d["int64"],
            "indexing": d["int64"],
        }

    def dtypes(self, *, device=None, kind=None):
        check_device(self.kind, device)
        if kind is None:
            return dict(_native.dtypes)
        kinds = kind if isinstance(kind, tuple) else (kind,)
        return {name: d for name, d in _native.dtypes.items() if any(_native.isdtype(d, k) for k in kinds)}

    def devices(self):
        return tuple(_native.devices(self.kind))
