"""Loops that Numba compiles give what NumPy gives, and nobody waits for them who has small arrays."""

import functools
import subprocess
import sys

import numpy as np
import pytest
from asserts import assert_close, assert_equal
from core.random.draws import DRAWS, WIDE

import xdl
from xdl import nn, optim
from xdl.autodiff import scatter_add
from xdl.core.random._threefry import words
from xdl.nn._geometry import geometry
from xdl.nn._relu_layers import relu_layers
from xdl_numpy import _images_last, _numba

pytest.importorskip("numba", reason="an optional extra")

RNG = np.random.default_rng(0)
SHAPE = (1030, 1021)  # more than _numba.LARGE, and no multiple of a block
X = {dtype: RNG.normal(size=SHAPE).astype(dtype) for dtype in (np.float32, np.float64)}
each_dtype = pytest.mark.parametrize("dtype", X, ids=lambda d: d.__name__)


@pytest.fixture
def used(monkeypatch):
    """Names of the modules that are asked for and found."""
    found, load = [], _numba._load

    def noting(concept):
        module = load(concept)
        found.extend([concept] if module is not None else [])
        return module

    monkeypatch.setattr(_numba, "_load", noting)
    return found


def both(f, used, concept):
    """Results of ``f()`` without Numba and with it."""
    with _numba.without():
        expected = f()
    assert used == []
    found = f()
    assert concept in used
    return found, expected


@each_dtype
@pytest.mark.parametrize("f", [nn.softmax, nn.gelu], ids=lambda f: f.__name__)
def test_maps_are_numpys(used, f, dtype):
    found, expected = both(lambda: f(X[dtype]), used, f.__name__)
    # a unit in the last place: sums in another order, a product less
    assert_close(found, expected, rtol=4e-6 if dtype is np.float32 else 1e-14, atol=1e-16)


@each_dtype
def test_softmax_keeps_infinite_and_nan_rows_apart(used, dtype):
    x = X[dtype].copy()
    x[3, 5], x[7], x[9, 9], x[11, 2] = np.inf, -np.inf, np.nan, -np.inf
    found, expected = both(lambda: nn.softmax(x), used, "softmax")
    assert_close(found, expected)
    assert np.isnan(found[9]).all()
    assert found[3, 5] == 1
    assert not found[7].any()
    assert np.isfinite(np.delete(found, 9, axis=0)).all()


@each_dtype
def test_scatter_add_is_numpys_bit_by_bit(used, dtype):
    places = RNG.integers(-2, 400, SHAPE[0])
    found, expected = both(lambda: scatter_add(X[dtype], places, size=380), used, "scatter")
    assert_equal(found, expected)
    found = scatter_add(X[dtype][:, ::-1].T.copy().T, places, size=380)
    assert_equal(found, expected[:, ::-1])


@each_dtype
@pytest.mark.parametrize("f", [nn.segment_max, nn.segment_min], ids=lambda f: f.__name__)
def test_extrema_of_segments_are_numpys(used, f, dtype):
    x = X[dtype].copy()
    x[3, 5], x[8, 5], x[5, 6] = np.nan, np.inf, -np.inf
    places = RNG.integers(-2, 400, SHAPE[0])
    found, expected = both(lambda: f(x, places, num_segments=410), used, "scatter")
    assert_equal(found, expected)
    assert np.isnan(expected).any()


@each_dtype
@pytest.mark.parametrize("rule", [optim.Adam(1e-2), optim.AdamW(1e-2, weight_decay=0.1)], ids=repr)
def test_steps_are_numpys_bit_by_bit(used, rule, dtype):
    def run():
        x, grad = X[dtype].copy(), X[dtype][::-1].copy()
        state = optim.init(rule, x)
        for _ in range(3):
            x, state = optim.update(rule, x, grad, state, donate=True)
        return x, state

    found, expected = both(run, used, "optim")
    assert_equal(found, expected)


@pytest.fixture
def stepped_much(monkeypatch):
    monkeypatch.setitem(_numba._met, "optim", _numba.LARGE)


@each_dtype
@pytest.mark.parametrize("rule", [optim.Adam(1e-2), optim.AdamW(1e-2, weight_decay=0.1)], ids=repr)
def test_steps_on_small_trees_are_numpys_bit_by_bit(used, stepped_much, rule, dtype):
    """Of leaves with and without axes, transposed ones, and a number of another machine's byte order."""
    x = X[dtype][:20]
    tree = {"a": x[:, :7], "b": x[0, :3].copy(), "c": x[0, :1].reshape(()), "d": x[:, :5].T, "e": x[:4, :0]}
    tree["f"] = x[0, :4].astype(x.dtype.newbyteorder())

    def run():
        params = {name: leaf.copy(order="K") for name, leaf in tree.items()}
        state = optim.init(rule, params)
        for _ in range(3):
            grads = {name: (leaf[...] * 2).astype(leaf.dtype) for name, leaf in params.items()}
            params, state = optim.update(rule, params, grads, state, donate=True)
        return params, state.leaves

    found, expected = both(run, used, "optim")
    xdl.tree.map(assert_equal, found, expected)


def test_a_state_of_other_shapes_is_refused(stepped_much):
    """Compiled loops look at no bounds."""
    rule = optim.Adam(1e-2)
    x, state = np.ones(8), optim.init(rule, np.ones(5))
    with pytest.raises(ValueError, match="broadcast"):
        optim.update(rule, x, x * 2, state, donate=True)


def test_loops_are_sought_when_many_steps_have_been_taken(used, monkeypatch):
    monkeypatch.setitem(_numba._met, "optim", 0)
    rule, x = optim.Adam(1e-2), np.ones(_numba.LARGE // 2 - 1)
    state = optim.init(rule, x)
    x, state = optim.update(rule, x, x * 2, state, donate=True)
    assert used == []
    for _ in range(2):
        x, state = optim.update(rule, x, x * 2, state, donate=True)
    assert "optim" in used


@each_dtype
def test_a_step_on_a_transposed_array(used, dtype):
    """What does not follow one another in memory takes the passes of NumPy."""
    rule = optim.Adam(1e-2)

    def run():
        x = X[dtype].copy().T
        return optim.update(rule, x, x * 2, optim.init(rule, x), donate=True)[0]

    with _numba.without():
        expected = run()
    assert_equal(run(), expected)


@each_dtype
def test_rectified_layers_are_numpys_bit_by_bit(used, monkeypatch, dtype):
    """And NaN, infinity and zero pass as they do there; parameters may lie anywhere in memory."""
    monkeypatch.setitem(_numba._met, "rectifiers", _numba.LARGE)
    x = X[dtype][:40, :8].copy()
    x[0, 0], x[1, 1], x[2] = np.nan, np.inf, 0.0
    rows = X[dtype][40:]
    weights = rows[:8, :30], rows[:30, 30:50], rows[50:59, :20].T, rows[:9, :3]
    biases = rows[60, :30].copy(), rows[60, 30:70:2], rows[61, :3]

    def layers(x, w1, w2, w3, w4, b1, b2, b4):
        return relu_layers(x, w1, b1, w2, b2, w3, None, w4, b4)

    def run():
        y, pull = xdl.vjp(layers, x, *weights, *biases)
        return y, pull(X[dtype][:40, :3])

    with np.errstate(invalid="ignore"):
        found, expected = both(run, used, "rectifiers")
    xdl.tree.map(assert_equal, found, expected)
    assert np.isnan(found[0][0]).all()


def test_rectified_layers_of_another_byte_order(used, monkeypatch):
    """Compiled loops know numbers of the machine alone."""
    monkeypatch.setitem(_numba._met, "rectifiers", _numba.LARGE)
    args = [X[np.float32][:40, :8], X[np.float32][:8, :20], X[np.float32][9, :20], X[np.float32][:20, :3]]
    swapped, pulled = args[0].dtype.newbyteorder(), []
    for given in args, [a.astype(swapped) for a in args]:
        y, pull = xdl.vjp(lambda *args: relu_layers(*args, None), *given)
        pulled.append(xdl.tree.map(lambda a: a.astype(np.float32), (y, pull(y))))
        assert ("rectifiers" in used) is (given is args)
        used.clear()
    xdl.tree.map(functools.partial(assert_close, rtol=1e-5, atol=1e-5), *pulled)


@each_dtype
@pytest.mark.parametrize("is_causal", [False, True])
def test_attention_is_numpys(used, monkeypatch, is_causal, dtype):
    monkeypatch.setitem(_numba._met, "softmax", _numba.LARGE)
    q, k, v, dy = (X[dtype][20 * i : 20 * (i + 1), :120].reshape(4, 3, 8, 25) for i in range(4))

    def run():
        y, pull = xdl.vjp(lambda q, k, v: nn.attention(q, k, v, is_causal=is_causal), q, k, v)
        return y, *pull(dy)

    found, expected = both(run, used, "softmax")
    tolerance = 1e-5 if dtype is np.float32 else 1e-13
    xdl.tree.map(functools.partial(assert_close, rtol=tolerance, atol=tolerance), found, expected)
    used.clear()
    q, k, v, dy = (x.astype(x.dtype.newbyteorder()) for x in (q, k, v, dy))
    run()
    assert used == []  # compiled loops know numbers of the machine alone


POOLED = [(2, {}), ((3, 2), {}), ((1, 4), {}), (3, {"stride": 2, "padding": 1})]


@each_dtype
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(("window", "options"), POOLED)
def test_pooling_gives_what_numpys_does_bit_by_bit(used, monkeypatch, window, options, swapped, dtype):
    """To the first of equal entries; of images last in memory, and of another machine's byte order."""
    monkeypatch.setitem(_numba._met, "max_pool", _numba.LARGE)
    x = np.round(X[dtype][:9, :420].reshape(9, 10, 7, 6), 1)
    x[0, :4, :4, 0], x[1, :2] = np.nan, np.inf
    x = x.transpose(1, 2, 3, 0).copy().transpose(3, 0, 1, 2)
    x = x.astype(x.dtype.newbyteorder()) if swapped else x

    def run():
        y, pull = xdl.vjp(lambda x: nn.max_pool(x, window, **options), x)
        return pull(y * y)[0]

    if swapped or options:
        run()
        assert used == []
        return
    found, expected = both(run, used, "max_pool")
    assert_equal(found, expected)


CONVOLVED = [{"padding": ((1, 3), (0, 2))}, {"stride": (2, 1), "dilation": (1, 2)}, {"stride": (1, 2)}]


@each_dtype
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("options", CONVOLVED)
def test_convolution_of_few_channels_gives_what_numpys_does_bit_by_bit(
    used, monkeypatch, options, swapped, dtype
):
    """Back to the images, by rows of places; not where these see every other column, or in another byte order."""
    monkeypatch.setitem(_numba._met, "images_last", _numba.LARGE)
    monkeypatch.setattr(_images_last, "CACHED", 9 * 200)  # a few rows of places at a time
    g = geometry((10, 12), (4, 3), **({"stride": 1, "padding": "valid", "dilation": 1} | options))
    dy, w = RNG.normal(size=(9, *g.output, 5)).astype(dtype), RNG.normal(size=(4, 3, 3, 5)).astype(dtype)
    if swapped:
        dy, w = (a.astype(dy.dtype.newbyteorder()) for a in (dy, w))

    def run():
        return _images_last.scatter(dy, w, g)

    if swapped or options.get("stride") == (1, 2):
        run()
        assert used == []
        return
    found, expected = both(run, used, "images_last")
    assert_equal(found, expected)


@each_dtype
def test_dropout_is_numpys_bit_by_bit(used, dtype):
    """With the derivative, for which the mask is made again."""
    x, key = X[dtype].copy(), xdl.random.key(3, like=X[dtype])
    x[0, :9] = np.inf

    def run():
        y, pull = xdl.vjp(lambda x: nn.dropout(x, key, rate=0.3), x)
        return y, pull(X[dtype])[0]

    found, expected = both(run, used, "dropout")
    assert_equal(found, expected)
    assert_equal(found[0] != 0, xdl.random.bernoulli(key, 0.7, SHAPE))
    assert nn._dropout.drop_and_mask(x, key, threshold=1 << 31, scale=2.0)[1] is None
    with _numba.without():
        mask = nn._dropout.drop_and_mask(x, key, threshold=1 << 31, scale=2.0)[1]
    assert_equal(mask, xdl.random.bernoulli(key, 0.5, SHAPE))


@pytest.fixture
def drawn_much(monkeypatch):
    monkeypatch.setitem(_numba._met, "random", _numba.LARGE)


@pytest.mark.parametrize("name", DRAWS | WIDE)
def test_draws_are_numpys_bit_by_bit(used, drawn_much, name):
    xp, key = xdl.backend("numpy").xp, xdl.random.key(2**40 + 77)
    found, expected = both(lambda: (DRAWS | WIDE)[name](xp, xdl.random, key), used, "random")
    assert found.dtype == expected.dtype
    assert_equal(found, expected)


@pytest.mark.parametrize("name", ["bits", "normal", "gumbel", "exponential", "truncated_normal"])
def test_draws_of_several_blocks_are_numpys_bit_by_bit(used, drawn_much, name):
    draw = getattr(xdl.random, name)
    found, expected = both(lambda: draw(xdl.random.key(5), (40_001,)), used, "random")
    assert_equal(found, expected)


@pytest.mark.parametrize("count", [5, 100])
def test_counters_go_on_in_the_high_word(used, drawn_much, count):
    found, expected = both(lambda: words(xdl.random.key(99), start=2**33 - 3, count=count), used, "random")
    assert_equal(found, expected)


def test_loops_are_sought_when_much_has_been_drawn(used, monkeypatch):
    monkeypatch.setitem(_numba._met, "random", 0)
    key = xdl.random.key(0)
    xdl.random.normal(key, (1000,))
    assert used == []
    for _ in range(_numba.LARGE // 250_000 + 1):
        xdl.random.normal(key, (250_000,))
    assert "random" in used


def test_small_arrays_ask_for_nothing(used, monkeypatch):
    monkeypatch.setitem(_numba._met, "random", 0)
    x = X[np.float32][:200]
    nn.softmax(x), nn.gelu(x), scatter_add(x, np.arange(200), size=300)
    nn.dropout(x, xdl.random.key(0, like=x), rate=0.5)
    assert used == []


def run(code):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()


PROGRAM = """
import sys, numpy as np
{before}
import xdl
from xdl import nn
x = np.ones(({rows}, 1024), np.float32)
nn.softmax(x), nn.gelu(x), nn.dropout(x, xdl.random.key(0, like=x), rate=0.5)
print("numba" in sys.modules and sys.modules["numba"] is not None)
"""


def test_a_small_program_does_not_import_numba():
    assert run(PROGRAM.format(before="", rows=100)) == "False"
    assert run(PROGRAM.format(before="", rows=1024)) == "True"


def test_without_numba_everything_works():
    assert run(PROGRAM.format(before="sys.modules['numba'] = None", rows=1024)) == "False"
