"""Writes the type stubs of the namespaces, a signature per function, from the registry's rows.

`python -m array_protocol._stubs FOLDER` writes them into the package's source folder; a test fails when they are stale.
"""

import importlib
import inspect
import pathlib
import sys

from . import _build, _chunked, _info, _native

# Python's types for the rows' types.
TYPES = {
    "Axes": "Optional[Union[int, Sequence[int]]]",
    "bool": "builtins.bool",
    "DType": "Optional[DType]",
    "Device": "str",
    "Dims": "Union[int, Sequence[int]]",
    "f64": "float",
    "Indices": "Any",
    "isize": "int",
    "Namespace": "Any",
    "NormOrder": "Union[int, float, str]",
    "Padding": "Union[int, str, Sequence[int]]",
    "Scalar": "Number",
    "String": "str",
    "u64": "int",
    "usize": "int",
}

# Rows whose result is a list of arrays.
LISTS = ("broadcast_arrays", "meshgrid", "nonzero", "unstack")

# What stands for a parameter in the functions that are written out.
NAMED = {
    "arrays": "Sequence[Array]",
    "axis": "Optional[Union[int, Sequence[int]]]",
    "chunks": "Any",
    "columns": "Union[str, Sequence[str]]",
    "copy": "Optional[builtins.bool]",
    "device": "Optional[str]",
    "dtype": "Optional[DType]",
    "endpoint": "builtins.bool",
    "exports": "str",
    "function": "Callable[..., Array]",
    "indexing": "str",
    "k": "int",
    "memory": "Union[int, str]",
    "missing_chunks_are_fill": "builtins.bool",
    "direct_io": "builtins.bool",
    "n": "int",
    "name": "str",
    "n_cols": "Optional[int]",
    "n_rows": "int",
    "nulls_are_nan": "builtins.bool",
    "num": "int",
    "of": "str",
    "operands": "Sequence[Union[str, Array, Sequence[Array]]]",
    "overwrite": "builtins.bool",
    "path": "Union[str, PathLike[str]]",
    "progress": "builtins.bool",
    "region": "Any",
    "resume": "builtins.bool",
    "retries": "int",
    "scheduler": "Any",
    "side": "str",
    "sizes": "str",
    "sorter": "Optional[Array]",
    "spill": "Union[str, PathLike[str]]",
    "subscripts": "Optional[str]",
    "trace": "Union[str, PathLike[str]]",
    "x": "Array",
    "x1": "Array",
    "x2": "Array",
}

RETURNS = {
    "broadcast_shapes": "tuple[int, ...]",
    "can_cast": "builtins.bool",
    # One array for one, else a tuple.
    "compute": "Any",
    "explain": "str",
    "finfo": "Finfo",
    "finish_region": "None",
    "iinfo": "Iinfo",
    "isdtype": "builtins.bool",
    "persist": "Any",
    "result_type": "DType",
    "store": "None",
    "to_dask_array": "Any",
    "visualize": "None",
    "with_options": "Any",
}

NOTICE = '"""Written by `python -m array_protocol._stubs`; do not edit."""'

HEADER = NOTICE + '''

import builtins
from typing import Any, Callable, NamedTuple, Optional, Sequence, Union

from {native} import Array as Array, DType as DType, Number
'''

# The package's own functions, which are no rows.
PACKAGE = '''from . import ensemble as ensemble
from . import chunked as chunked
from . import ndarray as ndarray
from . import torch as torch
from ._errors import AxisError as AxisError, Decline as Decline
from ._eval_task import eval_task as eval_task
from ._foreign import (
    explain as explain,
    handled_functions as handled_functions,
    implements as implements,
    kind as kind,
    register as register,
)
from ._transforms import (
    grad as grad,
    hessian as hessian,
    jacobian as jacobian,
    jvp as jvp,
    value_and_grad as value_and_grad,
    vjp as vjp,
    vmap as vmap,
)
'''


SAME = (
    '''
from ..ndarray import *
from ..ndarray import (
    __array_api_version__ as __array_api_version__,
    __array_namespace_info__ as __array_namespace_info__,
)
'''
    + "".join(f"from . import {extension} as {extension}\n" for extension in _build.EXTENSIONS)
)


CHUNKED = NOTICE + '''

import builtins
from os import PathLike
from typing import Any, Callable, Optional, Sequence, Union

from .._native import Array as Array, DType as DType
'''


def python_type(rust):
    """Python's type for a parameter's type as its row writes it."""
    rust = rust.replace(" ", "")
    for outer, form in (("Option<", "Optional[{}]"), ("Vec<", "Union[{0}, Sequence[{0}]]")):
        if rust.startswith(outer) and rust.endswith(">"):
            inner = python_type(rust[len(outer) : -1])
            return inner if outer == "Option<" and inner.startswith("Optional[") else form.format(inner)
    return TYPES.get(rust, "Any")


def types_of_row(function):
    found = dict(function.parameter_types)
    types = {name: python_type(rust) for name, rust in found.items()}
    roles = {"one": "Union[Array, Number]", "maybe": "Optional[Union[Array, Number]]", "many": "Sequence[Array]"}
    types.update({name: roles[role] for name, role in function.arguments})
    types.update({name: NAMED[name] for name in ("device", "copy") if name not in types})
    return types


def parameters(signature, types):
    """A signature's parameters with their types."""
    shown, kinds = [], inspect.Parameter
    previous = None
    for p in signature.parameters.values():
        if previous is kinds.POSITIONAL_ONLY and p.kind is not kinds.POSITIONAL_ONLY:
            shown.append("/")
        if p.kind is kinds.KEYWORD_ONLY and previous not in (kinds.KEYWORD_ONLY, kinds.VAR_POSITIONAL):
            shown.append("*")
        star = {kinds.VAR_POSITIONAL: "*", kinds.VAR_KEYWORD: "**"}.get(p.kind, "")
        of = types.get(p.name, "Any")
        if star:
            of = of.removeprefix("Sequence[")[:-1] if of.startswith("Sequence[") else "Any"
        if p.default is None and not of.startswith(("Optional[", "Any")):
            of = f"Optional[{of}]"
        shown.append(f"{star}{p.name}: {of}" + (" = ..." if p.default is not p.empty else ""))
        previous = p.kind
    if previous is kinds.POSITIONAL_ONLY:
        shown.append("/")
    return ", ".join(shown)


def signature_line(name, function):
    if isinstance(function, _native.Function):
        types = types_of_row(function)
        if function.result_names:
            returns = f"{name}_result"
        else:
            returns = "tuple[Array, ...]" if name in LISTS else "Array"
    else:
        types = NAMED
        returns = RETURNS.get(name, "tuple[Array, ...]" if name in LISTS else "Array")
    return f"def {name}({parameters(inspect.signature(function), types)}) -> {returns}: ..."


def stub(module, more=""):
    """The stub of a namespace's module."""
    depth = module.__name__.count(".")
    package = depth - (0 if hasattr(module, "__path__") else 1)
    lines = [HEADER.format(native="." * (package + 1) + "_native")]
    if more:
        lines.append(more)
    own = {name: value for name, value in vars(module).items() if name in module.__all__}
    functions = {name: f for name, f in own.items() if is_of_namespace(f)}
    if "finfo" in functions:
        lines.append(f"from {'.' * (package + 1)}_info import Finfo as Finfo, Iinfo as Iinfo, Info as Info\n")
    for extension in _build.EXTENSIONS:
        if inspect.ismodule(own.get(extension)) and own[extension].__name__ == f"{module.__name__}.{extension}":
            lines.append(f"from . import {extension} as {extension}")
    if "e" in own:
        lines += [f"{name}: {'None' if value is None else 'float'}" for name, value in _info.CONSTANTS.items()]
        lines += [f"{name}: DType" for name in _native.dtypes]
        lines += ["__array_api_version__: str", "def __array_namespace_info__() -> Info: ..."]
    for name, function in sorted(functions.items()):
        names = getattr(function, "result_names", ())
        if names:
            lines.append(f"\nclass {name}_result(NamedTuple):")
            lines += [f"    {n}: Array" for n in names]
            lines.append("")
    lines += [signature_line(name, function) for name, function in sorted(functions.items())]
    return "\n".join(lines) + "\n"


def is_of_namespace(value):
    """Rows, and the functions that `_written.py` writes out."""
    if isinstance(value, _native.Function):
        return True
    inner = getattr(value, "__code__", None)
    return inspect.isfunction(value) and inner.co_filename.endswith(("_written.py", "_beyond.py", "_info.py"))


def stubs():
    """Every stub: its path in the package, and its text."""
    found = {}
    for name in ("array_protocol", "array_protocol.ndarray"):
        module = importlib.import_module(name)
        folder = pathlib.PurePosixPath(*name.split(".")[1:])
        found[folder / "__init__.pyi"] = stub(module, PACKAGE if name == "array_protocol" else "")
        for extension in _build.EXTENSIONS:
            found[folder / f"{extension}.pyi"] = stub(importlib.import_module(f"{name}.{extension}"))
    # A namespace has the same functions whatever the kind, and this one need not be built in to be described.
    for kind, header, more in (("torch", NOTICE + "\n", ""), ("chunked", CHUNKED, lazy_functions())):
        folder = pathlib.PurePosixPath(kind)
        found[folder / "__init__.pyi"] = header + SAME + more
        for extension in _build.EXTENSIONS:
            found[folder / f"{extension}.pyi"] = f"{NOTICE}\n\nfrom ..ndarray.{extension} import *\n"
    return found


def lazy_functions():
    """What lazy arrays have beside the standard's functions."""
    found = _chunked.functions("chunked")
    return "\n" + "\n".join(signature_line(name, function) for name, function in sorted(found.items())) + "\n"


def main(folder):
    for path, text in stubs().items():
        (pathlib.Path(folder) / path).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1])
