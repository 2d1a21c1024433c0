"""The template of an extension builds, and its kind is an equal in Python.

It compiles the workspace's crates once more, so it runs only where it is asked for, as `cargo xtask test` does.
"""

import importlib.util
import os
import pathlib
import platform
import shutil
import subprocess
import sys

import pytest

CRATE = pathlib.Path(__file__).parent.parent
TEMPLATE = CRATE / "template"

PROGRAM = """
import array_protocol_diagonal
import array_protocol as ap
import array_protocol.ndarray as xp
import pytest

dx = ap.diagonal
d = dx.from_diagonal([1.0, 2.0])
assert array_protocol_diagonal.from_diagonal is dx.from_diagonal and d.kind == "diagonal" and d.shape == (2, 2) and d.__array_namespace__() is dx
assert (d @ d).kind == (d + d).kind == "diagonal"
assert dx.entries(d @ d).tolist() == [1, 4] and dx.entries(xp.ones(2)) is None
assert ap.sum(d).kind == "ndarray" and float(dx.sum(d)) == 3
assert dx.asarray([[3.0, 0.0], [0.0, 5.0]]).tolist() == [[3, 0], [0, 5]]
with pytest.raises(ValueError, match="off the diagonal"):
    dx.asarray([[1.0, 2.0], [3.0, 4.0]])
with pytest.raises(NotImplementedError, match="diagonal with ndarray|diagonal"):
    ap.add(d, xp.ones((2, 2)))
with pytest.raises(NotImplementedError, match="summed as a whole"):
    ap.sum(d, axis=0)
assert "diagonal" in {kind for _, kind, _ in ap.handled_functions()}
assert float(ap.grad(lambda x: ap.sum(x * x))(xp.ones(2))[0]) == 2
"""

# On a cluster of Dask's whose workers load the extension first. A worker imports this program too, which therefore imports
# nothing outside of its main part.
ON_DASK = """
if __name__ == "__main__":
    import array_protocol_diagonal
    import array_protocol as ap
    import array_protocol.chunked as cx
    import dask
    import distributed

    dx = ap.diagonal
    lazy = cx.with_options(of="diagonal", chunks=-1)
    x = lazy.from_array(dx.from_diagonal([1.0, 2.0]), chunks=-1)
    product = x @ x + x

    def cluster():
        return distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")

    with dask.config.set({"distributed.worker.preload": ["array_protocol_diagonal"]}), cluster() as workers:
        with distributed.Client(workers) as client:
            there = product.compute(scheduler=client)
            assert there.kind == "diagonal" and dx.entries(there).tolist() == [2, 6]
            squared = x.map_blocks(lambda block: block @ block).compute(scheduler=client)
            assert squared.kind == "diagonal" and dx.entries(squared).tolist() == [1, 4]
    # Workers that were not told of it say which kind they lack.
    with cluster() as workers, distributed.Client(workers) as client:
        try:
            product.compute(scheduler=client)
        except (ImportError, NotImplementedError) as e:
            assert "diagonal" in str(e), e
        else:
            raise AssertionError("a kind that no worker knows")
"""


@pytest.mark.skipif(os.environ.get("ARRAY_PROTOCOL_TEMPLATE") != "1", reason="takes minutes to compile; set ARRAY_PROTOCOL_TEMPLATE=1")
def test_a_third_partys_kind_is_built_in(tmp_path):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", CRATE.parent.parent / "target"))
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target), "PYO3_PYTHON": sys.executable,
                   "PYO3_BUILD_EXTENSION_MODULE": "1"}
    line = ["cargo", "build", "--locked", "--manifest-path", str(TEMPLATE / "Cargo.toml")]
    subprocess.run(line, check=True, env=environment)
    names = {"Windows": ("array_protocol_diagonal.dll", "_native.pyd"),
             "Darwin": ("libarray_protocol_diagonal.dylib", "_native.abi3.so")}
    library, module = names.get(platform.system(), ("libarray_protocol_diagonal.so", "_native.abi3.so"))
    package = shutil.copytree(TEMPLATE / "python" / "array_protocol_diagonal", tmp_path / "array_protocol_diagonal")
    shutil.copy(target / "debug" / library, package / module)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if importlib.util.find_spec("distributed"):
        program = tmp_path / "on_dask.py"
        program.write_text(ON_DASK)
        done = subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    late = "import array_protocol, array_protocol_diagonal"
    done = subprocess.run([sys.executable, "-c", late], env=environment, capture_output=True, text=True)
    assert done.returncode != 0 and "import array_protocol_diagonal first" in done.stderr
