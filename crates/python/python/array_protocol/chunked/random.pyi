"""Written by `python -m array_protocol._stubs`; do not edit."""

from ..ndarray.random import *
