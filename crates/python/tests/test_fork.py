"""Processes that were forked from one whose threads had work: they have the same answers, and wait for nobody."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("numpy")

PROGRAM = """
import os, signal, sys
import numpy as np
import array_protocol.chunked as lazy
import array_protocol.ndarray as xp
from array_protocol import ensemble

r = np.random.default_rng(0)
a, v, z = xp.asarray(r.random((600, 600))), xp.asarray(r.random(200_000)), xp.asarray(r.random((300, 300)) + 1j)
small = xp.asarray(r.integers(0, 999, 200_000).astype("u2"))
X = np.linspace(-1, 1, 40).reshape(20, 2)
chunked = lazy.with_options(chunks=(10_000,))

functions = {
    "exp": lambda: xp.exp(v), "sum": lambda: xp.sum(v), "matmul": lambda: a @ a, "complex matmul": lambda: z @ z,
    "sort": lambda: xp.sort(v), "sort of small": lambda: xp.sort(small), "argsort": lambda: xp.argsort(small),
    "cholesky": lambda: xp.linalg.cholesky(a.T @ a + xp.eye(600)), "solve": lambda: xp.linalg.solve(a, a),
    "pinv": lambda: xp.linalg.pinv(a[:, :50]), "eigh": lambda: xp.linalg.eigvalsh(a + a.T), "fftn": lambda: xp.fft.fftn(a),
    "normal": lambda: xp.random.normal(xp.random.key(1), shape=(200_000,)),
    "lazy": lambda: lazy.std(lazy.exp(chunked.random.normal(chunked.random.key(1), shape=(200_000,)))).compute(),
    "memory": lambda: lazy.sort(chunked.random.normal(chunked.random.key(1), shape=(200_000,))).compute(memory="64 MiB"),
    "ensemble": lambda: ensemble.fit(X, X[:, 0], members=8, widths=[8], epochs=5, seed=1).predict(X).mean,
}
here = {name: f().tobytes() for name, f in functions.items()}
for name, f in functions.items():
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os._exit(0 if f().tobytes() == here[name] else 1)
    status = os.waitpid(child, 0)[1]
    if status:
        print(name, "was killed" if os.WIFSIGNALED(status) else "differs")
print(len(functions))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_does_its_work_itself():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout == "16\n", done.stderr
