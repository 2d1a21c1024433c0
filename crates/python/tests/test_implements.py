"""Python classes as kinds: whose function is asked, with what, and what comes back."""

import math
import pickle

import pytest

import array_protocol as ap
import array_protocol.ndarray as xp


class Diagonal:
    """A square matrix by its diagonal: the example of NEP 18."""

    def __init__(self, n, value):
        self.n, self.value = n, value

    dtype = "float64"

    @property
    def shape(self):
        return (self.n, self.n)

    def __repr__(self):
        return f"Diagonal({self.n}, {self.value})"


@ap.implements(ap.sum)
def diagonal_sum(x: Diagonal, *, axis=None, keepdims=False):
    if axis is not None:
        return xp.full((x.n,), x.value)
    return x.n * x.value


@ap.implements("multiply", Diagonal)
def diagonal_multiply(a, b):
    if isinstance(a, Diagonal) and isinstance(b, (int, float)):
        return Diagonal(a.n, a.value * b)
    if isinstance(a, Diagonal) and isinstance(b, ap.Array):
        return "diagonal times array"
    if isinstance(b, Diagonal) and isinstance(a, ap.Array):
        return "array times diagonal"
    return NotImplemented


def test_objects_dispatch_to_their_function_and_come_back_as_they_are():
    d = Diagonal(3, 2.0)
    assert ap.sum(d) == 6.0
    assert ap.sum(d, axis=-1).tolist() == [2, 2, 2]
    assert xp.sum(d) == 6.0
    twice = ap.multiply(d, 2)
    assert type(twice) is Diagonal and twice.value == 4.0


def test_arrays_of_ours_and_objects_meet():
    d, x = Diagonal(2, 1.0), xp.ones((2, 2))
    assert ap.multiply(d, x) == "diagonal times array"
    assert ap.multiply(x, d) == "array times diagonal"
    assert xp.multiply(x, d) == "array times diagonal"
    assert x * d == "array times diagonal"
    with pytest.raises(TypeError):
        x - d
    with pytest.raises(TypeError):
        x[0] = d


def test_our_own_arrays_are_served_without_a_namespace():
    assert float(ap.sum(xp.ones(3))) == 3
    assert ap.linalg.cholesky(xp.eye(2)).tolist() == [[1, 0], [0, 1]]
    assert ap.concat([xp.ones(1), xp.zeros(1)]).tolist() == [1, 0]
    assert ap.tensordot(xp.ones(2), xp.ones(2), axes=1).tolist() == 2
    assert pickle.loads(pickle.dumps(ap.sum)) is ap.sum
    assert not hasattr(ap, "zeros") and ap.zeros_like(xp.ones(2)).tolist() == [0, 0]
    with pytest.raises(TypeError, match="plain numbers"):
        ap.add(1, 2)


def test_what_declines_is_told_with_its_reason():
    d = Diagonal(2, 1.0)
    with pytest.raises(NotImplementedError, match="diagonal_multiply returned NotImplemented"):
        ap.multiply(d, d)
    with pytest.raises(NotImplementedError, match=r"implements\(array_protocol.exp"):
        ap.exp(d)

    def picky(x):
        raise ap.Decline("only on Sundays")

    with ap.register(ap.sin, Diagonal, picky):
        with pytest.raises(NotImplementedError, match="only on Sundays"):
            ap.sin(d)


def test_exceptions_of_an_implementation_come_out_unchanged():
    failure = KeyError("mine")

    def broken(x):
        raise failure

    with ap.register("cos", Diagonal, broken), pytest.raises(KeyError) as caught:
        ap.cos(Diagonal(2, 1.0))
    assert caught.value is failure


def test_registrations_stack_and_are_taken_back():
    d = Diagonal(2, 1.0)
    with pytest.raises((RuntimeError, ValueError), match="override=True"):
        ap.register(ap.sum, Diagonal, lambda x: 0)
    with ap.register(ap.sum, Diagonal, lambda x: "other", override=True):
        assert ap.sum(d) == "other"
    assert ap.sum(d) == 2.0
    registration = ap.register(ap.tan, Diagonal, lambda x: "tangent")
    assert ap.tan(d) == "tangent"
    registration.remove()
    with pytest.raises(NotImplementedError):
        ap.tan(d)


class Base:
    shape, dtype = (2,), float

    def __init__(self, name):
        self.name = name


class Sub(Base):
    pass


class Unregistered(Sub):
    pass


class Other:
    shape, dtype = (2,), xp.float64


def answering(word, *declines):
    def f(*objects):
        return NotImplemented if any(type(o) in declines for o in objects) else (word, *map(type, objects))

    return f


def first_of_pair(word, *declines):
    """Answers with an array-like that remembers who answered."""
    f = answering(word, *declines)

    def g(*objects):
        found = f(*objects)
        return found if found is NotImplemented else Base(found)

    return g


def test_subclasses_are_asked_before_superclasses_and_otherwise_the_left_one():
    with (
        ap.register(ap.add, Base, first_of_pair("base")),
        ap.register(ap.add, Sub, first_of_pair("sub")),
        ap.register(ap.add, Other, first_of_pair("other")),
    ):
        base, sub, other = Base(1), Sub(2), Other()
        assert ap.add(base, base).name[0] == "base"
        assert ap.add(base, sub).name == ("sub", Base, Sub)
        assert ap.add(sub, base).name == ("sub", Sub, Base)
        assert ap.add(base, other).name == ("base", Base, Other)
        assert ap.add(other, base).name == ("other", Other, Base)
        # Other stands before Sub, which stands before Base.
        assert ap.add(other, sub).name[0] == "other"
        # A class without functions of its own has its superclass's.
        assert ap.add(base, Unregistered(1)).name == ("sub", Base, Unregistered)


def test_who_declines_sends_the_call_on_to_the_next_class():
    with (
        ap.register(ap.add, Base, first_of_pair("base")),
        ap.register(ap.add, Sub, first_of_pair("sub", Base)),
        ap.register(ap.add, Other, first_of_pair("other", Base)),
    ):
        base, sub, other = Base(1), Sub(2), Other()
        assert ap.add(base, sub).name == ("base", Base, Sub)
        assert ap.add(other, base).name == ("base", Other, Base)
        assert ap.add(other, sub).name == ("other", Other, Sub)


def test_compositions_serve_where_their_parts_are_registered():
    class Scalar:
        """A number under another roof."""

        shape = ()

        def __init__(self, value):
            self.value = value
            self.dtype = "bool" if isinstance(value, bool) else "float64"

    def unwrapped(x):
        return x.value if isinstance(x, Scalar) else x

    for name, f in {
        "abs": lambda a: Scalar(abs(a.value)),
        "less": lambda a, b: Scalar(unwrapped(a) < unwrapped(b)),
        "where": lambda c, a, b: Scalar(unwrapped(a if c.value else b)),
        "multiply": lambda a, b: Scalar(unwrapped(a) * unwrapped(b)),
        "exp": lambda a: Scalar(math.exp(a.value)),
        "tanh": lambda a: Scalar(math.tanh(a.value)),
        "add": lambda a, b: Scalar(unwrapped(a) + unwrapped(b)),
        "divide": lambda a, b: Scalar(unwrapped(a) / unwrapped(b)),
        "negative": lambda a: Scalar(-a.value),
    }.items():
        ap.register(name, Scalar, f)
    half = ap.sigmoid(Scalar(3.0))
    assert isinstance(half, Scalar) and abs(half.value - 1 / (1 + math.exp(-3))) < 1e-15
    # A derivative is made of the protocol's functions, so it needs no more than these, and a one to begin with.
    with pytest.raises(NotImplementedError, match="from_array"):
        ap.grad(ap.exp)(Scalar(1.0))
    ap.kind(Scalar, from_array=lambda x: Scalar(float(x)))
    slope = ap.grad(lambda x: ap.multiply(ap.exp(x), x))(Scalar(1.0))
    assert isinstance(slope, Scalar) and abs(slope.value - 2 * math.e) < 1e-12


def test_lists_of_arrays_come_as_one_list():
    seen = []

    def concat(arrays, *, axis=0):
        seen.append((arrays, axis))
        return Base("joined")

    a, b = Base(1), xp.ones(2)
    with ap.register(ap.concat, Base, concat):
        assert ap.concat([a, b], axis=-1).name == "joined"
    assert seen[0][0][0] is a and type(seen[0][0][1]) is ap.Array and seen[0][1] == 0


def test_several_results():
    with ap.register(ap.unique_counts, Base, lambda x: (Base("values"), Base("counts"))):
        values, counts = ap.unique_counts(Base(0))
        assert (values.name, counts.name) == ("values", "counts")
    with ap.register(ap.unique_counts, Base, lambda x: Base("only one")), pytest.raises(TypeError, match="2 results"):
        ap.unique_counts(Base(0))
    with ap.register(ap.sin, Base, lambda x: None), pytest.raises(TypeError, match="returned None"):
        ap.sin(Base(0))


def test_shapes_and_types_are_read_as_the_class_says():
    class Bare:
        pass

    ap.register(ap.sum, Bare, lambda x: "sum")
    with pytest.raises(TypeError, match=r"has none: give the class an attribute `shape`.*array_protocol.kind\("):
        ap.sum(Bare())
    ap.kind(Bare, shape=lambda x: (2, 3))
    with pytest.raises(TypeError, match="attribute `dtype`"):
        ap.sum(Bare())
    ap.kind(Bare, dtype=lambda x: "torch.float32")
    assert ap.sum(Bare()) == "sum"
    with pytest.raises(IndexError, match="axis 2"):
        ap.sum(Bare(), axis=2)
    ap.kind(Bare, dtype=lambda x: "quaternion")
    with pytest.raises(TypeError, match="quaternion"):
        ap.sum(Bare())


def test_endless_calls_are_pythons_recursion_error():
    with ap.register(ap.sin, Base, lambda x: ap.sin(x)), pytest.raises(RecursionError):
        ap.sin(Base(0))

    def endless(x):
        return ap.grad(endless)(x)

    with pytest.raises(RecursionError):
        endless(1.0)

    class Circular:
        dtype = "float64"

        @property
        def shape(self):
            return ap.sum(self)

    ap.kind(Circular)
    with pytest.raises(RecursionError):
        ap.sum(Circular())


def test_the_class_is_annotated_or_given_or_around():
    class Inside:
        shape, dtype = (1,), "int64"

        @ap.implements(ap.sum)
        def total(self):
            return "from the body"

    assert ap.sum(Inside()) == "from the body" and Inside().total() == "from the body"

    @ap.implements(ap.prod)
    def either(x: Base | Sub | ap.Array):
        return "product"

    assert ap.prod(Base(1)) == ap.prod(Sub(1)) == "product"
    with pytest.raises(TypeError, match="which class"):
        ap.implements(ap.sum)(lambda x: 0)
    with pytest.raises(TypeError, match="no function of array_protocol"):
        ap.implements(sum, Base)
        ap.register(sum, Base, lambda x: 0)
    with pytest.raises(NotImplementedError, match="no crate that is linked defines this operation"):
        ap.register("no_such_row", Base, lambda x: 0)
    for wrong in (ap.Array, int, object):
        with pytest.raises(TypeError, match="cannot be registered"):
            ap.register(ap.sum, wrong, lambda x: 0)


def test_the_registry_shows_what_is_registered():
    assert any(op == "sum" and kind.endswith("Diagonal") for op, kind, _ in ap.handled_functions())
    assert "registered at" in ap.explain(ap.sum, Diagonal(1, 1.0))
    assert "composition" in ap.explain("square", xp.ones(1)) or "kernel" in ap.explain("square", xp.ones(1))


def test_torch_tensors_are_anybodys_class():
    torch = pytest.importorskip("torch")

    @ap.implements(ap.sum, torch.Tensor)
    def tensor_sum(x, *, axis=None, keepdims=False, dtype=None):
        return torch.sum(x) if axis is None else torch.sum(x, dim=axis, keepdim=keepdims)

    x = torch.ones((2, 3))
    assert float(ap.sum(x)) == 6 and isinstance(ap.sum(x, axis=0), torch.Tensor)
    assert ap.sum(torch.nn.Parameter(x), axis=1).shape == (2,)
