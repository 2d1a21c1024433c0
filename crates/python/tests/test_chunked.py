"""`array_protocol.chunked`: lazy arrays in chunks, which are computed by name only."""

import copy
import pickle
import signal
import threading
import time
import xml.etree.ElementTree

import pytest

import array_protocol as ap
import array_protocol.chunked as xp
import array_protocol.ndarray as nd

np = pytest.importorskip("numpy")


def counted(shape, chunks, space=xp):
    """A lazy array of ones, and the list of the places whose chunks were made."""
    made = []

    def make(start, extents):
        made.append(start)
        return nd.ones(extents)

    return space.from_fn(make, shape, chunks=chunks), made


# Laziness


LAZY = {
    "operators": lambda x: (x + 1) / x - x**2,
    "reflected": lambda x: 2 - x,
    "comparison": lambda x: x == 1,
    "reduction": lambda x: xp.mean(x, axis=0),
    "whole reduction": lambda x: xp.sum(x),
    "product": lambda x: x @ x.T,
    "sort": lambda x: xp.sort(x),
    "factors": lambda x: xp.linalg.qr(x)[1],
    "transform": lambda x: xp.fft.fft(xp.astype(x, xp.complex128)),
    "slice": lambda x: x[1:, ::2],
    "row": lambda x: x[0],
    "mask": lambda x: x[x > 0],
    "positions": lambda x: x[xp.asarray([0, 2])],
    "places": lambda x: xp.nonzero(x)[0],
    "unique": lambda x: xp.unique_values(x),
    "method": lambda x: x.sum(axis=1),
    "iteration": lambda x: next(iter(x)),
    "copy": lambda x: copy.deepcopy(x),
    "rechunk": lambda x: x.rechunk(2),
    "blocks": lambda x: x.map_blocks(lambda block: block + 1),
    "NumPy's function": lambda x: np.sum(x),
    "NumPy's ufunc": lambda x: np.exp(x),
    "NumPy's number": lambda x: np.float64(2) * x,
    "gradient": lambda x: ap.grad(lambda x: ap.sum(x**3))(x),
    "batch": lambda x: ap.vmap(lambda row: ap.sum(row))(x),
    "asarray": lambda x: xp.asarray(x, dtype=xp.float32),
    "like": lambda x: xp.zeros_like(x) + x,
    "slopes": lambda x: xp.gradient(x, axis=0),
}


@pytest.mark.parametrize("name", LAZY)
def test_nothing_computes_before_it_is_asked_for_by_name(name):
    x, made = counted((4, 4), 2)
    y = LAZY[name](x)
    assert not made and y.kind == "chunked" and "lazy" in repr(y) == str(y) or repr(y) == str(y) and "lazy" in str(y)
    _ = y.dtype, y.shape, y.ndim, y.chunks, y.device, y.explain(), f"{y}"
    assert not made
    assert y.compute().kind == "ndarray" and made


def test_setting_and_operators_in_place_stay_lazy():
    x, made = counted((4, 4), 2)
    x[0, :] = 5
    x[x > 4] = 7
    x += 1
    x[1] = x[2]
    assert not made and x.kind == "chunked"
    assert x.compute().tolist() == [[8] * 4, [2] * 4, [2] * 4, [2] * 4]
    z = x[:]
    x[0] = 0
    assert z.compute()[0, 0] == 8


@pytest.mark.parametrize("f, expected", [
    (bool, True), (int, 16), (float, 16.0), (complex, 16), (lambda x: x.item(), 16.0), (lambda x: f"{x:.1f}", "16.0"),
    (lambda x: [0] * xp.astype(x, xp.int64), [0] * 16),
    (lambda x: range(20)[xp.astype(x, xp.int64)], 16),
])
def test_a_scalar_is_computed_when_it_is_asked_for_by_name(f, expected):
    x, made = counted((4, 4), 2)
    total = xp.sum(x)
    assert not made
    assert f(total) == expected and len(made) == 4


def test_numbers_are_of_arrays_without_axes():
    x, made = counted((4,), 2)
    for f in (bool, int, float, complex):
        with pytest.raises(TypeError):
            f(x)
    with pytest.raises(TypeError, match="complex"):
        float(xp.sum(x) * 1j)
    with pytest.raises(TypeError, match="no index"):
        _ = [1, 2][xp.sum(x)]


READS = {
    "asarray": lambda x: np.asarray(x),
    "array": lambda x: np.array(x),
    "dlpack": lambda x: np.from_dlpack(x),
    "capsule": lambda x: x.__dlpack__(max_version=(1, 0)),
    "other namespace": lambda x: nd.asarray(x),
    "lists": lambda x: x.tolist(),
    "bytes": lambda x: x.tobytes(),
    "several items": lambda x: x.item(),
    "sequence": lambda x: xp.asarray([x, x]),
    "pickle": lambda x: pickle.dumps(x),
    "NumPy's comparison": lambda x: np.array_equal(x, np.ones((4, 4))),
    "parameter": lambda x: xp.full(3, xp.sum(x)),
    "bins": lambda x: xp.bincount(xp.astype(x[0], xp.int64)),
    "missing": lambda x: xp.nanargmax(x),
    "weights": lambda x: np.average(x, weights=x),
    "unique with NaN": lambda x: np.unique(x),
    "share": lambda x: np.percentile(x, xp.sum(x)),
}


@pytest.mark.parametrize("name", READS)
def test_who_takes_the_elements_is_told_to_compute(name):
    x, made = counted((4, 4), 2)
    with pytest.raises((TypeError, BufferError), match=r"compute\(\)"):
        READS[name](x)
    assert not made


def test_exports_compute_where_the_namespace_says_so():
    eager = xp.with_options(exports="compute")
    x, made = counted((4, 4), 2, eager)
    assert np.asarray(x + 1).tolist() == [[2] * 4] * 4 and made
    assert (x * 2).tolist() == [[2] * 4] * 4
    assert nd.asarray(x).kind == "ndarray"
    y = pickle.loads(pickle.dumps(eager.arange(3)))
    assert y.kind == "chunked" and y.compute().tolist() == [0, 1, 2]
    for copied in (None, False, True):
        for versions in ({}, {"max_version": (1, 0)}):
            x.__dlpack__(copy=copied, **versions)
            eager.asarray([1, 2]).__dlpack__(copy=copied, **versions)


# Chunks


@pytest.mark.parametrize("chunks, expected", [
    (2, ((2, 2, 1), (2, 1))),
    ([2, -1], ((2, 2, 1), (3,))),
    (((1, 4), (3,)), ((1, 4), (3,))),
    ("auto", ((5,), (3,))),
    ("48 B", ((2, 2, 1), (3,))),
    (-1, ((5,), (3,))),
    ((np.int64(5), 3), ((5,), (3,))),
])
def test_chunks_are_what_was_asked_for(chunks, expected):
    space = xp.with_options(chunks=chunks)
    assert space.ones((5, 3)).chunks == expected
    assert space.asarray([[0.0] * 3] * 5).chunks == expected
    assert space.from_array(np.ones((5, 3))).chunks == expected
    assert xp.from_array(nd.ones((5, 3)), chunks=chunks).chunks == expected
    assert xp.ones((5, 3)).rechunk(chunks).chunks == expected
    assert xp.rechunk(xp.ones((5, 3)), chunks).chunks == expected


@pytest.mark.parametrize("chunks", [0, -2, "much", "random:", ["a"], (2, (1, 1)), (1, 1, 1), object()])
def test_chunks_that_do_not_fit_are_refused(chunks):
    with pytest.raises((ValueError, TypeError)):
        xp.from_array(nd.ones((5, 3)), chunks=chunks)


def test_random_chunks_differ_between_arrays_and_are_the_same_again():
    space = xp.with_options(chunks="random:1")
    found = [space.asarray([i] * 6).chunks for i in range(40)]
    assert {sum(chunks[0]) for chunks in found} == {6} and len(set(found)) > 5
    assert found == [space.asarray([i] * 6).chunks for i in range(40)]
    other = xp.with_options(chunks="random:2")
    assert found != [other.asarray([i] * 6).chunks for i in range(40)]


def test_options_are_a_namespaces_own_and_its_arrays_keep_them():
    space = xp.with_options(chunks=2, sizes="compute")
    assert space is xp.with_options(sizes="compute", chunks=2) and space is not xp
    for x in (space.ones(5), space.asarray([1.0] * 5), space.from_array(nd.ones(5)), space.ones(5) + 1):
        assert x.__array_namespace__() is space and x[x > 0].shape == (5,)
    assert space.with_options(chunks=3).ones(5).chunks == ((3, 2),)
    assert space.with_options(chunks=3).nonzero(space.ones(5))[0].shape == (5,)
    assert xp.ones(5).chunks == ((5,),) and xp.ones(5).__array_namespace__() is xp
    assert pickle.loads(pickle.dumps(space.sum)) is space.sum and pickle.loads(pickle.dumps(xp.linalg.qr)) is xp.linalg.qr
    assert space.asarray(xp.ones(2)).kind == "chunked"
    for wrong in ({"sizes": "lazy"}, {"exports": "maybe"}, {"of": "chunked"}, {"of": "nothing"}):
        with pytest.raises((ValueError, NotImplementedError)):
            xp.with_options(**wrong)


def test_extents_that_depend_on_data_are_unknown_until_they_are_asked_for():
    x = xp.with_options(chunks=2).asarray([3, 0, 1, 0, 2])
    y = x[x > 0]
    assert y.shape == (None,) and y.size is None and y.chunks == ((None,) * 3,)
    with pytest.raises(TypeError, match="compute_chunk_sizes"):
        len(y)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        xp.reshape(y, (3, 1))
    assert (y * 2).compute().tolist() == [6, 2, 4]
    known = y.compute_chunk_sizes()
    assert known.shape == (3,) and len(known) == 3 and xp.reshape(known, (3, 1)).shape == (3, 1)
    at_once = xp.with_options(sizes="compute").asarray([3, 0, 1])
    assert at_once[at_once > 0].shape == (2,) and at_once.__array_namespace__().unique_values(at_once).shape == (3,)


def test_random_numbers_do_not_hang_on_the_chunks():
    draws = [xp.with_options(chunks=n).random.normal(xp.random.key(7), shape=(20, 3)).compute() for n in (3, 7, 20)]
    assert draws[0].tolist() == draws[1].tolist() == draws[2].tolist()
    assert draws[0].tolist() == nd.random.normal(nd.random.key(7), shape=(20, 3)).tolist()


# Computing


def test_arrays_are_computed_together():
    x, made = counted((6,), 2)
    total, mean = xp.compute(xp.sum(x), xp.mean(x))
    assert (float(total), float(mean), len(made)) == (6, 1, 3)
    kept = (x + 1).persist()
    assert kept.kind == "chunked" and kept.chunks == x.chunks and len(made) == 6
    assert float(xp.sum(kept)) == 12 and len(made) == 6
    assert [float(p.sum()) for p in xp.persist(kept, kept)] == [12, 12]


def test_a_limit_of_memory_spills_and_a_trace_is_written(tmp_path):
    x = xp.with_options(chunks=1000).random.normal(xp.random.key(1), shape=(8000,))
    centred = x - xp.mean(x)
    free = xp.sum(xp.sort(centred) * centred).compute()
    found = xp.sum(xp.sort(centred) * centred).compute(memory="24 KiB", spill=tmp_path, trace=tmp_path / "trace.json")
    assert found.item() == free.item()
    assert [f.name for f in tmp_path.iterdir()] == ["trace.json"]
    assert x.compute(memory=1 << 20).shape == (8000,)
    for wrong in ("much", -1):
        with pytest.raises(ValueError, match="memory"):
            x.compute(memory=wrong)


def test_a_plan_is_told_and_drawn(tmp_path):
    x, made = counted((6, 6), 3)
    y = xp.sum(xp.exp(x * 2), axis=0)
    assert "multiply, exp, sum" in y.explain() and "tasks" in y.explain()
    y.visualize(tmp_path / "plan.svg")
    xp.visualize(y, str(tmp_path / "plan.dot"))
    assert xml.etree.ElementTree.parse(tmp_path / "plan.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "plan.dot").read_text().startswith("digraph")
    with pytest.raises(ValueError, match=r"\.svg"):
        y.visualize(tmp_path / "plan.png")
    assert not made


def test_map_blocks_calls_python_with_arrays_of_the_chunks_kind():
    x = xp.from_array(nd.reshape(nd.arange(12), (6, 2)), chunks=(2, 2))
    kinds = []

    def halves(block, other):
        kinds.append((block.kind, block.shape, other.shape))
        return nd.astype(block, nd.float64) / 2 + other

    y = x.map_blocks(halves, xp.ones((1, 2)), dtype=xp.float64)
    assert y.dtype is xp.float64 and not kinds and "halves" in repr(y)
    assert y.compute().tolist() == [[1 + i, 1.5 + i] for i in range(6)]
    assert kinds == [("ndarray", (2, 2), (1, 2))] * 3


class Own(Exception):
    pass


def failing(block):
    raise Own("the instrument was off")


@pytest.mark.parametrize("function, error, words", [
    (failing, Own, "instrument"),
    (lambda block: block[:1], ValueError, r"shape \(1,\) for a chunk of shape \(2,\)"),
    (lambda block: nd.astype(block, nd.float32), TypeError, "float32"),
    (lambda block: xp.from_array(block), ValueError, "kind chunked"),
    (lambda block: [1.0, 2.0], TypeError, "no array"),
])
def test_a_function_that_fails_gives_its_own_error(function, error, words):
    x = xp.with_options(chunks=2).zeros(4)
    with pytest.raises(error, match=words) as raised:
        xp.map_blocks(function, x, name="function").compute()
    if error is Own and hasattr(raised.value, "__notes__"):
        assert "of function" in raised.value.__notes__[-1]
    with pytest.raises(error, match=words):
        xp.from_fn(lambda start, extents: function(nd.zeros(extents)), 4, chunks=2).compute()


def test_python_runs_beside_a_computation_and_inside_it(ticks):
    def slow(block):
        time.sleep(0.02)
        return block + 1

    x = xp.with_options(chunks=1).zeros(8).map_blocks(slow)
    before = ticks[0]
    assert float(xp.sum(x)) == 8
    assert ticks[0] > before


def test_what_is_computed_at_once_lets_python_run_inside():
    x = xp.with_options(chunks=1, sizes="compute").ones(8).map_blocks(lambda block: block * 2)
    assert x[x > 1].shape == (8,) and xp.nonzero(x)[0].shape == (8,)
    x[x > 1] = 3
    assert float(xp.sum(x)) == 24
    totals = []
    threads = [threading.Thread(target=lambda: totals.append(float(xp.sum(x)))) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert totals == [24.0] * 4


def test_control_c_ends_a_computation():
    begun = threading.Event()

    def slow(block):
        begun.set()
        time.sleep(0.01)
        return block

    x = xp.with_options(chunks=1).zeros(3000).map_blocks(slow)

    def press():
        begun.wait()
        signal.raise_signal(signal.SIGINT)

    # Where the tests run in the background, the shell has it ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=press)
    try:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            x.compute()
        thread.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert float(xp.sum(xp.ones(3))) == 3


@pytest.mark.parametrize("f", [lambda x: x.compute(), lambda x: x.persist(), lambda x: x.compute(memory="1 GiB")])
def test_what_no_memory_holds_is_refused_before_anything_is_made(f):
    x = xp.with_options(chunks="1 GiB").ones((10**6, 10**6))
    with pytest.raises(MemoryError):
        f(x)


# Beside the standard


def test_rows_that_only_tasks_call_are_in_no_namespace():
    internal = {name for name, f in ap._native.functions("chunked", {}).items() if f.category == "chunks"}
    assert internal and not internal & set(dir(xp)) and not internal & set(dir(nd)) and not internal & set(dir(ap))
    assert set(nd.__all__) <= set(xp.__all__)


def test_the_namespace_says_what_it_is():
    info = xp.__array_namespace_info__()
    assert info.capabilities() == {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": None}
    assert info.devices() == ("cpu",) and set(info.dtypes()) == set(nd.__array_namespace_info__().dtypes())
    x = xp.ones((2, 3), device="cpu")
    assert x.to_device("cpu").kind == "chunked" and x.__dlpack_device__() == (1, 0)
    for wrong in (lambda: xp.ones(2, device="cuda:0"), lambda: x.to_device("cuda:0")):
        with pytest.raises(ValueError, match="cuda:0"):
            wrong()
    assert np.size(x, 1) == 3 and np.size(x[x > 0], 0) is None
    assert not hasattr(nd.ones(2), "compute") and hasattr(x, "compute")
    assert repr(x) == "chunked(lazy ones, shape=(2, 3), dtype=float64, chunks=(2, 3), of ndarray)"


def test_arrays_in_memory_stand_beside_lazy_ones():
    x = xp.with_options(chunks=2).ones((4, 3))
    for y in (x + nd.ones(3), nd.ones(3) + x, x[nd.asarray([0, 1])], xp.asarray(nd.ones((4, 3)))):
        assert y.kind == "chunked"
    assert (x @ nd.ones((3, 2))).compute().tolist() == [[3, 3]] * 4
    assert float(ap.sum(x)) == 12 and ap.sum(x).kind == "chunked"
