import itertools

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import widest

import xdl
from xdl import nn
from xdl.nn._pad import sources

MODES = ("constant", "reflect", "symmetric", "edge", "wrap")
RNG = np.random.default_rng(0)


def test_sources_are_those_of_numpy():
    """Also where more is put on a side than the axis is long, several times over."""
    for n, mode in itertools.product(range(1, 5), MODES[1:]):
        for before, after in itertools.product(range(0, 14, 3), range(0, 14, 2)):
            expected = np.pad(np.arange(n), (before, after), mode=mode)
            assert list(sources(n, before, after, mode)) == expected.tolist(), (n, mode, before, after)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("shape", "padding"), [((2, 5, 3), 2), ((2, 3, 4, 2), ((1, 0), (5, 9)))], ids=str)
def test_values_are_those_of_numpy(xp, mode, shape, padding):
    x = xp.asarray(RNG.normal(size=shape), dtype=xp.float32)
    pairs = padding if isinstance(padding, tuple) else ((padding, padding),) * (len(shape) - 2)
    expected = np.pad(values(x), ((0, 0), *pairs, (0, 0)), mode=mode)
    assert_equal(also_jit(lambda x: nn.pad(x, padding, mode=mode), x), expected, like=x)
    with xdl.portable():
        assert_equal(nn.pad(x, padding, mode=mode), expected, like=x)


def test_other_axes_and_values(xp):
    x = xp.asarray([[1, 2, 3], [4, 5, 6]])
    expected = np.pad(values(x), ((0, 1), (2, 0)), constant_values=7)
    assert_equal(nn.pad(x, ((2, 0), (0, 1)), value=7, axis=(-1, 0)), expected, like=x)
    assert_equal(nn.pad(x, 0, axis=0), x)
    infinite = nn.pad(xp.ones((1, 2, 1), dtype=xp.float32), 1, value=-np.inf)
    assert_equal(xp.reshape(infinite, (-1,)), [-np.inf, 1, 1, -np.inf], like=infinite)


@pytest.mark.parametrize("mode", MODES)
def test_derivative_is_the_transpose(xp, mode):
    """Each entry gets what its copies get: <pad(x), y> = <x, pull(y)>, and twice over."""
    x, padding = RNG.normal(size=(1, 3, 4, 2)), ((7, 1), (2, 6))
    padded = np.pad(x, ((0, 0), *padding, (0, 0)), mode=mode)
    dy = RNG.normal(size=padded.shape)
    moved = np.zeros(x.shape)
    places = np.pad(np.arange(x.size).reshape(x.shape) + 1, ((0, 0), *padding, (0, 0)), mode=mode)
    np.add.at(moved.reshape(-1), places[places > 0] - 1, dy[places > 0])
    x, dy = xp.asarray(x, dtype=widest(xp)), xp.asarray(dy, dtype=widest(xp))
    for engine in (None, "tape"):
        _, pull = xdl.vjp(lambda x: nn.pad(x, padding, mode=mode), x, engine=engine)
        assert_close(pull(dy)[0], moved, like=x, rtol=1e-5, atol=1e-5)
        _, dp = xdl.jvp(lambda x: nn.pad(x, padding, mode=mode, value=3.0), (x,), (x,), engine=engine)
        assert_close(dp, nn.pad(x, padding, mode=mode))
    f = lambda x: xdl.array_namespace(x).sum(nn.pad(x, padding, mode=mode) ** 3)
    found = xdl.hvp(f, (x,), (xp.ones_like(x),), engine="tape")
    bend = xdl.grad(lambda x: xdl.array_namespace(x).sum(xdl.grad(f, engine="tape")(x)), engine="tape")(x)
    assert_close(found[0] if isinstance(found, tuple) else found, bend, rtol=1e-5)


def test_empty(xp):
    x = xp.ones((0, 3, 2), dtype=xp.float32)
    assert nn.pad(x, 2, mode="reflect").shape == (0, 7, 2)
    assert nn.pad(xp.ones((1, 0, 2), dtype=xp.float32), 2).shape == (1, 4, 2)


def test_errors(xp):
    x = xp.ones((1, 3, 2), dtype=xp.float32)
    for padding in (-1, (1, 2), ((1, 2, 3),), 1.5, ((True, 1),)):
        with pytest.raises(ValueError, match="`padding`"):
            nn.pad(x, padding)
    with pytest.raises(ValueError, match="'wrap'"):
        nn.pad(x, 1, mode="circular")
    with pytest.raises(ValueError, match="`axis`"):
        nn.pad(x, 1, axis=3)
    with pytest.raises(ValueError, match="twice"):
        nn.pad(x, 1, axis=(0, -3))
    with pytest.raises(ValueError, match="give the `axis`"):
        nn.pad(x[0, ...], 1)
    with pytest.raises(ValueError, match="without entries"):
        nn.pad(x[:, :0, :], 1, mode="edge")


def test_memory_order_stays():
    """NumPy: what a convolution returned with its channels first in memory goes on so."""
    x = np.ascontiguousarray(RNG.normal(size=(3, 2, 8, 6))).transpose(1, 2, 3, 0)
    for mode in MODES:
        assert nn.pad(x, 1, mode=mode).transpose(3, 0, 1, 2).flags.c_contiguous
