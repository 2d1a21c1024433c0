"""Written by `python -m array_protocol._stubs`; do not edit."""

from ..ndarray import *
from ..ndarray import (
    __array_api_version__ as __array_api_version__,
    __array_namespace_info__ as __array_namespace_info__,
)
from . import linalg as linalg
from . import fft as fft
from . import random as random
