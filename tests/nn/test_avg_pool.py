import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_derivatives

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
SHAPES = {1: (2, 9, 3), 2: (2, 7, 8, 3), 3: (1, 4, 5, 6, 2)}


def by_torch(x, window, *, stride=None, padding=0, count_include_pad=True):
    """Pooling by PyTorch, of a tensor with channels last."""
    import torch

    pool = getattr(torch.nn.functional, f"avg_pool{x.ndim - 2}d")
    y = pool(torch.movedim(x, -1, 1), window, stride, padding, count_include_pad=count_include_pad)
    return torch.movedim(y, 1, -1)


def direct(x, window, stride, padding, dilation, count_include_pad):
    """Pooling place by place, of zeros around ``x`` and of ones around which are zeros."""
    wide = [(0, 0), *padding, (0, 0)]
    padded, there = np.pad(x, wide), np.pad(np.ones_like(x), wide)
    output = [
        (s - d * (w - 1) - 1) // t + 1
        for s, w, t, d in zip(padded.shape[1:-1], window, stride, dilation, strict=True)
    ]
    if min(output) < 1:
        return None
    y = np.zeros((x.shape[0], *output, x.shape[-1]))
    for place in np.ndindex(*output):
        seen = tuple(
            slice(o * t, o * t + d * (w - 1) + 1, d)
            for o, t, d, w in zip(place, stride, dilation, window, strict=True)
        )
        axes = tuple(range(1, x.ndim - 1))
        count = there[(slice(None), *seen)].sum(axis=axes)
        if count.size and not count.all():
            return None
        total = padded[(slice(None), *seen)].sum(axis=axes)
        y[(slice(None), *place)] = total / (np.prod(window) if count_include_pad else count)
    return y


@pytest.mark.parametrize("count", [True, False])
@pytest.mark.parametrize(
    ("ndim", "window", "options"),
    [(1, 2, {}), (2, (3, 2), {"stride": (2, 1), "padding": (1, 1)}), (3, 2, {"stride": 2, "padding": 1})],
)
def test_values_are_those_of_torch(xp, ndim, window, options, count):
    import torch

    x = xp.asarray(RNG.normal(size=SHAPES[ndim]), dtype=xp.float32)
    options = options | {"count_include_pad": count}
    y = also_jit(lambda x: nn.avg_pool(x, window, **options), x, fullgraph=ndim == 2)
    assert_close(y, by_torch(torch.asarray(values(x).copy()), window, **options).numpy(), like=x)


@pytest.mark.parametrize("count", [True, False])
def test_derivatives_are_those_of_torch(xp, count):
    options = {"stride": (2, 1), "padding": (1, 1), "count_include_pad": count}
    assert_derivatives(
        xp,
        lambda x: nn.avg_pool(x, (3, 2), **options) ** 2,
        lambda x: by_torch(x, (3, 2), **options) ** 2,
        RNG.normal(size=SHAPES[2]),
    )


@pytest.mark.xp_only("numpy", "torch", reason="hypothesis: many calls; JAX would compile each")
@given(data=st.data())
def test_windows_of_any_kind(xp, data):
    """Against a loop over all places; and the transpose is one."""
    ndim = data.draw(st.integers(1, 3))
    draw = lambda low, high: tuple(data.draw(st.integers(low, high)) for _ in range(ndim))
    spatial, window, stride, dilation = draw(1, 7), draw(1, 3), draw(1, 3), draw(1, 2)
    padding, count = tuple(zip(draw(0, 2), draw(0, 2), strict=True)), data.draw(st.booleans())
    x = RNG.integers(-4, 5, size=(2, *spatial, 3)).astype(np.float32)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "count_include_pad": count}
    expected = direct(x, window, **options)
    if expected is None:
        with pytest.raises(ValueError, match="kernel|padding"):
            nn.avg_pool(xp.asarray(x), window, **options)
        return
    y, pull = xdl.vjp(lambda x: nn.avg_pool(x, window, **options), xp.asarray(x))
    assert_close(y, expected, like=y)
    dy = RNG.integers(-4, 5, size=y.shape).astype(np.float32)
    dx = values(pull(xp.asarray(dy))[0])
    assert np.sum(dx * x) == pytest.approx(np.sum(values(y) * dy), rel=1e-4, abs=1e-3)


def test_complex_numbers_have_a_mean(xp):
    x = RNG.normal(size=(1, 4, 6, 2)) + 1j * RNG.normal(size=(1, 4, 6, 2))
    x = xp.asarray(x, dtype=xp.complex64)
    for count in (True, False):
        options = {"padding": ((1, 1), (0, 0)), "count_include_pad": count}
        y = nn.avg_pool(x, 2, **options)
        expected = direct(values(x).real, (2, 2), (2, 2), ((1, 1), (0, 0)), (1, 1), count)
        assert_close(xp.real(y), expected, like=xp.real(x))
        for engine in (None, "tape"):
            _, pull = xdl.vjp(lambda x, o=options: nn.avg_pool(x, 2, **o), x, engine=engine)
            real = xdl.vjp(lambda x, o=options: nn.avg_pool(x, 2, **o), xp.imag(x), engine=engine)[1]
            assert_close(xp.imag(pull(y)[0]), real(xp.imag(y))[0])


@pytest.mark.xp_skip("mock", reason="check_grads compares values on the host")
def test_derivatives_agree_with_differences(xp64):
    x = xp64.asarray(RNG.normal(size=(1, 5, 6, 2)), dtype=xp64.float64)
    options = {"stride": (2, 1), "padding": ((1, 0), (0, 1)), "dilation": (1, 2)}
    for count in (True, False):
        f = lambda x, c=count: nn.avg_pool(x, (3, 2), count_include_pad=c, **options) ** 2
        xdl.check_grads(f, (x,), order=2, engine="tape")


def test_an_infinity_stays_in_its_window(xp):
    x = xp.asarray([[[np.inf], [1.0], [2.0], [4.0]]], dtype=xp.float32)
    for engine in (None, "tape"):
        y, pull = xdl.vjp(lambda x: nn.avg_pool(x, 2), x, engine=engine)
        assert_equal(y, [[[np.inf], [3.0]]], like=x)
        dy = xp.asarray([[[1.0], [np.inf]]], dtype=xp.float32)
        assert_equal(pull(dy)[0], [[[0.5], [0.5], [np.inf], [np.inf]]], like=x)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_is_summed_in_single(xp):
    """In float16 2048 + 1 is 2048."""
    x = xp.reshape(xp.asarray([2048.0] + [1.0] * 31, dtype=xp.float16), (1, 32, 1))
    assert_equal(nn.avg_pool(x, 32), [[[64.96875]]], like=x)
    with xdl.portable():
        assert_equal(nn.avg_pool(x, 32), [[[64.96875]]], like=x)


def test_empty_batch(xp):
    x = xp.ones((0, 4, 6, 3), dtype=xp.float32)
    for engine in (None, "tape"):
        y, pull = xdl.vjp(lambda x: nn.avg_pool(x, 2, padding=1, count_include_pad=False), x, engine=engine)
        assert y.shape == (0, 3, 4, 3)
        assert pull(y)[0].shape == x.shape


def test_errors(xp):
    x = xp.ones((1, 4, 5, 1), dtype=xp.float32)
    for window, options, match in [
        (6, {}, "spans"),
        (2, {"padding": 2}, "wholly in the padding"),
        (2, {"stride": 0}, "`stride`"),
    ]:
        with pytest.raises(ValueError, match=match):
            nn.avg_pool(x, window, **options)
    with pytest.raises(ValueError, match="1 to 3 spatial axes"):
        nn.avg_pool(x[0, :, :, 0], 2)
    with pytest.raises(TypeError, match=r"floating.*astype"):
        nn.avg_pool(xp.asarray([[[1], [2]]]), 2)


def test_memory_order_stays():
    """NumPy: what a convolution returned with its channels first in memory goes on so, and its gradient."""
    x = np.ascontiguousarray(RNG.normal(size=(3, 2, 8, 6)).astype(np.float32)).transpose(1, 2, 3, 0)
    y, pull = xdl.vjp(lambda x: nn.avg_pool(x, 2), x)
    assert y.transpose(3, 0, 1, 2).flags.c_contiguous
    assert pull(y)[0].transpose(3, 0, 1, 2).flags.c_contiguous
    y, pull = xdl.vjp(lambda x: nn.avg_pool(x, 2), np.ascontiguousarray(x))
    assert y.flags.c_contiguous
    assert pull(y)[0].flags.c_contiguous
