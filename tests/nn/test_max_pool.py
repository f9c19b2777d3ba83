import contextlib
import itertools
import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_derivatives, at_once, widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
INF, NAN = math.inf, math.nan
SHAPES = {1: (2, 9, 3), 2: (2, 7, 8, 3), 3: (1, 4, 5, 6, 2)}
OPTIONS = [{}, {"stride": 1}, {"stride": 2, "padding": 1}, {"padding": 1, "dilation": 2}]


def by_torch(x, window, *, stride=None, padding=0, dilation=1):
    """Pooling by PyTorch, of a tensor with channels last."""
    import torch

    pool = getattr(torch.nn.functional, f"max_pool{x.ndim - 2}d")
    y = pool(torch.movedim(x, -1, 1), window, stride, padding, dilation)
    return torch.movedim(y, 1, -1)


def direct(x, window, stride, padding, dilation):
    """Pooling place by place: the largest entry, and the flat index of the first one; None if a place sees nothing."""
    n, *spatial, c = x.shape
    output = [
        (s + a + b - d * (w - 1) - 1) // t + 1
        for s, w, t, (a, b), d in zip(spatial, window, stride, padding, dilation, strict=True)
    ]
    if min(output) < 1:
        return None
    y, first = np.zeros((n, *output, c)), np.zeros((n, *output, c), int)
    for place in np.ndindex(*output):
        for i, j in itertools.product(range(n), range(c)):
            best = None
            for k in np.ndindex(*window):
                at = tuple(
                    o * t + e * d - a
                    for o, t, e, d, (a, _) in zip(place, stride, k, dilation, padding, strict=True)
                )
                if all(0 <= p < s for p, s in zip(at, spatial, strict=True)):
                    at = (i, *at, j)
                    if best is None or x[at] > x[best]:
                        best = at
            if best is None:
                return None
            y[(i, *place, j)] = x[best]
            first[(i, *place, j)] = np.ravel_multi_index(best, x.shape)
    return y, first


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_values_are_those_of_torch(xp, ndim, options):
    import torch

    x = xp.asarray(RNG.normal(size=SHAPES[ndim]), dtype=xp.float32)
    y = also_jit(lambda x: nn.max_pool(x, 2, **options), x, fullgraph=ndim == 2)
    assert_equal(y, by_torch(torch.asarray(values(x).copy()), 2, **options).numpy(), like=x)


@pytest.mark.parametrize(
    ("ndim", "window", "options"),
    [(1, 3, {"stride": 2, "padding": 1}), (2, (3, 2), {"stride": (1, 2)}), (3, 2, {})],
)
def test_derivatives_are_those_of_torch(xp, ndim, window, options):
    assert_derivatives(
        xp,
        lambda x: nn.max_pool(x, window, **options),
        lambda x: by_torch(x, window, **options),
        RNG.normal(size=SHAPES[ndim]),
    )


@pytest.mark.parametrize("layout", ["channels last", "planar"])
def test_the_first_of_equal_entries_has_the_derivative(xp, layout):
    """In row-major order of the window, on every library and by both engines."""
    x = RNG.integers(0, 2, size=(2, 5, 6, 2)).astype(float)
    options = {"stride": (2, 2), "padding": ((1, 1), (0, 1)), "dilation": (1, 1)}
    y, first = direct(x, (2, 3), **options)
    dy = RNG.normal(size=y.shape)
    expected = np.zeros(x.size)
    np.add.at(expected, first.reshape(-1), dy.reshape(-1))
    array = xp.asarray(x, dtype=widest(xp))
    if layout == "planar":
        array = xp.permute_dims(xp.permute_dims(array, (3, 0, 1, 2)) * 1, (1, 2, 3, 0))
    dy = xp.asarray(dy, dtype=array.dtype)
    for engine in (None, "tape"):

        def pulled(x, dy, engine=engine):
            y, pull = xdl.vjp(lambda x: nn.max_pool(x, (2, 3), **options), x, engine=engine)
            return y, pull(dy)[0]

        for context in (xdl.portable, None):
            if context is None:
                found, dx = at_once(pulled, [array, dy])
            else:
                with context():
                    found, dx = at_once(pulled, [array, dy])
            assert_equal(found, y, like=array)
            assert_close(dx, expected.reshape(x.shape), like=array, rtol=1e-5, atol=1e-6)


def test_what_is_padded_is_never_the_largest(xp):
    """A zero would be, beside negative numbers; minus infinity would hide the entry that has the derivative."""
    x = xp.asarray([-1.0, -INF, -INF, -3.0], dtype=xp.float32)
    x = xp.reshape(x, (1, 4, 1))
    for engine, context in itertools.product((None, "tape"), (contextlib.nullcontext, xdl.portable)):
        with context():
            y, pull = xdl.vjp(lambda x: nn.max_pool(x, 2, padding=((1, 1),)), x, engine=engine)
            assert_equal(xp.reshape(y, (-1,)), [-1.0, -INF, -3.0], like=x)
            assert_equal(xp.reshape(pull(xp.ones_like(y))[0], (-1,)), [1.0, 1.0, 0.0, 1.0], like=x)
            y, pull = xdl.vjp(lambda x: nn.max_pool(x, 2, padding=((1, 1),)), x[:, 1:3, :], engine=engine)
            assert_equal(xp.reshape(pull(xp.ones_like(y))[0], (-1,)), [1.0, 1.0], like=x)


def test_nan_spreads_to_its_windows_alone(xp):
    x = np.zeros((1, 6, 6, 1))
    x[0, 2, 3, 0] = NAN
    x = xp.asarray(x, dtype=xp.float32)
    for call in (nn.max_pool, nn.max_pool.definition):
        y = call(x, 3, stride=2, padding=1, dilation=1)
        expected = np.zeros((3, 3))
        expected[1, 1] = expected[1, 2] = NAN
        assert_equal(y[0, :, :, 0], expected, like=x)


@pytest.mark.xp_only("numpy", "torch", reason="hypothesis: many calls; JAX would compile each")
@given(data=st.data())
def test_windows_of_any_kind(xp, data):
    """Against a loop over all places."""
    ndim = data.draw(st.integers(1, 3))
    draw = lambda low, high: tuple(data.draw(st.integers(low, high)) for _ in range(ndim))
    spatial, window, stride, dilation = draw(1, 7), draw(1, 3), draw(1, 3), draw(1, 2)
    padding = tuple(zip(draw(0, 2), draw(0, 2), strict=True))
    x = data.draw(
        st.sampled_from([RNG.integers(-1, 2, size=(2, *spatial, 2)), RNG.normal(size=(1, *spatial, 3))])
    )
    x = x.astype(np.float32)
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    expected = direct(x, window, **options)
    if expected is None:
        with pytest.raises(ValueError, match="kernel|padding"):
            nn.max_pool(xp.asarray(x), window, **options)
        return
    expected, first = expected
    y, pull = xdl.vjp(lambda x: nn.max_pool(x, window, **options), xp.asarray(x))
    assert_equal(y, expected, like=y)
    dy = RNG.integers(-4, 5, size=y.shape).astype(np.float32)
    dx = np.zeros(x.size, np.float32)
    np.add.at(dx, first.reshape(-1), dy.reshape(-1))
    assert_equal(pull(xp.asarray(dy))[0], dx.reshape(x.shape), like=y)


@pytest.mark.xp_skip("mock", reason="check_grads compares values on the host")
def test_derivatives_agree_with_differences(xp64):
    x = xp64.asarray(RNG.normal(size=(1, 5, 6, 2)), dtype=xp64.float64)
    options = {"stride": (2, 1), "padding": ((1, 0), (0, 1))}
    for engine in (None, "tape"):
        xdl.check_grads(lambda x: nn.max_pool(x, (2, 3), **options), (x,), order=2, engine=engine)


def test_a_square_is_differentiated_twice(xp):
    """The pullback and what it transposes to are each other's transposes: the second derivative of a pooled square."""
    x = xp.asarray(RNG.normal(size=(2, 6, 6, 2)), dtype=xp.float32)
    for engine in (None, "tape"):
        loss = lambda x: xdl.array_namespace(x).sum(nn.max_pool(x, 2) ** 2)
        hvp = lambda x, loss=loss, engine=engine: xdl.hvp(loss, (x,), (x,), engine=engine)
        hx, dx = at_once(hvp, [x]), at_once(xdl.grad(loss, engine=engine), [x])
        assert_close(hx[0] if isinstance(hx, tuple) else hx, dx, rtol=1e-5)


def test_integers(xp):
    x = xp.asarray([[[3], [-7], [5]]])
    assert_equal(nn.max_pool(x, 2, stride=1, padding=1), [[[3], [3], [5], [5]]], like=x)


def test_empty_batch(xp):
    x = xp.ones((0, 4, 6, 3), dtype=xp.float32)
    for engine in (None, "tape"):
        y, pull = xdl.vjp(lambda x: nn.max_pool(x, 2), x, engine=engine)
        assert y.shape == (0, 2, 3, 3)
        assert pull(y)[0].shape == x.shape


@pytest.mark.parametrize(
    ("shape", "window", "options", "match"),
    [
        ((4, 5), 2, {}, "1 to 3 spatial axes"),
        ((1, 4, 5, 1), (2, 2, 2), {}, "2 such ints|1, 2 or 3 axes"),
        ((1, 4, 5, 1), 6, {}, "spans"),
        ((1, 4, 5, 1), 0, {}, "kernel"),
        ((1, 4, 5, 1), 2, {"stride": 0}, "`stride`"),
        ((1, 4, 5, 1), 2, {"padding": -1}, "`padding`"),
        ((1, 4, 5, 1), 2, {"padding": 2}, "wholly in the padding"),
        ((1, 4, 5, 1), 2, {"padding": ((0, 0), (0, 3))}, "wholly in the padding"),
        ((1, 0, 5, 1), 1, {}, "spans"),
    ],
)
def test_errors(xp, shape, window, options, match):
    with pytest.raises(ValueError, match=match):
        nn.max_pool(xp.ones(shape, dtype=xp.float32), window, **options)


def test_complex_numbers_have_no_largest(xp):
    with pytest.raises(TypeError, match="largest"):
        nn.max_pool(xp.ones((1, 4, 1), dtype=xp.complex64), 2)
    with pytest.raises(TypeError, match="ints"):
        nn.max_pool(xp.ones((1, 4, 1), dtype=xp.float32), 2.5)


def test_memory_order_stays():
    """NumPy: what a convolution returned with its channels first in memory goes on so, and its gradient."""
    x = np.ascontiguousarray(RNG.normal(size=(3, 2, 8, 6)).astype(np.float32)).transpose(1, 2, 3, 0)
    y, pull = xdl.vjp(lambda x: nn.max_pool(x, 2), x)
    assert y.transpose(3, 0, 1, 2).flags.c_contiguous
    assert pull(y)[0].transpose(3, 0, 1, 2).flags.c_contiguous
    y, pull = xdl.vjp(lambda x: nn.max_pool(x, 2), np.ascontiguousarray(x))
    assert y.flags.c_contiguous
    assert pull(y)[0].flags.c_contiguous
