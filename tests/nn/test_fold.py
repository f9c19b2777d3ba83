import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_derivatives, widest

import xdl
from xdl import nn
from xdl.nn._geometry import geometry

RNG = np.random.default_rng(0)
CASES = {
    "plain": ((4, 5), (2, 3), {}),
    "strided": ((5, 6), (3, 2), {"stride": (2, 1), "padding": 1}),
    "dilated": ((6, 5), (2, 2), {"dilation": (2, 3), "padding": 1, "stride": 2}),
    "apart": ((7, 6), (2, 1), {"stride": 3}),
}


def torch_columns(y, k):
    """PyTorch's (n, c * k, places) as (n, places, k * c)."""
    n, m, places = y.shape
    return y.reshape(n, m // k, k, places).permute(0, 3, 2, 1).reshape(n, places, m)


def unfold_by_torch(x, kernel, options):
    import torch

    y = torch.nn.functional.unfold(torch.movedim(x, -1, 1), kernel, **options)
    g = geometry(tuple(x.shape[1:-1]), kernel, **{"stride": 1, "padding": 0, "dilation": 1} | options)
    return torch_columns(y, math.prod(kernel)).reshape(x.shape[0], *g.output, -1)


def fold_by_torch(y, spatial, kernel, options):
    import torch

    n, k = y.shape[0], math.prod(kernel)
    c = y.shape[-1] // k
    y = y.reshape(n, -1, k, c).permute(0, 3, 2, 1).reshape(n, c * k, -1)
    return torch.movedim(torch.nn.functional.fold(y, spatial, kernel, **options), 1, -1)


@pytest.mark.parametrize("case", CASES)
def test_unfold_is_that_of_torch(xp, case):
    spatial, kernel, options = CASES[case]
    x = RNG.normal(size=(2, *spatial, 2))
    assert_derivatives(
        xp,
        lambda x: nn.unfold(x, kernel_size=kernel, **options),
        lambda x: unfold_by_torch(x, kernel, options),
        x,
    )


@pytest.mark.parametrize("case", CASES)
def test_fold_is_that_of_torch(xp, case):
    spatial, kernel, options = CASES[case]
    g = geometry(spatial, kernel, **{"stride": 1, "padding": 0, "dilation": 1} | options)
    y = RNG.normal(size=(2, *g.output, 2 * math.prod(kernel)))
    assert_derivatives(
        xp,
        lambda y: nn.fold(y, output_size=spatial, kernel_size=kernel, **options),
        lambda y: fold_by_torch(y, spatial, kernel, options),
        y,
    )


@st.composite
def problems(draw):
    ndim = draw(st.integers(1, 3))
    each = lambda least, most: draw(st.tuples(*[st.integers(least, most)] * ndim))
    kernel, dilation = each(1, 3), each(1, 2)
    pads = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * ndim))
    least = [d * (k - 1) + 1 - a - b for k, d, (a, b) in zip(kernel, dilation, pads, strict=True)]
    spatial = tuple(max(1, e) + n for e, n in zip(least, each(0, 3), strict=True))
    return spatial, {"kernel_size": kernel, "stride": each(1, 4), "padding": pads, "dilation": dilation}


@given(problems())
@settings(max_examples=60)
@pytest.mark.xp_only("numpy", "strict", "torch", reason="hypothesis: many small calls, each compiled on JAX")
def test_fold_is_the_transpose_of_unfold(xp, problem):
    """The entries of unfold are entries of x, and <unfold x, y> = <x, fold y> exactly: integers in floats."""
    spatial, options = problem
    x = xp.asarray(RNG.integers(-9, 9, (2, *spatial, 3)).astype(np.float64))
    columns = nn.unfold(x, **options)
    assert set(values(columns).ravel()) <= set(values(x).ravel()) | {0}
    y = xp.asarray(RNG.integers(-9, 9, tuple(columns.shape)).astype(np.float64))
    image = nn.fold(y, output_size=spatial, **options)
    assert image.shape == x.shape
    assert_equal(xp.sum(columns * y), float(xp.sum(x * image)), like=x)


@pytest.mark.parametrize("kernel", [(3,), (2, 3), (2, 1, 2)])
def test_convolution_is_a_product_with_the_patches(xp, kernel):
    x = xp.asarray(RNG.normal(size=(2, *(5, 4, 6)[: len(kernel)], 3)), dtype=widest(xp))
    w = xp.asarray(RNG.normal(size=(*kernel, 3, 4)), dtype=x.dtype)
    options = {"stride": 2, "padding": "same", "dilation": 1}
    columns = nn.unfold(x, kernel_size=kernel, **options)
    assert_close(xp.matmul(columns, xp.reshape(w, (-1, 4))), nn.conv(x, w, **options), rtol=1e-5, atol=1e-5)


def test_fold_of_unfold_counts_the_patches(xp):
    """How many 2x2 patches an entry of a 3x3 image belongs to."""
    x = xp.ones((1, 3, 3, 1), dtype=xp.float32)
    y = nn.fold(nn.unfold(x, kernel_size=2), output_size=3, kernel_size=2)
    assert_equal(y[0, ..., 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]], like=x)


def test_compiled(xp):
    x = xp.asarray(RNG.normal(size=(2, 5, 6, 2)), dtype=xp.float32)
    options = {"kernel_size": (2, 3), "stride": 2, "padding": ((1, 0), (0, 2))}
    y = also_jit(lambda x: nn.unfold(x, **options), x, fullgraph=True)
    also_jit(lambda y: nn.fold(y, output_size=(5, 6), **options), y, fullgraph=True, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["complex64", "int32", "float32"])
def test_dtype_stays(xp, dtype):
    """Moving entries needs no floating point; summing them keeps the dtype."""
    x = xp.asarray(RNG.integers(-9, 9, (0 if dtype == "float32" else 1, 4, 4, 1)), dtype=getattr(xp, dtype))
    y = nn.unfold(x, kernel_size=2, stride=2)
    assert y.dtype == x.dtype
    assert_equal(nn.fold(y, output_size=4, kernel_size=2, stride=2), x)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: nn.unfold(x[0, 0, ...], kernel_size=2), "expected `x` \\(n, \\*spatial, c\\)"),
        (lambda x: nn.unfold(x, kernel_size=(2,)), "`kernel_size`"),
        (lambda x: nn.unfold(x, kernel_size=6), "smaller kernel"),
        (lambda x: nn.unfold(x, kernel_size=2, padding=-1), "`padding`"),
        (
            lambda x: nn.fold(x[0, 0, ...], output_size=6, kernel_size=2),
            "expected `y` \\(n, \\*output, k \\* c\\)",
        ),
        (
            lambda x: nn.fold(x, output_size=(6, 7), kernel_size=2),
            "expected `y` of shape \\(n, 5, 6, 4 \\* c\\)",
        ),
        (lambda x: nn.fold(x, output_size=5, kernel_size=(1, 3), padding=(0, 1)), "3 \\* c"),
        (lambda x: nn.fold(x, output_size=0, kernel_size=2), "`output_size`"),
    ],
)
def test_errors(xp, call, says):
    x = xp.zeros((2, 5, 5, 4), dtype=xp.float32)
    with pytest.raises(ValueError, match=says):
        call(x)
    with pytest.raises(ValueError, match=says):
        xdl.vjp(call, x, engine="tape")
