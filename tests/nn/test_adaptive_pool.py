import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
CASES = [((2, 7, 3), 3), ((2, 6, 8, 2), (3, 4)), ((2, 5, 7, 2), (3, 9)), ((1, 4, 5, 3, 2), 2)]
NAMES = ("adaptive_max_pool", "adaptive_avg_pool")


def by_torch(name, x, sizes):
    import torch

    pool = getattr(torch.nn.functional, f"{name}{x.ndim - 2}d")
    return torch.movedim(pool(torch.movedim(x, -1, 1), sizes), 1, -1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("shape", "sizes"), CASES, ids=str)
def test_values_are_those_of_torch(xp, name, shape, sizes):
    import torch

    x = xp.asarray(RNG.normal(size=shape), dtype=xp.float32)
    y = also_jit(lambda x: getattr(nn, name)(x, sizes), x)
    assert_close(y, by_torch(name, torch.asarray(values(x).copy()), sizes).numpy(), like=x)
    with xdl.portable():
        assert_close(getattr(nn, name)(x, sizes), y)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_those_of_torch(xp, name):
    x = RNG.normal(size=(2, 5, 7, 2))
    assert_derivatives(
        xp, lambda x: getattr(nn, name)(x, (3, 2)) ** 2, lambda x: by_torch(name, x, (3, 2)) ** 2, x
    )


def test_the_first_of_equal_entries_has_the_derivative(xp):
    x = xp.ones((1, 5, 5, 1), dtype=xp.float32)
    expected = np.zeros((5, 5))
    np.add.at(expected, ([0, 0, 1, 1, 3, 3, 0, 1, 3], [0, 1, 0, 1, 0, 1, 3, 3, 3]), 1.0)
    for engine in (None, "tape"):
        _, pull = xdl.vjp(lambda x: nn.adaptive_max_pool(x, 3), x, engine=engine)
        dx = pull(xp.ones((1, 3, 3, 1), dtype=xp.float32))[0]
        assert_equal(xp.reshape(dx, (5, 5)), expected, like=x)


@pytest.mark.parametrize("shape", [(2, 5, 3), (2, 3, 4, 3), (1, 2, 3, 4, 2)])
def test_global_pooling(xp, shape):
    x = xp.asarray(RNG.normal(size=shape), dtype=xp.float32)
    axes = tuple(range(1, len(shape) - 1))
    for keepdims in (False, True):
        reduced = {"axis": axes, "keepdims": keepdims}
        assert_equal(nn.global_max_pool(x, keepdims=keepdims), values(x).max(**reduced), like=x)
        assert_close(nn.global_avg_pool(x, keepdims=keepdims), values(x).mean(**reduced), like=x)
        expected = np.sqrt((values(x) ** 2).sum(**reduced))
        assert_close(nn.global_lp_pool(x, 2, keepdims=keepdims), expected, like=x)


def test_global_pooling_of_ties_and_nan(xp):
    """As `max_pool`: the reductions of the libraries share the derivative among equal entries."""
    x = xp.asarray([[[1.0, 5.0], [2.0, np.nan], [2.0, 1.0]]], dtype=xp.float32)
    for engine in (None, "tape"):
        y, pull = xdl.vjp(nn.global_max_pool, x, engine=engine)
        assert_equal(y, [[2.0, np.nan]], like=x)
        assert_equal(values(pull(xp.ones_like(y))[0])[0, :, 0], np.asarray([0, 1, 0], dtype=np.float32))


def test_complex_means(xp):
    x = xp.asarray(RNG.normal(size=(1, 5, 2)) + 1j, dtype=xp.complex64)
    for y in (nn.global_avg_pool(x), nn.adaptive_avg_pool(x, 3)):
        assert_close(xp.imag(y), np.ones(y.shape), like=xp.imag(x))


def test_empty_batch(xp):
    x = xp.ones((0, 4, 5, 2), dtype=xp.float32)
    for f in (nn.adaptive_max_pool, nn.adaptive_avg_pool):
        assert f(x, (2, 3)).shape == (0, 2, 3, 2)
    for f in (nn.global_max_pool, nn.global_avg_pool):
        assert f(x).shape == (0, 2)


def test_errors(xp):
    x = xp.ones((1, 4, 5, 2), dtype=xp.float32)
    for f in (nn.adaptive_max_pool, nn.adaptive_avg_pool):
        for sizes in (0, (2,), (2, 3, 4)):
            with pytest.raises(ValueError, match="output_size"):
                f(x, sizes)
        with pytest.raises(ValueError, match="1 to 3 spatial axes"):
            f(x[0, 0, ...], 2)
    with pytest.raises(ValueError, match="not empty"):
        nn.global_avg_pool(x[:, :0, ...])
    with pytest.raises(TypeError, match="largest"):
        nn.adaptive_max_pool(xp.ones((1, 4, 1), dtype=xp.complex64), 2)
