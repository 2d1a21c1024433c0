"""The array API standard over any array type of array-protocol; `array_protocol.ndarray` is its namespace in memory."""

from ._errors import AxisError
from ._native import Array, DType

__all__ = ["Array", "AxisError", "DType"]
