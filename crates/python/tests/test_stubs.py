"""The type stubs in the package are those that the rows give now."""

import ast
import pathlib

import pytest

import array_protocol
from array_protocol import _stubs

SOURCE = pathlib.Path(__file__).parent.parent / "python" / "array_protocol"


@pytest.mark.parametrize("path", _stubs.stubs(), ids=str)
def test_stubs_are_those_of_the_rows(path):
    stale = "run `python -m array_protocol._stubs crates/python/python/array_protocol`"
    assert (SOURCE / path).read_text() == _stubs.stubs()[path], stale


def test_every_function_has_its_signature():
    tree = ast.parse(_stubs.stubs()[_stubs.pathlib.PurePosixPath("ndarray/__init__.pyi")])
    shown = {node.name: ast.unparse(node.args) for node in tree.body if isinstance(node, ast.FunctionDef)}
    xp = array_protocol.ndarray
    functions = {name for name in xp.__all__ if callable(getattr(xp, name)) and not isinstance(getattr(xp, name), type)}
    assert functions - {"__array_namespace_info__"} <= shown.keys()
    assert "keepdims: builtins.bool=..." in shown["sum"] and shown["sum"].startswith("x: Union[Array, Number], /, *, axis")


def test_stubs_of_the_native_module_name_what_is_there():
    tree = ast.parse((SOURCE / "_native.pyi").read_text())
    names = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    there = {name for name in vars(_stubs._native) if not name.startswith("__")}
    assert there - {"chunked", "dtypes", "extensions"} == names
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            members = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
            # `__getattr__` says that more is there than the stub names.
            assert members - {"__getattr__"} <= set(dir(getattr(_stubs._native, node.name)))
