"""Whatever Python sends, an array or one of Python's own exceptions comes back.

Random calls, the same for the same seed: `ANY_CALL_SECONDS=600 pytest crates/python/tests/test_any_call.py`, with a seed
of the day unless `ANY_CALL_SEED` is given; the seed is printed when something is found.
"""

import inspect
import os
import random
import time

import pytest

import array_protocol.ndarray as xp

np = pytest.importorskip("numpy")
resource = pytest.importorskip("resource")

pytestmark = pytest.mark.skipif("ANY_CALL_SECONDS" not in os.environ, reason="long: set ANY_CALL_SECONDS")

SECONDS = float(os.environ.get("ANY_CALL_SECONDS", "1.5"))
SEED = int(os.environ.get("ANY_CALL_SEED", "1" if SECONDS < 10 else str(int(time.time()))))

# What the standard and Python raise for bad input. A panic is a RuntimeError that says whose mistake it is.
EXPECTED = (TypeError, ValueError, IndexError, OverflowError, NotImplementedError, MemoryError, AttributeError, BufferError)

DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "complex64",
    "complex128",
]
NUMBERS = [0, 1, -1, 2, 3, -2, 5, 127, -128, 2**31, -(2**63), 2**63, 2**64, 10**30, 0.0, -0.0, 0.5, -1.5, 1e300, 1e-300]
NUMBERS += [float("nan"), float("inf"), -float("inf"), 1j, complex("nan"), True, False]
ODD = [None, "", "full", b"x", (), [], {}, [1, [2]], object(), int, slice(None), ..., "\ud800", {1: 2}]


@pytest.fixture(autouse=True, scope="module")
def little_memory():
    """Results that fill the machine are slow to make, and the system ends what asks for more: here they are refused."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def rounds(seed):
    """Random generators until the time is over, each with the seed that repeats it."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        seed += 1
        yield seed, random.Random(seed)


def numpy_array(r):
    shape = tuple(r.choice([0, 1, 2, 3, 3, 4]) for _ in range(r.randrange(4)))
    dtype = np.dtype(r.choice(DTYPES))
    values = [r.choice(NUMBERS) for _ in range(int(np.prod(shape)))]
    with np.errstate(all="ignore"):
        x = np.array([np.array(complex(v)).real if dtype.kind != "c" else complex(v) for v in values] or [], np.complex128)
        x = np.nan_to_num(x, nan=2, posinf=3, neginf=-3) if dtype.kind in "iu" else x
        x = (x if dtype.kind == "c" else x.real).astype(dtype).reshape(shape)
    for axis in range(x.ndim):
        step = r.choice([1, 1, 1, -1, 2, -2])
        x = x[(slice(None),) * axis + (slice(None, None, step),)]
    if r.random() < 0.3:
        x = x.T
    if r.random() < 0.1:
        x = np.broadcast_to(x, (2, *x.shape))
    return x


def array(r):
    return xp.from_dlpack(numpy_array(r), copy=True)


def check(seed, what, call):
    """Runs a call; says what it was if anything else than a result or an ordinary exception comes out."""
    started = time.monotonic()
    try:
        result = call()
    except EXPECTED as e:
        assert "mistake in array_protocol" not in str(e), f"seed {seed}: {what()}: {e}"
        return None
    except RuntimeError as e:
        pytest.fail(f"seed {seed}: {what()}: {e}")
    assert time.monotonic() - started < 5, f"seed {seed}: {what()} took long"
    return result


def index(r, x):
    def one():
        n = r.choice(x.shape) if x.ndim else 1
        kind = r.randrange(10)
        if kind < 3:
            return r.choice([0, -1, 1, n - 1, n, -n, -n - 1, 2**63, -(2**70)])
        if kind < 6:
            part = [None, None, 0, 1, -1, 2, -2, n, -n, 2**63, -(2**63), 2**70]
            return slice(r.choice(part), r.choice(part), r.choice([None, 1, -1, 2, -3, 0, 2**62]))
        if kind == 6:
            return r.choice([None, ...])
        if kind == 7:
            shape = tuple(r.choice([1, 2, 3]) for _ in range(r.randrange(3)))
            return np.array([r.randrange(-n - 1, n + 1) for _ in range(int(np.prod(shape)))], np.int64).reshape(shape)
        if kind == 8:
            k = r.randrange(x.ndim + 1)
            return np.array([r.random() < 0.5 for _ in range(int(np.prod(x.shape[:k])))], bool).reshape(x.shape[:k])
        return r.choice(ODD + [1.5, True])

    return one() if r.random() < 0.4 else tuple(one() for _ in range(r.randrange(4)))


def ours(i):
    if isinstance(i, tuple):
        return tuple(map(ours, i))
    return xp.asarray(i) if isinstance(i, np.ndarray) else i


def same(got, want):
    got = np.asarray(got)
    assert got.dtype == want.dtype and got.shape == want.shape, f"{got.dtype}{got.shape}, not {want.dtype}{want.shape}"
    np.testing.assert_array_equal(got, want)


def test_reading_by_any_index_is_numpys_or_refused():
    for seed, r in rounds(SEED):
        x = numpy_array(r)
        i = index(r, x)
        got = check(seed, lambda: f"{x!r}[{i!r}]", lambda: xp.asarray(x, copy=True)[ours(i)])
        if got is not None:
            try:
                want = x[i]
            except Exception as e:
                pytest.fail(f"seed {seed}: {x!r}[{i!r}] is {got!r}, but NumPy says {e!r}")
            try:
                same(got, np.asarray(want))
            except AssertionError as e:
                pytest.fail(f"seed {seed}: {x!r}[{i!r}]: {e}")


def test_setting_by_any_index_is_numpys_or_leaves_the_array_as_it_was():
    for seed, r in rounds(SEED):
        x = np.array(numpy_array(r))
        i, value = index(r, x), r.choice([r.choice(NUMBERS), numpy_array(r), r.choice(ODD)])
        y = xp.asarray(x, copy=True)
        before = np.array(y)

        def put():
            y[ours(i)] = ours(value)
            return True

        def what():
            return f"{x!r}[{i!r}] = {value!r}"

        done = check(seed, what, put)
        if done is None:
            try:
                same(y, before)
            except AssertionError as e:
                pytest.fail(f"seed {seed}: {what()}: refused, but changed: {e}")
            continue
        with np.errstate(all="ignore"):
            try:
                x[i] = value
            except Exception as e:
                pytest.fail(f"seed {seed}: {what()} was done, but NumPy says {e!r}")
        try:
            same(y, x)
        except AssertionError as e:
            pytest.fail(f"seed {seed}: {what()}: {e}")


def test_any_memory_layout_is_read_as_numpy_reads_it():
    for seed, r in rounds(SEED):
        x = numpy_array(r)
        for read in (lambda: xp.asarray(x), lambda: xp.from_dlpack(x, copy=True)):
            got = check(seed, lambda: f"reading {x!r} with strides {x.strides}", read)
            if got is not None:
                same(got, x)


def argument(r):
    # Python repeats sequences, as often as a 0-d array of integers says.
    odd = [v for v in ODD if not isinstance(v, (str, bytes, list, tuple))]
    return r.choice([lambda: array(r), lambda: array(r), lambda: r.choice(NUMBERS), lambda: r.choice(odd)])()


def test_any_operator():
    import operator

    binary = [
        operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
        operator.matmul, operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift, operator.lt,
        operator.eq, operator.iadd, operator.imul, operator.ipow, operator.itruediv, operator.imatmul, operator.ilshift,
    ]
    unary = [operator.neg, operator.pos, operator.invert, abs, bool, int, float, complex, operator.index, len, repr, hash, iter]
    for seed, r in rounds(SEED):
        x, y = array(r), argument(r)
        f = r.choice(binary)
        check(seed, lambda: f"{f}({x!r}, {y!r})", lambda: f(x, y))
        check(seed, lambda: f"{f}({y!r}, {x!r})", lambda: f(y, x))
        g = r.choice(unary)
        check(seed, lambda: f"{g}({x!r})", lambda: g(x))


def functions():
    for place in (xp, xp.linalg, xp.fft, xp.random):
        for name in place.__all__:
            f = getattr(place, name)
            if callable(f) and not isinstance(f, type):
                yield f"{place.__name__}.{name}", f


def test_any_function_with_any_arguments():
    everything = list(functions())
    assert len(everything) > 200
    names = sorted({p for _, f in everything for p in inspect.signature(f).parameters})
    words = ["ij", "left", "right", "ortho", "complete", "r", "float64", "cpu", "edge", "ij,jk->ik", xp.float32, xp.int8]
    for seed, r in rounds(SEED):
        name, f = r.choice(everything)
        small = [0, 1, 2, -1, (0,), (1, 0), [2, 3], (2, 2), 10**15, (10**9, 10**9), -(10**15), 2**63, 2**70]

        def value():
            return r.choice([r.choice(small), r.choice(words), r.choice(NUMBERS), r.choice(ODD), array(r), [array(r), array(r)]])

        parameters = list(inspect.signature(f).parameters.values())
        given = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        args = [array(r) if r.random() < 0.7 else value() for p in given if p.default is p.empty or r.random() < 0.3]
        named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and r.random() < 0.4]
        if r.random() < 0.1:
            named.append(r.choice(names))
        kwargs = {k: value() for k in named}
        check(seed, lambda: f"{name}(*{args!r}, **{kwargs!r})", lambda: f(*args, **kwargs))
