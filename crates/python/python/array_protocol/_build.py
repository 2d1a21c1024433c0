"""Namespaces made of the registry's rows.

A row's arrays are positional and its parameters keywords, which is the standard's own habit. `POSITIONAL` names the
parameters that the standard also takes by position; the few functions whose signatures differ in more are written out in
`_written.py`.
"""

import functools
import importlib
import inspect
import sys
import types

from . import _chunked, _info, _native
from ._beyond import beyond
from ._written import written

VERSION = "2025.12"
VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", VERSION)

POSITIONAL = {
    "astype": ("dtype",),
    "broadcast_to": ("shape",),
    "expand_dims": ("axis",),
    "full": ("shape", "fill_value"),
    "full_like": ("fill_value",),
    "matrix_power": ("n",),
    "moveaxis": ("source", "destination"),
    "ones": ("shape",),
    "empty": ("shape",),
    "permute_dims": ("axes",),
    "reshape": ("shape",),
    "roll": ("shift",),
    "squeeze": ("axis",),
    "tile": ("repetitions",),
    "zeros": ("shape",),
    "fftfreq": ("n",),
    "key": ("seed",),
    "rfftfreq": ("n",),
}

# Functions of the standard that accept what no row knows: where arrays go, and whether they may share memory.
ACCEPTED = {
    **dict.fromkeys(
        "astype empty empty_like full full_like ones ones_like zeros zeros_like fftfreq rfftfreq".split(), ("device",)
    ),
    "reshape": ("copy",),
}

# Rows of the main namespace that the standard's extension has too.
ALSO_LINALG = ("matmul", "matrix_transpose", "tensordot", "vecdot")

EXTENSIONS = ("linalg", "fft", "random")

# Rows that only tasks call: they serve no user.
INTERNAL = ("chunks",)

# Functions that are written out for a namespace, and are a row's own where there is none.
UNPLACED = ("astype",)


def rows_of(kind):
    """The rows that users call."""
    return {name: f for name, f in _native.functions(kind, POSITIONAL).items() if f.category not in INTERNAL}


def kind_of(name):
    """The kind of a namespace's name; those with options have a number behind it."""
    return name.partition("#")[0]


def signature(function, accepted=()):
    """The signature of a row's function."""
    kinds, parameters = inspect.Parameter, []
    for name, role in function.arguments:
        maybe = role == "maybe"
        kind = kinds.POSITIONAL_OR_KEYWORD if maybe else kinds.POSITIONAL_ONLY
        parameters.append(kinds(name, kind, default=None if maybe else kinds.empty))
    optional = any(role == "maybe" for _, role in function.arguments)
    by_position, by_name = [], []
    for name, default, positional in function.parameters:
        if positional:
            # What the standard takes by position it also requires.
            by_position.append(kinds(name, kinds.POSITIONAL_OR_KEYWORD, default=None if optional else kinds.empty))
        else:
            by_name.append(kinds(name, kinds.KEYWORD_ONLY, default=default))
    by_name += [kinds(name, kinds.KEYWORD_ONLY, default=None) for name in accepted]
    return inspect.Signature(parameters + by_position + by_name)


def describe(function, name, module):
    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    function.__doc__ = function.doc.strip()
    function.__signature__ = signature(function, ACCEPTED.get(name, ()))
    return function


def fill(module, kind, parts=None):
    """Puts the functions, data types and constants of a kind into its module, and those of extensions into `parts` of it, which
    are files unless given."""
    rows = rows_of(kind)
    everything = {}
    for name, function in rows.items():
        extension = function.category if function.category in EXTENSIONS else None
        place = f"{module['__name__']}.{extension}" if extension else module["__name__"]
        everything.setdefault(extension, {})[name] = describe(function, name, place)
    main = everything[None]
    own = written(kind, rows)
    for name, function in {**beyond(rows, own["asarray"]), **own}.items():
        extension, _, short = name.rpartition(".")
        function.__name__ = function.__qualname__ = short
        function.__module__ = module["__name__"]
        everything.setdefault(extension or None, {})[short] = function
    if kind_of(kind) == "chunked":
        for name, function in _chunked.functions(kind).items():
            function.__module__ = module["__name__"]
            main[name] = function
    if kind in _native.extensions:
        own = vars(_native.extensions[kind])
        main.update({name: value for name, value in own.items() if not name.startswith("__")})
    linalg = everything.setdefault("linalg", {})
    linalg.update({name: main[name] for name in ALSO_LINALG if name in main})
    module.update(main)
    module.update(_native.dtypes)
    module.update(_info.CONSTANTS)
    module.update(
        Array=_native.Array,
        __array_api_version__=VERSION,
        __array_namespace_info__=lambda: _info.Info(kind),
    )
    module["__array_namespace_info__"].__name__ = "__array_namespace_info__"
    for extension in EXTENSIONS:
        if everything.get(extension):
            part = parts[extension] if parts else importlib.import_module(f"{module['__name__']}.{extension}")
            vars(part).update(everything[extension])
            part.__all__ = sorted(everything[extension])
            module[extension] = part
    module["__all__"] = sorted(
        name for name in (*main, *_native.dtypes, *_info.CONSTANTS, *EXTENSIONS, "Array") if name in module
    )


def fill_package(module):
    """Puts the functions that need no namespace into the package: those with arrays, which say where results live."""
    rows = rows_of(None)
    found = {None: {}}
    for name, function in rows.items():
        if all(role == "maybe" for _, role in function.arguments):
            continue
        extension = function.category if function.category in EXTENSIONS else None
        place = f"{module['__name__']}.{extension}" if extension else module["__name__"]
        found.setdefault(extension, {})[name] = describe(function, name, place)
    main = found.pop(None)
    for name, function in written(None, rows).items():
        extension, _, short = name.rpartition(".")
        if name in UNPLACED or short not in (found.get(extension, {}) if extension else main):
            continue
        function.__name__ = function.__qualname__ = short
        function.__module__ = module["__name__"]
        (found[extension] if extension else main)[short] = function
    found.setdefault("linalg", {}).update({name: main[name] for name in ALSO_LINALG if name in main})
    taken = {name for name in main if name in module}
    if taken:
        raise ImportError(f"rows of the registry have the names of the package's own functions: {sorted(taken)}")
    module.update(main)
    module["__all__"] = sorted({*module["__all__"], *main, *found})
    for extension, functions in found.items():
        part = importlib.import_module(f"{module['__name__']}.{extension}")
        vars(part).update(functions)
        part.__all__ = sorted(functions)
        module[extension] = part


@functools.cache
def namespace(kind):
    """The module of a kind: a file of the package, or made here for a kind that was built in from elsewhere."""
    name = f"array_protocol.{kind_of(kind)}"
    if kind != kind_of(kind):
        return made(name, kind, f"{name} with options: `with_options` gives others.")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as e:
        if e.name != name or kind not in _native.data_kinds():
            raise
    return made(name, kind, f"Arrays of kind {kind}: the array API standard {VERSION}.")


def made(name, kind, doc):
    """A module that no file holds."""
    module = types.ModuleType(name, doc)
    parts = {extension: types.ModuleType(f"{name}.{extension}", "The standard's extension.") for extension in EXTENSIONS}
    fill(vars(module), kind, parts)
    if kind == kind_of(kind):
        sys.modules[name] = module
        sys.modules.update({part.__name__: part for part in parts.values()})
    return module


def namespace_of(kind, api_version):
    if api_version is not None and api_version not in VERSIONS:
        raise ValueError(f"there is no version {api_version!r} of the array API here, but {', '.join(VERSIONS)}")
    return _home(kind)


@functools.cache
def _home(kind):
    # Objects of other libraries' classes have no namespace of ours: the functions of no namespace serve them.
    return namespace(kind) if kind_of(kind) in _native.data_kinds() else sys.modules["array_protocol"]
