"""Times array functions as users of NumPy, PyTorch, JAX and array-protocol call them from Python.

One call times one library and prints one line of JSON, pairs of case and seconds:

    python ops.py numpy|torch|jax|array-protocol [--only PATTERN] [--quick]

A case is repeated until it takes `SPAN` seconds, five times; its time is the shortest of the five. Functions are called as
they are, results are new arrays, JAX's are waited for. JAX's `jit` is used where several functions make one expression.
"""

import argparse
import json
import re
import time

import numpy as np

SPAN = 0.02
ROUNDS = 5
SIZES = (1, 1_000, 100_000, 10_000_000)
DTYPES = ("float32", "float64")


class Library:
    """What the cases below ask for, as NumPy names it; the other libraries differ in a few names."""

    def __init__(self, xp):
        self.xp, self.linalg, self.fft = xp, xp.linalg, xp.fft

    def __getattr__(self, name):
        return getattr(self.xp, name)

    def array(self, values):
        return self.xp.asarray(values)

    def wait(self, result):
        return result

    def compiled(self, function):
        return function

    def made(self, function, *arguments, dtype):
        return function(*arguments, dtype=dtype)


class NumPy(Library):
    def __init__(self):
        super().__init__(np)
        self.generator = np.random.default_rng(0)

    def contiguous(self, x):
        return np.ascontiguousarray(x)

    def uniform(self, n, dtype):
        return self.generator.random(n, dtype=dtype)

    def normal(self, n, dtype):
        return self.generator.standard_normal(n, dtype=dtype)


class Torch(Library):
    def __init__(self):
        import torch

        super().__init__(torch)
        self.max, self.permute_dims, self.equal = torch.amax, torch.permute, torch.eq
        self.concat, self.astype = torch.concat, lambda x, dtype: x.to(getattr(torch, dtype))

    def sum(self, x, axis=None):
        return self.xp.sum(x) if axis is None else self.xp.sum(x, dim=axis)

    def std(self, x, axis=None):
        return self.xp.std(x, dim=axis, correction=0)

    def cumulative_sum(self, x, axis):
        return self.xp.cumsum(x, dim=axis)

    def cumulative_prod(self, x, axis):
        return self.xp.cumprod(x, dim=axis)

    def unique_counts(self, x):
        return self.xp.unique(x, return_counts=True)

    def take_along_axis(self, x, i, axis):
        return self.xp.take_along_dim(x, i, dim=axis)

    def repeat(self, x, repeats, axis):
        return self.xp.repeat_interleave(x, repeats, dim=axis)

    def roll(self, x, shift, axis):
        return self.xp.roll(x, shift, dims=axis)

    def nonzero(self, x):
        return self.xp.nonzero(x, as_tuple=True)

    def made(self, function, *arguments, dtype):
        return function(*arguments, dtype=getattr(self.xp, dtype))

    def sort(self, x):
        return self.xp.sort(x).values

    def argsort(self, x):
        return self.xp.argsort(x, stable=True)

    def unique_values(self, x):
        return self.xp.unique(x)

    def contiguous(self, x):
        return x.contiguous()

    def take(self, x, i):
        return self.xp.index_select(x, 0, i)

    def uniform(self, n, dtype):
        return self.xp.rand(n, dtype=getattr(self.xp, dtype))

    def normal(self, n, dtype):
        return self.xp.randn(n, dtype=getattr(self.xp, dtype))


class Jax(Library):
    def __init__(self):
        import jax
        import jax.numpy

        jax.config.update("jax_enable_x64", True)
        super().__init__(jax.numpy)
        self.jax, self.key = jax, jax.random.key(seed=0)
        self.wait, self.compiled = jax.block_until_ready, jax.jit
        self.copied = jax.jit(lambda x: x + 0)

    def contiguous(self, x):
        return self.copied(x)

    def uniform(self, n, dtype):
        return self.jax.random.uniform(self.key, (n,), dtype=dtype)

    def normal(self, n, dtype):
        return self.jax.random.normal(self.key, (n,), dtype=dtype)


class Ours(Library):
    def __init__(self):
        import array_protocol.ndarray

        super().__init__(array_protocol.ndarray)
        self.key = self.xp.random.key(seed=0)

    def astype(self, x, dtype):
        return self.xp.astype(x, getattr(self.xp, dtype))

    def made(self, function, *arguments, dtype):
        return function(*arguments, dtype=getattr(self.xp, dtype))

    def max(self, x, axis=None):
        return self.xp.max(x, axis=axis)

    def compiled(self, function):
        import array_protocol.chunked

        def lazy(x):
            return array_protocol.chunked.from_array(x, chunks=-1)

        def in_one_pass(*arrays):
            # What is written with lazy arrays goes over memory once, which pays where the cache does not hold the arrays.
            large = arrays[0].size >= 1_000_000
            return function(*map(lazy, arrays)).compute() if large else function(*arrays)

        return in_one_pass

    def contiguous(self, x):
        # A copy alone would be put off: arrays are values.
        return x + 0

    def uniform(self, n, dtype):
        return self.xp.random.uniform(self.key, shape=(n,), dtype=getattr(self.xp, dtype))

    def normal(self, n, dtype):
        return self.xp.random.normal(self.key, shape=(n,), dtype=getattr(self.xp, dtype))


LIBRARIES = {"numpy": NumPy, "torch": Torch, "jax": Jax, "array-protocol": Ours}

ROUNDED = ("floor", "ceil", "round", "trunc")
CIRCULAR = ("sin", "cos", "tan", "asin", "acos", "atan")
HYPERBOLIC = ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")
EXPONENTIAL = ("exp", "expm1", "log", "log1p", "log2", "log10")
UNARY = ("negative", "abs", "sign", "square", "sqrt", "reciprocal", "isnan", *ROUNDED, *CIRCULAR, *HYPERBOLIC, *EXPONENTIAL)
ARITHMETIC = ("add", "subtract", "multiply", "divide", "floor_divide", "remainder")
BINARY = (*ARITHMETIC, "maximum", "pow", "less", "equal", "atan2", "hypot", "logaddexp", "copysign")
INTEGERS = ("add", "multiply", "floor_divide", "remainder", "maximum", "less", "bitwise_and")
COMPLEX = ("multiply", "divide", "exp", "sqrt", "abs")
REDUCTIONS = ("sum", "mean", "max", "argmax", "std")
DECOMPOSITIONS = ("cholesky", "qr", "inv", "svd", "eigh")


def cases(xp):
    """Names of cases, and what makes each: its arrays are made only when it is timed."""
    rng = np.random.default_rng(0)

    def draw(dtype, *shape):
        return xp.array(rng.random(shape).astype(dtype))

    def case(function, *arrays):
        return lambda: (lambda made: lambda: function(*made))([make() for make in arrays])

    def of(dtype, *shape):
        return lambda: draw(dtype, *shape)

    def truths(n):
        return lambda: xp.array(rng.random(n) < 0.5)

    def whole_numbers(dtype, n):
        return lambda: xp.array(rng.integers(1, 100, n).astype(dtype))

    def in_order(x):
        # Whatever order of axes a library keeps in memory, one axis has only one.
        return xp.reshape(x, (-1,))

    def whole(function):
        # A reduction over all axes is asked for in its shortest form.
        return lambda x: function(x)

    for dtype in DTYPES:
        short = {"float32": "f32", "float64": "f64"}[dtype]
        for n in SIZES:
            at = f"{short} {n}"
            for name in UNARY:
                least = 1 if name == "acosh" else 0
                values = lambda n=n, dtype=dtype, least=least: draw(dtype, n) + least  # noqa: E731
                yield f"{name} {at}", case(getattr(xp, name), values)
            for name in BINARY:
                yield f"{name} {at}", case(getattr(xp, name), of(dtype, n), of(dtype, n))
            for name in REDUCTIONS:
                yield f"{name} {at}", case(whole(getattr(xp, name)), of(dtype, n))
            yield f"x * 2 {at}", case(lambda x: x * 2, of(dtype, n))
            yield f"where {at}", case(lambda x, y: xp.where(x < y, x, y), of(dtype, n), of(dtype, n))
            yield f"clip {at}", case(lambda x: xp.clip(x, 0.25, 0.75), of(dtype, n))
            yield f"cumulative_sum {at}", case(lambda x: xp.cumulative_sum(x, axis=0), of(dtype, n))
            yield f"astype int32 {at}", case(lambda x: xp.astype(x, "int32"), of(dtype, n))
            together = xp.compiled(lambda a, b: xp.exp(-(a * a + b * b) * 0.5) + a * b)
            yield f"exp(-(a*a+b*b)/2)+a*b {at}", case(together, of(dtype, n), of(dtype, n))
        for name in REDUCTIONS:
            for axis in (0, 1):
                reduce = getattr(xp, name)
                run = case(lambda x, reduce=reduce, axis=axis: reduce(x, axis=axis), of(dtype, 2000, 2000))
                yield f"{name} axis {axis} {short} 2000x2000", run
        for axis in (0, 1):
            run = case(lambda x, axis=axis: xp.cumulative_sum(x, axis=axis), of(dtype, 2000, 2000))
            yield f"cumulative_sum axis {axis} {short} 2000x2000", run
        yield f"x + x.T {short} 2000x2000", case(lambda x: x + x.T, of(dtype, 2000, 2000))
        yield f"x.T copied {short} 2000x2000", case(lambda x: in_order(x.T), of(dtype, 2000, 2000))
        transposed = case(lambda x: in_order(xp.permute_dims(x, (2, 0, 1))), of(dtype, 200, 100, 200))
        yield f"permuted (2, 0, 1) copied {short} 200x100x200", transposed
        yield f"x + row {short} 2000x2000", case(lambda x, y: x + y, of(dtype, 2000, 2000), of(dtype, 2000))
        yield f"concat {short} 2 of 1000000", case(lambda x, y: xp.concat([x, y]), of(dtype, 10**6), of(dtype, 10**6))
        yield f"x[::2] copied {short} 1000000", case(lambda x: xp.contiguous(x[::2]), of(dtype, 10**6))
        chosen = case(lambda x, i: xp.take(x, i), of(dtype, 10**6), lambda: xp.array(rng.integers(0, 10**6, 10**6)))
        yield f"take {short} 1000000 of 1000000", chosen
        for n in (1_000, 1_000_000):
            yield f"sort {short} {n}", case(xp.sort, of(dtype, n))
            yield f"argsort {short} {n}", case(xp.argsort, of(dtype, n))
        yield f"sort rows {short} 1000x1000", case(xp.sort, of(dtype, 1000, 1000))
        yield f"unique_values {short} 100000", case(xp.unique_values, of(dtype, 100_000))
        ordered = lambda: xp.sort(draw(dtype, 100_000))  # noqa: E731
        yield f"searchsorted {short} 100000 in 100000", case(xp.searchsorted, ordered, of(dtype, 100_000))
        for n in (10, 100, 500, 2000):
            yield f"matmul {short} {n}", case(xp.matmul, of(dtype, n, n), of(dtype, n, n))
        yield f"matmul {short} 2000x2000 @ 2000", case(xp.matmul, of(dtype, 2000, 2000), of(dtype, 2000))
        yield f"matmul {short} 100000x20 @ 20x20", case(xp.matmul, of(dtype, 100_000, 20), of(dtype, 20, 20))
        batch = case(xp.matmul, of(dtype, 50, 100, 20), of(dtype, 50, 20, 20))
        yield f"matmul {short} 50x100x20 @ 50x20x20", batch
        small = case(xp.matmul, of(dtype, 10_000, 4, 4), of(dtype, 10_000, 4, 4))
        yield f"matmul {short} 10000x4x4 @ 10000x4x4", small
        for n in (10, 100, 500):
            positive = lambda n=n: xp.array(positive_definite(rng, n, dtype))  # noqa: E731
            for name in DECOMPOSITIONS:
                yield f"{name} {short} {n}", case(getattr(xp.linalg, name), positive)
            yield f"solve {short} {n}", case(xp.linalg.solve, positive, of(dtype, n, n))
        thin = case(lambda x: xp.linalg.svd(x, full_matrices=False), of(dtype, 500, 300))
        yield f"svd {short} 500x300", thin
        for n in (1_000, 1_048_576, 1_000_003):
            yield f"rfft {short} {n}", case(xp.fft.rfft, of(dtype, n))
        yield f"fft2 {short} 1000x1000", case(xp.fft.fftn, of(dtype, 1000, 1000))
        for n in (1_000, 1_000_000):
            yield f"uniform {short} {n}", lambda n=n, dtype=dtype: lambda: xp.uniform(n, dtype)
            yield f"normal {short} {n}", lambda n=n, dtype=dtype: lambda: xp.normal(n, dtype)

            yield f"zeros {short} {n}", case(lambda n=n, dtype=dtype: xp.made(xp.zeros, (n,), dtype=dtype))
            yield f"full {short} {n}", case(lambda n=n, dtype=dtype: xp.made(xp.full, (n,), 3, dtype=dtype))
            yield f"arange {short} {n}", case(lambda n=n, dtype=dtype: xp.made(xp.arange, n, dtype=dtype))
            yield f"linspace {short} {n}", case(lambda n=n, dtype=dtype: xp.made(xp.linspace, 0, 1, n, dtype=dtype))
        yield f"eye {short} 1000", case(lambda dtype=dtype: xp.made(xp.eye, 1000, dtype=dtype))
        square = of(dtype, 1000, 1000)
        yield f"tril {short} 1000x1000", case(xp.tril, square)
        yield f"cumulative_prod axis 1 {short} 1000x1000", case(lambda x: xp.cumulative_prod(x, axis=1), square)
        yield f"diff axis 1 {short} 1000x1000", case(lambda x: xp.diff(x, axis=1), square)
        order = lambda: xp.array(rng.permuted(np.tile(np.arange(1000), (1000, 1)), axis=1))  # noqa: E731
        yield f"take_along_axis {short} 1000x1000", case(lambda x, i: xp.take_along_axis(x, i, axis=1), square, order)
        yield f"repeat axis 1 {short} 1000x1000 3", case(lambda x: xp.repeat(x, 3, axis=1), square)
        yield f"tile {short} 1000x1000 2x2", case(lambda x: xp.tile(x, (2, 2)), square)
        yield f"roll axis 1 {short} 1000x1000", case(lambda x: xp.roll(x, 7, axis=1), square)
        yield f"stack {short} 2 of 1000x1000", case(lambda x, y: xp.stack([x, y]), square, square)
        yield f"x[mask] {short} 1000000", case(lambda x, m: x[m], of(dtype, 10**6), truths(10**6))
        yield f"unique_counts {short} 100000", case(xp.unique_counts, of(dtype, 100_000))
        yield f"vector_norm {short} 1000000", case(xp.linalg.vector_norm, of(dtype, 10**6))
    for dtype in ("int32", "int64"):
        for n in SIZES[1:]:
            for name in INTEGERS:
                yield f"{name} {dtype} {n}", case(getattr(xp, name), whole_numbers(dtype, n), whole_numbers(dtype, n))
            for name in ("sum", "max", "argmax"):
                yield f"{name} {dtype} {n}", case(whole(getattr(xp, name)), whole_numbers(dtype, n))
        yield f"sort {dtype} 1000000", case(xp.sort, whole_numbers(dtype, 10**6))
    for dtype in ("complex64", "complex128"):
        for n in SIZES[1:3]:
            pair = lambda n=n, dtype=dtype: xp.array((rng.random(n) + 1j * rng.random(n)).astype(dtype))  # noqa: E731
            for name in COMPLEX:
                yield f"{name} {dtype} {n}", case(getattr(xp, name), *[pair] * (2 if name in ARITHMETIC else 1))
            yield f"sum {dtype} {n}", case(whole(xp.sum), pair)
    for n in SIZES[1:]:
        for name in ("logical_not", "any", "all", "count_nonzero", "nonzero"):
            yield f"{name} bool {n}", case(whole(getattr(xp, name)), truths(n))


def positive_definite(rng, n, dtype):
    x = rng.random((n, n))
    return (x @ x.T + n * np.eye(n)).astype(dtype)


def seconds(run, wait):
    """How long one call takes: the shortest of `ROUNDS` means over so many calls that they last `SPAN`."""
    for _ in range(2):
        wait(run())
    repeats, best = 1, float("inf")
    while True:
        start = time.perf_counter()
        for _ in range(repeats):
            wait(run())
        spent = time.perf_counter() - start
        if spent >= SPAN:
            break
        repeats = max(2 * repeats, int(repeats * SPAN / max(spent, 1e-9)))
    best = spent / repeats
    for _ in range(ROUNDS - 1):
        start = time.perf_counter()
        for _ in range(repeats):
            wait(run())
        best = min(best, (time.perf_counter() - start) / repeats)
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("--only", default="", help="a regular expression that the names of cases contain")
    parser.add_argument("--quick", action="store_true", help="each case once, which shows that all run")
    options = parser.parse_args()
    if options.quick:
        global SPAN, ROUNDS
        SPAN, ROUNDS = 0.0, 1
    xp, times = LIBRARIES[options.library](), {}
    for name, make in cases(xp):
        if re.search(options.only, name):
            times[name] = seconds(make(), xp.wait)
    print(json.dumps(list(times.items())))


if __name__ == "__main__":
    main()
