import numpy as np
import pytest
from asserts import also_jit, assert_equal, values

import xdl
from xdl import nn

RNG = np.random.default_rng(0)


def test_values_are_those_of_torch(xp):
    import torch

    x = xp.asarray(RNG.normal(size=(2, 3, 4, 18)), dtype=xp.float32)
    y = also_jit(lambda x: nn.pixel_shuffle(x, 3), x, fullgraph=True)
    first = torch.movedim(torch.asarray(values(x).copy()), -1, 1)
    expected = torch.movedim(torch.nn.functional.pixel_shuffle(first, 3), 1, -1)
    assert_equal(y, expected.numpy(), like=x)
    assert_equal(nn.pixel_unshuffle(y, 3), x)


@pytest.mark.parametrize("shape", [(2, 3, 8), (1, 2, 3, 4), (1, 2, 1, 2, 16), (0, 2, 2, 4)])
def test_each_is_the_inverse_of_the_other(xp, shape):
    x = xp.asarray(RNG.normal(size=shape), dtype=xp.float32)
    y = nn.pixel_shuffle(x, 2)
    assert y.shape == (shape[0], *(2 * n for n in shape[1:-1]), shape[-1] // 2 ** (len(shape) - 2))
    assert_equal(nn.pixel_unshuffle(y, 2), x)
    with xdl.portable():
        assert_equal(nn.pixel_shuffle(x, 2), y)


def test_a_block_of_a_series(xp):
    """Channels of one block are neighbors in PyTorch's order."""
    x = xp.reshape(xp.arange(12), (1, 2, 6))
    y = nn.pixel_shuffle(x, 3)
    assert_equal(y[0, :, 0], [0, 1, 2, 6, 7, 8], like=x)
    assert_equal(y[0, :, 1], [3, 4, 5, 9, 10, 11], like=x)


def test_derivative_is_the_inverse(xp):
    x = xp.asarray(RNG.normal(size=(1, 2, 3, 4)), dtype=xp.float32)
    for engine in (None, "tape"):
        y, pull = xdl.vjp(lambda x: nn.pixel_shuffle(x, 2), x, engine=engine)
        assert_equal(pull(y)[0], x)


def test_errors(xp):
    x = xp.ones((1, 2, 3, 6), dtype=xp.float32)
    with pytest.raises(ValueError, match=r"factor \*\* 2 = 4 divides"):
        nn.pixel_shuffle(x, 2)
    with pytest.raises(ValueError, match="factor = 2 divides"):
        nn.pixel_unshuffle(x, 2)
    for factor in (0, 1.5, True):
        with pytest.raises(ValueError, match="`factor`"):
            nn.pixel_shuffle(x, factor)
    with pytest.raises(ValueError, match="1 to 3 spatial axes"):
        nn.pixel_shuffle(x[0, 0, ...], 2)
