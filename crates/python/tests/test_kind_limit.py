"""A program has room for 4,000 kinds. In a process of its own, since kinds are kept for good."""

import subprocess
import sys

PROGRAM = """
import array_protocol as ap
made = 0
try:
    for i in range(5000):
        ap.kind(type(f"Class{i}", (), {}))
        made += 1
except ValueError as e:
    assert "4000" in str(e), e
else:
    raise AssertionError("no limit")
import array_protocol.ndarray as xp
assert 3980 < made < 4000 and float(ap.sum(xp.ones(3))) == 3
assert float(ap.grad(ap.sum)(xp.ones(3))[0]) == 1
print(made)
"""


def test_one_more_class_than_there_is_room_for_is_refused():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
