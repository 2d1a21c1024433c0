"""Derivatives and vectorisation of Python functions, in any order and nested in any order.

The functions that are transformed are of arrays, or of dictionaries, lists and tuples of arrays. Their exceptions come out
as they are.
"""

import functools

from . import _native

__all__ = ["grad", "hessian", "jacobian", "jvp", "value_and_grad", "vjp", "vmap"]


def _places(what, argnums, count):
    """Positions of arguments as numbers from 0."""
    for n in argnums if isinstance(argnums, tuple) else (argnums,):
        if not isinstance(n, int) or isinstance(n, bool):
            raise TypeError(f"{what}: argnums is {argnums!r}, but must be a position or a tuple of positions")
        if not -count <= n < count:
            raise ValueError(f"{what}: argnums is {argnums!r}, but {count} arguments were given by position")
    return tuple(n % count for n in argnums) if isinstance(argnums, tuple) else argnums % count


def _of_chosen(function, argnums, args, kwargs):
    """The function of the chosen arguments alone, and these."""

    def of_chosen(x):
        values = list(args)
        if isinstance(argnums, tuple):
            for n, value in zip(argnums, x):
                values[n] = value
        else:
            values[argnums] = x
        return function(*values, **kwargs)

    chosen = tuple(args[n] for n in argnums) if isinstance(argnums, tuple) else args[argnums]
    return of_chosen, chosen


def _transformed(function, native, what, argnums):
    if not callable(function):
        raise TypeError(f"{what}: {function!r} is not a function")

    @functools.wraps(function)
    def transformed(*args, **kwargs):
        return native(*_of_chosen(function, _places(what, argnums, len(args)), args, kwargs))

    return transformed


def value_and_grad(function, argnums=0):
    """Like `grad`, with the function's value before the gradient."""
    return _transformed(function, _native.value_and_grad, "value_and_grad", argnums)


def grad(function, argnums=0):
    """The gradient of a function whose value is one real number.

    `argnums` says which argument is differentiated by, or which ones: then the result is a tuple. The gradient has the
    form of the argument. For complex arrays it points uphill: `x + t * grad` increases the value.

    >>> import array_protocol.ndarray as xp
    >>> grad(lambda x: xp.sum(x**3))(xp.asarray([1.0, 2.0]))
    array([ 3., 12.])
    """
    return _transformed(function, lambda f, x: _native.value_and_grad(f, x)[1], "grad", argnums)


def hessian(function, argnums=0):
    """The second derivatives of a real function of one array: the axes of the argument twice."""
    return _transformed(function, _native.hessian, "hessian", argnums)


def jacobian(function, argnums=0):
    """The first derivatives of a function of one array: the axes of the value, then those of the argument."""
    return _transformed(function, _native.jacobian, "jacobian", argnums)


def _primals(function, primals):
    """A function of the tuple of its arguments, or of the only one."""
    if len(primals) == 1:
        return function, primals[0]
    return (lambda x: function(*x)), tuple(primals)


def jvp(function, primals, tangents):
    """The value of a function and its derivative in a direction.

    `primals` is the argument, or a tuple of the arguments; `tangents` has its form, shapes and types.
    """
    if isinstance(primals, tuple) != isinstance(tangents, tuple):
        raise TypeError("jvp: primals and tangents are both tuples of arguments, or both the only argument")
    if not isinstance(primals, tuple):
        return _native.jvp(function, primals, tangents)
    if len(primals) != len(tangents) or not primals:
        raise ValueError(f"jvp: {len(primals)} primals and {len(tangents)} tangents; as many of each are due, at least one")
    f, x = _primals(function, primals)
    return _native.jvp(f, x, tangents[0] if len(tangents) == 1 else tangents)


def vjp(function, *primals):
    """The value of a function, and the map from its cotangents to those of its argument (a tuple, if there are several)."""
    if not primals:
        raise TypeError("vjp: there is no argument to differentiate by")
    return _native.vjp(*_primals(function, primals))


def _mapped(tree, f):
    """A tree with every array replaced."""
    if isinstance(tree, dict):
        return {key: _mapped(value, f) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return tree._make(_mapped(value, f) for value in tree)
    if isinstance(tree, (list, tuple)):
        return type(tree)(_mapped(value, f) for value in tree)
    return tree if tree is None else f(tree)


def _moved(tree, source, destination):
    from . import moveaxis

    return tree if source == destination else _mapped(tree, lambda x: moveaxis(x, source, destination))


def vmap(function, in_axes=0, out_axes=0):
    """A function of one becomes a function of many at once.

    `in_axes` says which axis of the arguments' arrays counts the many: one number for all arguments, or a tuple with one
    number for each, `None` for an argument that is the same for all. Results have the axis at `out_axes`. Inside the
    function, arrays do not have it.

    >>> import array_protocol.ndarray as xp
    >>> vmap(lambda x, y: x @ y, in_axes=(0, None))(xp.ones((3, 2)), xp.ones(2))
    array([2., 2., 2.])
    """
    if not callable(function):
        raise TypeError(f"vmap: {function!r} is not a function")

    @functools.wraps(function)
    def vectorised(*args, **kwargs):
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ValueError(f"vmap: in_axes has {len(axes)} entries for {len(args)} arguments")
        for axis in (*axes, out_axes):
            if isinstance(axis, bool) or not isinstance(axis, int) and not (axis is None and axis is not out_axes):
                raise TypeError(f"vmap: {axis!r} is no axis; in_axes holds numbers and None, out_axes is a number")
        chosen = tuple(n for n, axis in enumerate(axes) if axis is not None)
        if not chosen:
            raise ValueError("vmap: in_axes leaves no argument to vectorise over")
        moved = [a if axis is None else _moved(a, axis, 0) for a, axis in zip(args, axes)]
        return _moved(_native.vmap(*_of_chosen(function, chosen, moved, kwargs)), 0, out_axes)

    return vectorised
