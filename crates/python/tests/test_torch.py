"""`array_protocol.torch`: libtorch's arrays, which share memory with Python's torch."""

import copy
import gc
import math
import pickle
import subprocess
import sys
import threading

import pytest

import array_protocol as ap
from array_protocol import _libtorch, _native

if "torch" not in _native.data_kinds():
    pytest.skip("array_protocol.torch: the package was built without the feature torch", allow_module_level=True)

import numpy as np
import torch

import array_protocol.ndarray as nd
import array_protocol.torch as xp

NAMES = list(xp.__array_namespace_info__().dtypes())
GPU = pytest.mark.skipif("cuda:0" not in xp.__array_namespace_info__().devices(), reason="there is no CUDA device")


def address(x):
    return np.asarray(x).ctypes.data


def python(program, **environment):
    """A program in a Python of its own, with what it printed; this one has its libraries loaded already."""
    import os

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, **environment})
    return done.stdout.strip(), done.stderr


# One libtorch

MAPPED = """
import os
found = {line.split()[-1] for line in open("/proc/self/maps") if "libtorch_cpu" in line}
own = os.path.realpath(os.path.join(torch.__path__[0], "lib", "libtorch_cpu.so"))
print(len(found), {os.path.realpath(path) for path in found} == {own}, xp.sum(xp.ones(3)).item())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc/self/maps")
@pytest.mark.parametrize("imports", [
    "import torch\nimport array_protocol.torch as xp\n",
    "import array_protocol.torch as xp\nimport torch\n",
    "import array_protocol\nimport torch\nxp = array_protocol.torch\n",
])
def test_a_process_has_one_libtorch_in_either_order_of_imports(imports):
    out, err = python(imports + MAPPED)
    assert out == "1 True 3.0", err


def test_another_version_of_torch_is_an_error(tmp_path):
    (tmp_path / "torch.py").write_text('__version__ = "2.10.0+cpu"\n')
    out, err = python(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "try: import array_protocol\nexcept ImportError as e: print(e)"
    )
    assert "torch 2.10.0+cpu is installed" in out and "pip install" in out and _libtorch.VERSION in out, err


def test_a_missing_torch_is_an_error_that_says_what_to_install():
    out, err = python(
        "import sys\n"
        "class No:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'torch': raise ModuleNotFoundError('no', name='torch')\n"
        "sys.meta_path.insert(0, No())\n"
        "try: import array_protocol\nexcept ImportError as e: print(e)"
    )
    assert "torch is not installed" in out and "pip install" in out, err


# Memory


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", [lambda t: t, lambda t: t.T, lambda t: t[::2, 1:], lambda t: t[:0], lambda t: t[0, 0],
                                    lambda t: t[0].expand(3, 4)])
def test_tensors_come_in_and_go_out_without_a_copy(name, layout):
    t = layout(torch.tensor([[0, 1, 1, 0], [1, 0, 1, 1]]).to(getattr(torch, name)))
    for x in (xp.from_dlpack(t), xp.asarray(t), xp.from_dlpack(t, copy=False)):
        assert x.kind == "torch" and x.dtype is getattr(xp, name)
        assert x.shape == tuple(t.shape) and x.tolist() == t.tolist()
        back = torch.from_dlpack(x)
        assert back.dtype == t.dtype and back.tolist() == t.tolist()
        if t.numel():
            assert back.data_ptr() == t.data_ptr() and (t.ndim == 0 or back.stride() == t.stride())
        assert np.asarray(x).tolist() == t.tolist()


@pytest.mark.parametrize("name, value", [("uint8", 255), ("uint16", 65535), ("uint32", 2**32 - 1), ("uint64", 2**64 - 1),
                                         ("int64", -1)])
def test_integers_keep_their_sign_on_the_way(name, value):
    x = xp.asarray([value], dtype=getattr(xp, name))
    assert torch.from_dlpack(x).tolist() == [value] and xp.from_dlpack(torch.from_dlpack(x)).tolist() == [value]
    assert np.asarray(x).tolist() == [value] and xp.asarray(np.asarray(x)).tolist() == [value]


def test_what_torch_writes_is_seen_by_the_array():
    t = torch.zeros(3, dtype=torch.float64)
    x = xp.from_dlpack(t)
    view, own = x[1:], xp.from_dlpack(t, copy=True)
    t[1] = 5
    assert x.tolist() == [0, 5, 0] and view.tolist() == [5, 0] and own.tolist() == [0, 0, 0]
    # And the other way: what torch takes of ours is our memory.
    y = xp.ones(3)
    torch.from_dlpack(y).mul_(7)
    assert y.tolist() == [7, 7, 7]


def test_what_we_write_is_seen_by_nobody():
    t = torch.zeros(3)
    x = xp.from_dlpack(t)
    x[0] = 9
    x += 1
    assert t.tolist() == [0, 0, 0] and x.tolist() == [10, 1, 1]


def test_memory_lives_as_long_as_somebody_reads_it():
    t = torch.arange(1000.0)
    x = xp.from_dlpack(t)[500:]
    del t
    gc.collect()
    assert x[0].item() == 500
    a, u = np.asarray(x), torch.from_dlpack(x)
    del x
    gc.collect()
    assert a[1] == 501 and u[1] == 501
    # The last one may go on another thread.
    y = xp.from_dlpack(np.arange(1000.0))
    thread = threading.Thread(target=lambda box: box.clear(), args=([y],))
    del y
    thread.start()
    thread.join()


def test_numpys_memory_is_shared_where_libtorch_has_such_tensors():
    a = np.arange(6.0).reshape(2, 3)
    x = xp.asarray(a)
    assert address(x) == a.ctypes.data
    a[0, 0] = 7
    assert x[0, 0].item() == 7
    # Neither negative strides nor elements at odd addresses.
    odd = np.frombuffer(b"\0" + np.arange(3.0).tobytes(), dtype=np.uint8)[1:].view(np.float64)
    for b in (a[::-1], odd):
        assert xp.asarray(b).tolist() == b.tolist()
        with pytest.raises((BufferError, ValueError)):
            xp.from_dlpack(b, copy=False)
    frozen = np.arange(3.0)
    frozen.flags.writeable = False
    x = xp.from_dlpack(frozen)
    assert not np.asarray(x).flags.writeable
    # A consumer of before DLPack 1.0 could not be told so.
    with pytest.raises(BufferError):
        x.__dlpack__(copy=False)
    assert xp.from_dlpack(x, copy=True).tolist() == [0, 1, 2]


def test_exports_are_read_only_views_and_copies_may_be_written_to():
    x = xp.asarray([1.0, 2.0])
    assert not np.asarray(x).flags.writeable
    for copied in (np.from_dlpack(x, copy=True), np.array(x), torch.from_dlpack(x, copy=True), torch.utils.dlpack.from_dlpack(
            x.__dlpack__())):
        copied[0] = 9
    assert x.tolist() == [1, 2]
    assert x.__dlpack_device__() == (1, 0)
    for device in ((2, 0), (1, 1)):
        with pytest.raises(BufferError):
            x.__dlpack__(dl_device=device)


def test_what_has_no_type_of_the_standards_or_records_gradients_is_refused():
    for t in (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.float16)):
        with pytest.raises(TypeError):
            xp.asarray(t)
    with pytest.raises(BufferError, match="detach"):
        xp.asarray(torch.ones(2, requires_grad=True))
    conjugate = torch.tensor([1 + 2j]).conj()
    with pytest.raises(Exception):
        xp.from_dlpack(conjugate, copy=False)
    assert xp.conj(xp.asarray([1 + 2j])).tolist() == [1 - 2j]
    assert torch.from_dlpack(xp.conj(xp.asarray([1 + 2j]))).tolist() == [1 - 2j]
    assert torch.from_dlpack(xp.imag(xp.asarray([1 + 2j]))).tolist() == [2]


@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_ndarray_come_in_without_a_copy_and_go_back_as_a_copy(name):
    x = nd.asarray([[1, 0, 1], [1, 1, 0]], dtype=getattr(nd, name))
    t = xp.asarray(x)
    assert t.kind == "torch" and t.dtype is x.dtype and t.tolist() == x.tolist() and address(t) == address(x)
    t2 = xp.asarray(x.T)
    assert t2.tolist() == x.T.tolist()
    # The array may be written to afterwards: it takes memory of its own.
    x[0, 0] = x[0, 1]
    assert x.tolist()[0][0] == 0 and t.tolist()[0][0] == 1
    back = nd.asarray(t)
    assert back.kind == "ndarray" and back.tolist() == t.tolist() and address(back) != address(t)
    with pytest.raises(BufferError):
        nd.from_dlpack(t, copy=False)


# The namespace


def test_arrays_know_their_namespace_and_it_its_devices():
    x = xp.ones((2, 2))
    assert x.__array_namespace__() is xp and x.__array_namespace__(api_version="2025.12") is xp
    assert x.kind == x.home == "torch" and x.device == "cpu"
    info = xp.__array_namespace_info__()
    assert info.devices()[0] == info.default_device() == "cpu"
    assert len(info.devices()) == 1 + torch.cuda.device_count()
    assert ap.sum(x).kind == "torch" and ap.torch is xp
    absent = f"cuda:{torch.cuda.device_count()}"
    for call in (lambda: xp.zeros(2, device=absent), lambda: xp.asarray([1], device=absent), lambda: xp.eye(2, device=absent),
                 lambda: xp.zeros_like(x, device=absent), lambda: x.to_device(absent), lambda: info.dtypes(device=absent)):
        with pytest.raises(ValueError, match=absent):
            call()


def test_it_has_what_the_namespace_of_ndarray_has():
    assert xp.__all__ == nd.__all__
    for part in ("linalg", "fft", "random"):
        assert getattr(xp, part).__all__ == getattr(nd, part).__all__
    key = xp.random.key(0)
    assert xp.random.normal(key, shape=(3,)).tolist() == pytest.approx(nd.random.normal(nd.random.key(0), shape=(3,)).tolist())
    assert xp.linalg.det(xp.asarray([[2.0, 0.0], [0.0, 3.0]])).item() == pytest.approx(6)
    assert xp.fft.fft(xp.ones(4)).kind == "torch"


def test_kinds_do_not_mix_by_themselves():
    with pytest.raises((TypeError, NotImplementedError)):
        xp.ones(2) + nd.ones(2)


def test_objects_behave_as_pythons_do():
    x = xp.asarray([[1.0, math.nan], [3.0, 4.0]])
    for same in (pickle.loads(pickle.dumps(x)), copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(xp.asarray))(x)):
        assert same.kind == "torch" and str(same.tolist()) == str(x.tolist())
    x[xp.asarray([True, False])] = torch.tensor([7.0, 8.0], dtype=torch.float64)
    assert x[0].tolist() == [7, 8]
    assert x[torch.tensor([1, 1])].tolist() == [[3, 4], [3, 4]]
    assert np.sum(x).item() == 22 and x.sum().item() == 22
    assert repr(xp.asarray([1, 2])) == "array([1, 2])"


def test_transformations_run_on_it():
    x = xp.asarray([1.0, 2.0])
    g = ap.grad(lambda x: ap.sum(x**3))(x)
    assert g.kind == "torch" and g.tolist() == [3, 12]
    slopes = ap.vmap(ap.grad(lambda x: ap.sum(x * x.__array_namespace__().asarray(x))))(xp.ones((3, 2)))
    assert slopes.kind == "torch" and slopes.tolist() == [[2, 2]] * 3


def test_errors_of_libtorch_are_exceptions():
    with pytest.raises((ValueError, RuntimeError)):
        xp.linalg.cholesky(xp.asarray([[-1.0]]))
    with pytest.raises(MemoryError):
        xp.zeros(2**46)


def test_other_threads_run_during_long_calls(ticks):
    x = xp.ones((1500, 1500))
    before = ticks[0]
    x @ x
    assert ticks[0] > before


@GPU
def test_a_gpu_shares_memory_too():
    t = torch.arange(4.0, device="cuda")
    x = xp.from_dlpack(t)
    assert x.device == "cuda:0" and x.__dlpack_device__() == (2, 0) and x.tolist() == [0, 1, 2, 3]
    assert torch.from_dlpack(x).data_ptr() == t.data_ptr()
    assert xp.from_dlpack(t, device="cpu").tolist() == nd.from_dlpack(x.to_device("cpu")).tolist()
    y = xp.zeros_like(x, device="cpu")
    assert y.device == "cpu" and xp.ones(2, device="cuda:0").device == "cuda:0"
    assert pickle.loads(pickle.dumps(x)).device == "cuda:0"
    with pytest.raises((BufferError, ValueError)):
        np.asarray(x)
