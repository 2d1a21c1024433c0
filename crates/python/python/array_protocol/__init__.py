"""The array API standard over any array type of array-protocol.

`array_protocol.ndarray` is the standard's namespace in memory, `array_protocol.chunked` that of lazy arrays in chunks, and
`array_protocol.torch` that of libtorch, if it was built in.
The functions here belong to no namespace: they answer for every array, also for objects of other classes once these are
registered (`implements`). `grad`, `vmap` and their like transform functions of arrays; `array_protocol.ensemble` estimates
with honest uncertainty.
"""

from ._libtorch import load as _load_libtorch

_load_libtorch()

from . import ensemble
from ._errors import AxisError, Decline
from ._eval_task import eval_task
from ._foreign import explain, handled_functions, implements, kind, register
from ._native import Array, DType
from ._transforms import grad, hessian, jacobian, jvp, value_and_grad, vjp, vmap

__all__ = [
    "Array",
    "AxisError",
    "DType",
    "Decline",
    "ensemble",
    "eval_task",
    "explain",
    "grad",
    "handled_functions",
    "hessian",
    "implements",
    "jacobian",
    "jvp",
    "kind",
    "register",
    "value_and_grad",
    "vjp",
    "vmap",
]

from ._build import fill_package as _fill_package

_fill_package(globals())


def __getattr__(name):
    """Namespaces of kinds that are built into this program are imported when they are asked for."""
    from ._build import namespace

    try:
        return namespace(name)
    except ModuleNotFoundError:
        raise AttributeError(f"module 'array_protocol' has no attribute {name!r}") from None
    except ImportError as e:
        raise AttributeError(str(e)) from None
