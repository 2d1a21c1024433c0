"""Python classes as kinds: anybody's class answers to the functions of `array_protocol`.

    @array_protocol.implements(array_protocol.sum, torch.Tensor)
    def tensor_sum(x, *, axis=None, keepdims=False):
        return torch.sum(x, dim=axis, keepdim=keepdims)

    array_protocol.sum(torch.ones(3))  # a torch.Tensor
"""

import functools
import inspect
import types
import typing

from . import _native
from ._native import Array

__all__ = ["explain", "handled_functions", "implements", "kind", "register"]

explain = _native.explain
handled_functions = _native.handled_functions

# What an annotation may name beside the class that is meant.
_OTHERS = (Array, bool, int, float, complex, type(None))


def kind(cls, /, *, shape=None, dtype=None, from_array=None):
    """Makes a class a kind of array, and says what its objects do not say themselves.

    `shape` and `dtype` are functions that read an object's extents and data type, where it has no such attributes;
    `from_array` makes an object of one of our arrays, which compositions need that make constants. Returns the kind's
    name. Kinds are kept for good, and a program can have 4,000.
    """
    if not isinstance(cls, type):
        raise TypeError(f"kind: {cls!r} is not a class")
    return _native.kind(cls, {"shape": shape, "dtype": dtype, "from_array": from_array})


def register(function, cls, implementation, /, *, override=False):
    """Registers `implementation` for the objects of a class; the registration's `remove()` takes it back.

    The registration is also a context manager, which takes it back at the end of a `with`.
    """
    if not isinstance(cls, type):
        raise TypeError(f"register: {cls!r} is not a class")
    return _native.register(function, cls, implementation, override)


def implements(function, cls=None, /, *, override=False):
    """A decorator: this function is a class's implementation of `function`, given itself or by its name.

    The class is `cls`, or the annotation of the first parameter, or the class in whose body the decorator stands.
    Implementations get the arrays by position (a list of arrays as one list) and by keyword those parameters that are not
    the default, in canonical form: an axis is not negative. Python's numbers stay numbers, arrays of other kinds are
    `array_protocol.Array`.

    Where classes meet, subclasses are asked before superclasses, otherwise from left to right. An implementation declines
    by returning `NotImplemented` or raising `array_protocol.Decline(reason)`; then the next one is asked, and last the
    operation's composition.
    """

    def decorate(implementation):
        if cls is not None:
            classes = (cls,)
        else:
            classes = _annotated(implementation)
            if not classes and _in_class_body(implementation):
                return _InClass(function, implementation, override)
        if not classes:
            raise TypeError(
                f"implements: which class is {getattr(implementation, '__qualname__', implementation)} for? Annotate its "
                "first parameter with the class, or write implements(function, TheClass)"
            )
        for one in classes:
            register(function, one, implementation, override=override)
        return implementation

    return decorate


def _annotated(implementation):
    """The classes that the first parameter's annotation names."""
    try:
        first = next(iter(inspect.signature(implementation).parameters), None)
        hint = typing.get_type_hints(implementation).get(first)
    except (NameError, TypeError, ValueError):
        return ()
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    named = typing.get_args(hint) if union else (hint,)
    return tuple(c for c in named if isinstance(c, type) and c not in _OTHERS and c is not object)


def _in_class_body(implementation):
    outer = getattr(implementation, "__qualname__", "").rpartition(".")[0]
    return bool(outer) and not outer.endswith("<locals>")


class _InClass:
    """An implementation in a class's body: registered once the class exists, and then a plain method."""

    def __init__(self, function, implementation, override):
        self.function, self.implementation, self.override = function, implementation, override
        functools.update_wrapper(self, implementation)

    def __set_name__(self, owner, name):
        setattr(owner, name, self.implementation)
        register(self.function, owner, self.implementation, override=self.override)
