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

# spatial sizes, kernel, channels in and out, options that PyTorch has too
CASES = {
    "plain": ((3, 4), (3, 2), 2, 3, {}),
    "strided": ((3, 2), (3, 2), 2, 2, {"stride": (2, 3), "output_padding": (1, 2), "padding": 1}),
    "dilated": ((3, 3), (2, 3), 1, 2, {"dilation": 2, "stride": 2, "padding": (0, 2)}),
    "grouped": ((3, 2), (3, 3), 4, 2, {"groups": 2, "stride": 2}),
    "sequence": ((4,), (3,), 2, 2, {"stride": 3, "output_padding": 1, "padding": 1}),
    "volume": ((2, 3, 2), (2, 3, 1), 1, 2, {"stride": (1, 2, 2)}),
}


def draw(spatial, kernel, c_in, c_out, groups=1):
    x, w = RNG.normal(size=(2, *spatial, c_in)), RNG.normal(size=(*kernel, c_out // groups, c_in))
    return x, w, RNG.normal(size=c_out)


def by_torch(x, w, b, **options):
    """``torch.nn.functional.conv_transpose2d`` and its like with the axes moved."""
    import torch

    function = getattr(torch.nn.functional, f"conv_transpose{x.ndim - 2}d")
    y = function(torch.movedim(x, -1, 1), torch.movedim(w, (-1, -2), (0, 1)).contiguous(), b, **options)
    return torch.movedim(y, 1, -1)


@pytest.mark.parametrize("case", CASES)
def test_values_and_derivatives_are_those_of_torch(xp, case):
    *sizes, options = CASES[case]
    assert_derivatives(
        xp,
        lambda x, w, b: nn.conv_transpose(x, w, b, **options),
        lambda x, w, b: by_torch(x, w, b, **options),
        *draw(*sizes, options.get("groups", 1)),
    )


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "padding"),
    [((3, 3), 2, 1, "same"), ((2, 4), (2, 3), 1, "same"), ((1, 2), 3, 1, "same"), ((4, 3), 2, 1, "valid")],
)
def test_values_are_those_of_jax(xp, kernel, stride, dilation, padding):
    import jax

    x, w, _ = draw((3, 4), kernel, 2, 3)
    strides = (stride, stride) if isinstance(stride, int) else stride
    with jax.enable_x64(True):
        expected = values(
            jax.lax.conv_transpose(
                x,
                w,
                strides,
                padding.upper(),
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
                transpose_kernel=True,
            )
        )
    a, v = xp.asarray(x, dtype=widest(xp)), xp.asarray(w, dtype=widest(xp))
    y = nn.conv_transpose(a, v, stride=stride, padding=padding, dilation=dilation)
    assert_close(y, expected, like=a, rtol=1e-5, atol=1e-5)


@st.composite
def problems(draw):
    ndim, groups = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    each = lambda least, most: draw(st.tuples(*[st.integers(least, most)] * ndim))
    kernel, stride, dilation = each(1, 3), each(1, 3), each(1, 2)
    rest = tuple(draw(st.integers(0, s - 1)) for s in stride)
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    pads = tuple((draw(st.integers(0, (e - 1) // 2)), draw(st.integers(0, (e - 1) // 2))) for e in extent)
    options = {"stride": stride, "padding": pads, "dilation": dilation, "groups": groups}
    return (each(1, 4), kernel, 2 * groups, groups, groups), rest, options


@given(problems())
@settings(max_examples=60)
@pytest.mark.xp_only("numpy", "strict", "torch", reason="hypothesis: many small calls, each compiled on JAX")
def test_it_is_the_transpose_of_conv(xp, problem):
    """<conv(u, w), x> = <u, conv_transpose(x, w)>, and the sizes fit."""
    sizes, rest, options = problem
    x, w = (xp.asarray(a) for a in draw(*sizes)[:2])
    y = nn.conv_transpose(x, w, output_padding=rest, **options)
    u = xp.asarray(RNG.normal(size=tuple(y.shape)))
    z = nn.conv(u, w, **options)
    assert z.shape == x.shape
    assert_close(float(xp.sum(z * x)), float(xp.sum(u * y)), rtol=1e-9, atol=1e-9)
    assert geometry(y.shape[1:-1], sizes[1], **options).remainder == rest


def test_same_padding_multiplies_the_size_by_the_stride(xp):
    x, w = xp.ones((1, 5, 3, 2), dtype=xp.float32), xp.ones((3, 4, 1, 2), dtype=xp.float32)
    for stride in (1, 2, (3, 5)):
        s = (stride, stride) if isinstance(stride, int) else stride
        assert nn.conv_transpose(x, w, stride=stride, padding="same").shape == (1, 5 * s[0], 3 * s[1], 1)


def test_compiled(xp):
    x, w, b = (xp.asarray(a, dtype=xp.float32) for a in draw((3, 4), (3, 2), 2, 3))
    for options in ({"stride": 2, "padding": ((1, 0), (0, 1))}, {"output_padding": 1, "stride": 2}):
        f = compiled_with(options)
        also_jit(f, x, w, b, fullgraph=True, rtol=1e-5, atol=1e-5)


def compiled_with(options):
    return lambda x, w, b: nn.conv_transpose(x, w, b, **options)


def test_complex_numbers_are_not_conjugated(xp):
    parts = [draw((3, 4), (2, 3), 2, 1) for _ in range(2)]
    x, w, b = (xp.asarray(p + 1j * q, dtype=xp.complex64) for p, q in zip(*parts, strict=True))
    (re, im), (u, v) = [[xp.asarray(p[k], dtype=xp.float32) for p in parts] for k in (0, 1)]
    f = lambda x, w: nn.conv_transpose(x, w, stride=2, padding=((0, 1), (0, 0)))
    expected = values(f(re, u)) - values(f(im, v)) + 1j * (values(f(re, v)) + values(f(im, u))) + values(b)
    y = nn.conv_transpose(x, w, b, stride=2, padding=((0, 1), (0, 0)))
    assert_close(y, expected, like=x, rtol=1e-4, atol=1e-4)


def test_empty_batch(xp):
    x, w = xp.zeros((0, 3, 4, 2), dtype=xp.float32), xp.ones((2, 2, 3, 2), dtype=xp.float32)
    assert_equal(nn.conv_transpose(x, w, stride=2), np.zeros((0, 6, 8, 3)), like=x)
    for engine in (None, "tape"):
        f = lambda w: xdl.array_namespace(w).sum(nn.conv_transpose(x, w, stride=2))
        assert_equal(xdl.grad(f, engine=engine)(w), np.zeros((2, 2, 3, 2)), like=x)


@pytest.mark.parametrize(
    ("shapes", "options", "says"),
    [
        (((3, 4, 2), (2, 2, 3, 2), None), {}, "expected `x` \\(n, \\*spatial, d\\)"),
        (((1, 3, 4, 3), (2, 2, 3, 2), None), {}, "d the channels of `x`"),
        (((1, 3, 4, 3), (2, 2, 1, 3), None), {"groups": 2}, "groups=2"),
        (((1, 3, 4, 0), (2, 2, 1, 0), None), {}, "positive c and d"),
        (((1, 3, 4, 2), (2, 2, 3, 2), (2,)), {}, "expected `b` of shape \\(3,\\)"),
        (((1, 3, 4, 2), (2, 2, 3, 2), None), {"output_padding": 1}, "less than the stride"),
        (((1, 3, 4, 2), (2, 2, 3, 2), None), {"padding": 3}, "cuts off all"),
        (((1, 3, 4, 2), (2, 2, 3, 2), None), {"groups": 0}, "`groups`"),
        (((1, 3, 4, 2), (2, 2, 3, 2), None), {"precision": "tf32"}, "`precision`"),
    ],
)
def test_errors(xp, shapes, options, says):
    args = [None if shape is None else xp.zeros(shape, dtype=xp.float32) for shape in shapes]
    with pytest.raises(ValueError, match=says):
        nn.conv_transpose(*args, **options)
    with pytest.raises(ValueError, match=says):
        xdl.vjp(lambda x: nn.conv_transpose(x, *args[1:], **options), args[0], engine="tape")


def test_dtypes(xp):
    x = xp.zeros((1, 4, 4, 2), dtype=xp.float32)
    with pytest.raises(TypeError, match="of one dtype"):
        nn.conv_transpose(x, xp.zeros((2, 2, 3, 2), dtype=xp.complex64))
    with pytest.raises(TypeError, match="expected floating-point or complex"):
        nn.conv_transpose(xp.zeros((1, 4, 4, 2), dtype=xp.int32), xp.zeros((2, 2, 3, 2), dtype=xp.int32))
