import itertools

import numpy as np
import pytest
import scipy.signal
from asserts import also_jit, assert_close, assert_equal, values
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_derivatives, at_once, widest
from samples.conv import PROBLEMS
from samples.conv import draw as problem_arrays

import xdl
from xdl import nn
from xdl.core._backends import current_backend
from xdl.nn._conv import conv_input_gradient, conv_pullback, conv_weight_gradient
from xdl.nn._geometry import geometry

RNG = np.random.default_rng(0)

# spatial sizes, kernel, channels in and out, options that PyTorch has too
CASES = {
    "plain": ((5, 6), (3, 3), 2, 3, {}),
    "padded": ((5, 4), (3, 2), 2, 2, {"padding": 1}),
    "strided": ((7, 6), (3, 2), 2, 2, {"stride": (2, 3), "padding": 1}),
    "dilated": ((6, 7), (3, 3), 1, 2, {"dilation": 2}),
    "grouped": ((4, 5), (2, 3), 4, 6, {"groups": 2, "stride": 2, "padding": 1}),
    "depthwise": ((4, 5), (3, 3), 3, 3, {"groups": 3, "padding": 1}),
    "one channel": ((4, 5), (2, 3), 2, 1, {}),
    "stride beyond the kernel": ((8, 5), (1, 2), 2, 2, {"stride": 3}),
    "sequence": ((9,), (3,), 2, 4, {"stride": 2, "padding": 2, "dilation": 2, "groups": 2}),
    "volume": ((3, 4, 5), (2, 3, 1), 2, 2, {"stride": (1, 2, 2), "padding": 1}),
}


def draw(spatial, kernel, c, d, groups=1, n=2):
    return RNG.normal(size=(n, *spatial, c)), RNG.normal(size=(*kernel, c // groups, d)), RNG.normal(size=d)


def by_sums(x, w, *, stride, padding, dilation, groups):
    """Cross-correlation by its definition, one product at a time."""
    g = geometry(
        x.shape[1:-1], w.shape[:-2], stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    (c, d), y = w.shape[-2:], np.zeros((x.shape[0], *g.output, w.shape[-1]), dtype=x.dtype)
    x = np.pad(x, ((0, 0), *g.padding, (0, 0)))
    for o, k, i, j in itertools.product(np.ndindex(*g.output), np.ndindex(*g.kernel), range(c), range(d)):
        at = tuple(a * s + b * e for a, s, b, e in zip(o, g.stride, k, g.dilation, strict=True))
        group = j // (d // groups)
        y[(slice(None), *o, j)] += x[(slice(None), *at, group * c + i)] * w[(*k, i, j)]
    return y


def by_torch(x, w, b=None, **options):
    """``torch.nn.functional.conv1d``, ``conv2d`` or ``conv3d`` with the axes moved."""
    import torch

    function = getattr(torch.nn.functional, f"conv{x.ndim - 2}d")
    y = function(torch.movedim(x, -1, 1), torch.movedim(w, (-1, -2), (0, 1)).contiguous(), b, **options)
    return torch.movedim(y, 1, -1)


@pytest.mark.parametrize("case", CASES)
def test_values_and_derivatives_are_those_of_torch(xp, case):
    *sizes, options = CASES[case]
    xs = draw(*sizes, options.get("groups", 1))
    assert_derivatives(
        xp, lambda x, w, b: nn.conv(x, w, b, **options), lambda x, w, b: by_torch(x, w, b, **options), *xs
    )


@pytest.mark.parametrize(
    ("spatial", "kernel", "options"),
    [
        ((6, 7), (2, 4), {"padding": "same"}),
        ((7, 8), (4, 3), {"padding": "same", "stride": (2, 3)}),
        ((7, 8), (2, 3), {"padding": "same", "dilation": (3, 2)}),
        ((5, 4), (2, 2), {"padding": ((0, 2), (3, 1)), "stride": 2}),
        ((9,), (4,), {"padding": "same", "stride": 2}),
        ((4, 5, 3), (2, 2, 2), {"padding": ((1, 0), (0, 1), (2, 1)), "groups": 2}),
        ((2, 2), (5, 4), {"padding": "same"}),
    ],
)
def test_values_and_derivatives_are_those_of_jax(xp, spatial, kernel, options):
    """What PyTorch has not: asymmetric padding, "same" with strides."""
    import jax

    groups = options.get("groups", 1)
    x, w, _ = draw(spatial, kernel, 2, 2, groups)
    padding = options["padding"] if not isinstance(options["padding"], str) else "SAME"
    per_axis = lambda name: np.broadcast_to(options.get(name, 1), (len(spatial),)).tolist()

    def theirs(x, w):
        letters = "DHW"[-len(spatial) :]
        return jax.lax.conv_general_dilated(
            x,
            w,
            per_axis("stride"),
            padding,
            rhs_dilation=per_axis("dilation"),
            dimension_numbers=(f"N{letters}C", f"{letters}IO", f"N{letters}C"),
            feature_group_count=groups,
        )

    with jax.enable_x64(True):
        y, pullback = jax.vjp(theirs, x, w)
        dy = RNG.normal(size=y.shape)
        dx, dw = pullback(dy)
    xs = [xp.asarray(a, dtype=widest(xp)) for a in (x, w, dy)]
    tolerances = {} if widest(xp) == xp.float64 else {"rtol": 2e-5, "atol": 2e-5}
    assert_close(nn.conv(xs[0], xs[1], **options), values(y), like=xs[0], **tolerances)
    for engine in (None, "tape"):
        found = xdl.vjp(lambda x, w: nn.conv(x, w, **options), xs[0], xs[1], engine=engine)[1](xs[2])
        assert_close(found[0], values(dx), like=xs[0], **tolerances)
        assert_close(found[1], values(dw), like=xs[0], **tolerances)


@st.composite
def problems(draw):
    ndim, groups = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    each = lambda least, most: draw(st.tuples(*[st.integers(least, most)] * ndim))
    kernel, dilation = each(1, 3), each(1, 3)
    pads = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * ndim))
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    spatial = tuple(
        draw(st.integers(max(1, e - a - b), max(1, e - a - b) + 3))
        for e, (a, b) in zip(extent, pads, strict=True)
    )
    sizes = (
        draw(st.integers(0, 2)),
        spatial,
        kernel,
        groups * draw(st.integers(1, 2)),
        groups * draw(st.integers(1, 2)),
    )
    return sizes, {"stride": each(1, 3), "padding": pads, "dilation": dilation, "groups": groups}


@given(problems())
@settings(max_examples=60)
@pytest.mark.xp_only("numpy", "strict", "torch", reason="hypothesis: many small calls, each compiled on JAX")
def test_family_is_the_direct_sum_and_its_transposes(xp, problem):
    (n, spatial, kernel, c, d), options = problem
    a, v, _ = draw(spatial, kernel, c, d, options["groups"], n)
    expected = by_sums(a, v, **options)
    x, w = xp.asarray(a), xp.asarray(v)
    y = nn.conv(x, w, **options)
    assert_close(y, expected, like=x)
    g = geometry(spatial, kernel, **options)
    dy = RNG.normal(size=expected.shape)
    product = np.sum(expected * dy)
    dy = xp.asarray(dy)
    dx = conv_input_gradient(dy, w, geometry=g)
    dw = conv_weight_gradient(x, dy, geometry=g)
    assert_close(float(xp.sum(dx * x)), float(product), rtol=1e-9, atol=1e-9)
    assert_close(float(xp.sum(dw * w)), float(product), rtol=1e-9, atol=1e-9)
    joint = conv_pullback(dy, x, w, geometry=g, precision="fast", wanted=(True, True, True))
    assert_close(joint, (dx, dw, xp.sum(dy, axis=tuple(range(len(kernel) + 1)))), atol=1e-12)


@pytest.mark.parametrize(
    "wanted", [(True, False), (False, True, False), (False, False, True), (True, False, True)]
)
def test_only_wanted_cotangents_are_computed(xp, wanted):
    x, w, b = (xp.asarray(a, dtype=xp.float32) for a in draw((4, 4), (3, 3), 2, 3))
    g = geometry((4, 4), (3, 3), stride=1, padding=((1, 0), (0, 0)), dilation=1)
    dy = xp.ones((2, 3, 2, 3), dtype=xp.float32)
    pulled = conv_pullback(dy, x, w, geometry=g, precision="fast", wanted=wanted)
    full = conv_pullback(dy, x, w, geometry=g, precision="fast", wanted=(True, True, True))
    for k, want in enumerate((*wanted, False)[:3]):
        assert (pulled[k] is not None) == want
        if want:
            assert_close(pulled[k], full[k], rtol=1e-5, atol=1e-5)


@pytest.mark.xp_skip("mock", reason="check_grads compares values on the host")
@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivatives_by_finite_differences(xp64, engine):
    xp = xp64
    x, w, b = (xp.asarray(a) for a in draw((3, 4), (2, 2), 2, 2, 2))
    options = {"stride": (1, 2), "padding": ((1, 0), (1, 2)), "groups": 2}
    xdl.check_grads(
        lambda x, w, b: xdl.array_namespace(x).sin(nn.conv(x, w, b, **options)),
        (x, w, b),
        engine=engine,
        compiled=current_backend().name == "jax",
    )


def test_third_derivatives(xp64):
    """The family is closed: any order goes by the same three functions.

    The third derivative of the sum of (v . x)^4 over the places, along ones, has the gradient 24 (v . 1)^3 v.
    """
    xp = xp64
    x, w, _ = (xp.asarray(a) for a in draw((4,), (2,), 1, 1, n=1))
    v = values(w)[:, 0, 0]
    expected = 24 * np.asarray([v[1] ** 4, v.sum() ** 3 * v[0], v.sum() ** 3 * v[1], v[0] ** 4])

    def slope(f, engine):
        return lambda x: xdl.array_namespace(x).sum(xdl.grad(f, engine=engine)(x))

    for engine in (None, "tape"):
        f = lambda x: xdl.array_namespace(x).sum(nn.conv(x, w, padding=1, stride=2) ** 4)
        for _ in range(3):
            f = slope(f, engine)
        assert_close(at_once(xdl.grad(f, engine=engine), [x]), expected.reshape(1, 4, 1), like=x, rtol=1e-9)


@pytest.mark.parametrize(("shape", "kernel"), [((7,), (3,)), ((5, 6), (2, 3)), ((3, 4, 3), (2, 2, 2))])
def test_convolve_is_the_convolution_of_scipy(xp, shape, kernel):
    a, v = RNG.normal(size=shape), RNG.normal(size=kernel)
    x, w = (xp.asarray(z, dtype=widest(xp)) for z in (a[None, ..., None], v[..., None, None]))
    padding = tuple((k - 1, k - 1) for k in kernel)
    expected = scipy.signal.convolve(a, v)[None, ..., None]
    y = also_jit(lambda x, w: nn.convolve(x, w, padding=padding), x, w)
    assert_close(y, expected, like=x, rtol=1e-5, atol=1e-5)
    expected = scipy.signal.convolve(a, v, "valid")[None, ..., None] + 1
    assert_close(nn.convolve(x, w, xp.ones(1, dtype=x.dtype)), expected, like=x, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "options", [{}, {"padding": 1}, {"padding": "same"}, {"stride": 2, "padding": ((0, 1), (2, 0))}]
)
def test_compiled(xp, options):
    """Also by torch.compile in one graph, padded on both sides or on one, with and without a bias."""
    x, w, b = (xp.asarray(a, dtype=xp.float32) for a in draw((6, 5), (3, 2), 2, 4))
    tolerances = {"fullgraph": True, "rtol": 1e-5, "atol": 1e-5}
    also_jit(lambda x, w, b: nn.conv(x, w, b, **options), x, w, b, **tolerances)
    also_jit(lambda x, w: nn.conv(x, w, **options), x, w, **tolerances)


@pytest.mark.parametrize("options", [{}, {"padding": "same", "stride": 2}])
@pytest.mark.parametrize("axis", [0, 2])
@pytest.mark.xp_only("torch", reason="JAX compiles for each size")
def test_one_program_for_all_sizes(xp, axis, options):
    """torch.compile makes a second program where a size changes, and no third one."""
    import torch

    programs = []

    def count(graph, inputs):
        programs.append(graph)
        return graph

    w = xp.asarray(RNG.normal(size=(3, 3, 2, 2)), dtype=xp.float32)
    torch._dynamo.reset()
    f = torch.compile(lambda x: nn.conv(x, w, **options), backend=count, fullgraph=True)
    for n in (4, 5, 6, 7):
        x = xp.asarray(RNG.normal(size=(5, 8, n, 2) if axis else (n, 8, 5, 2)), dtype=xp.float32)
        assert_close(f(x), nn.conv(x, w, **options), rtol=1e-5, atol=1e-5)
    assert len(programs) == 2


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_batched_by_vmap(name):
    """Over the images, the kernels, and both."""
    with xdl.use_backend(name):
        x = xdl.asarray(RNG.normal(size=(3, 2, 5, 4, 2)).astype(np.float32))
        w = xdl.asarray(RNG.normal(size=(3, 2, 2, 2, 3)).astype(np.float32))
        f = lambda x, w: nn.conv(x, w, padding="same", stride=2)
        for axes in ((0, None), (None, 0), (0, 0)):
            found = xdl.vmap(f, in_axes=axes)(x if axes[0] == 0 else x[0], w if axes[1] == 0 else w[0])
            for k in range(3):
                expected = f(x[k if axes[0] == 0 else 0], w[k if axes[1] == 0 else 0])
                assert_close(found[k], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2])
def test_complex_numbers(xp, groups):
    """The product of complex numbers, and derivatives that are linear in them: no conjugation."""
    options = {"stride": 2, "padding": ((1, 0), (1, 1)), "groups": groups}
    parts = [draw((4, 5), (2, 3), 2, 2, groups) for _ in range(2)]
    a, v, c = (p + 1j * q for p, q in zip(*parts, strict=True))
    wide = widest(xp) == xp.float64
    x, w, b = (xp.asarray(z, dtype=xp.complex128 if wide else xp.complex64) for z in (a, v, c))
    g = geometry((4, 5), (2, 3), dilation=1, **options)
    tolerances = {"rtol": 1e-10, "atol": 1e-10} if wide else {"rtol": 1e-4, "atol": 1e-4}
    expected = by_sums(a, v, dilation=1, **options)
    assert_close(nn.conv(x, w, b, **options), expected + c, like=x, **tolerances)
    dy = RNG.normal(size=expected.shape) + 1j * RNG.normal(size=expected.shape)
    t = xp.asarray(dy, dtype=x.dtype)
    assert_close(
        xp.sum(conv_input_gradient(t, w, geometry=g) * x),
        np.sum(dy * expected),
        like=x,
        **tolerances,
    )
    assert_close(
        xp.sum(conv_weight_gradient(x, t, geometry=g) * w),
        np.sum(dy * expected),
        like=x,
        **tolerances,
    )
    for engine in (None, "tape"):
        dx, dw, db = xdl.vjp(lambda x, w, b: nn.conv(x, w, b, **options), x, w, b, engine=engine)[1](t)
        assert_close(dx, conv_input_gradient(t, w, geometry=g), **tolerances)
        assert_close(dw, conv_weight_gradient(x, t, geometry=g), **tolerances)
        assert_close(db, np.sum(dy, axis=(0, 1, 2)), like=x, **tolerances)


def test_empty_batch(xp):
    """No images: no results, and gradients of the parameters that are zero."""
    x = xp.zeros((0, 4, 5, 2), dtype=xp.float32)
    w, b = xp.ones((3, 3, 1, 4), dtype=xp.float32), xp.ones(4, dtype=xp.float32)
    options = {"padding": "same", "stride": 2, "groups": 2}
    assert_equal(nn.conv(x, w, b, **options), np.zeros((0, 2, 3, 4)), like=x)
    for engine in (None, "tape"):
        f = lambda x, w, b: xdl.array_namespace(x).sum(nn.conv(x, w, b, **options))
        dx, dw, db = xdl.grad(f, (0, 1, 2), engine=engine)(x, w, b)
        assert_equal(dx, np.zeros((0, 4, 5, 2)), like=x)
        assert_equal(dw, np.zeros((3, 3, 1, 4)), like=x)
        assert_equal(db, np.zeros(4), like=x)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_accumulates_in_single(xp):
    """Sums of 6,000 ones in float16 would stop at 2,048; the gradient of a kernel sums over images and places."""
    x, w = xp.ones((1, 3, 3, 6000), dtype=xp.float16), xp.ones((2, 2, 6000, 1), dtype=xp.float16)
    expected = np.full((1, 2, 2, 1), 24_000)
    g = geometry((100, 60), (1, 1), stride=1, padding=0, dilation=1)
    wide = xp.ones((1, 100, 60, 1), dtype=xp.float16)
    assert_equal(nn.conv(x, w), expected, like=x)
    assert_equal(conv_weight_gradient(wide, wide, geometry=g), np.full((1, 1, 1, 1), 6000), like=x)
    # 2048 + 1 + 1, where float16 loses both ones
    a = np.full((1, 3, 64), 1 / 64)
    a[0, 0, :] = 32
    thirds, ones = xp.asarray(a, dtype=xp.float16), xp.ones((3, 64, 1), dtype=xp.float16)
    assert_equal(nn.conv(thirds, ones), np.full((1, 1, 1), 2050), like=x)
    with xdl.portable():
        assert_equal(nn.conv(thirds, ones), np.full((1, 1, 1), 2050), like=x)
        assert_equal(conv_weight_gradient(wide, wide, geometry=g), np.full((1, 1, 1, 1), 6000), like=x)


def test_moving_the_image_moves_the_result(xp):
    x, w, _ = (xp.asarray(a, dtype=xp.float32) for a in draw((9, 8), (3, 3), 2, 2))
    y = nn.conv(x, w)
    assert_close(nn.conv(x[:, 2:, 1:, :], w), y[:, 2:, 1:, :], rtol=1e-5, atol=1e-5)


def test_one_by_one_is_a_linear_map_of_the_channels(xp):
    x, w, b = (xp.asarray(a, dtype=xp.float32) for a in draw((4, 3), (1, 1), 3, 2))
    assert_close(nn.conv(x, w, b), nn.linear(x, w[0, 0, ...], b), rtol=1e-5, atol=1e-5)


def test_depthwise_treats_each_channel_alone(xp):
    x, w, _ = (xp.asarray(a, dtype=xp.float32) for a in draw((5, 6), (3, 2), 3, 6, 3))
    y = nn.conv(x, w, groups=3, padding=1, stride=2)
    for c in range(3):
        alone = nn.conv(x[..., c : c + 1], w[..., 2 * c : 2 * c + 2], padding=1, stride=2)
        assert_close(y[..., 2 * c : 2 * c + 2], alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("precision", ["fast", "exact"])
def test_precision(xp, precision):
    """In float32 the error of "fast" is below 1e-5 of the largest result."""
    import torch

    a, v, _ = draw((13, 14), (3, 3), 32, 16)
    x, w = xp.asarray(a, dtype=xp.float32), xp.asarray(v, dtype=xp.float32)
    y = values(nn.conv(x, w, padding="same", precision=precision))
    exact = by_torch(torch.asarray(a), torch.asarray(v), padding="same").numpy()
    assert np.max(np.abs(y - exact)) < 1e-5 * np.max(np.abs(exact))


X, W, B = np.zeros((2, 5, 6, 4)), np.zeros((3, 3, 4, 8)), np.zeros(8)


@pytest.mark.parametrize(
    ("shapes", "options", "says"),
    [
        (((5, 6, 4), (3, 3, 4, 8), None), {}, "expected `x` \\(n, \\*spatial, c\\)"),
        (((2, 5, 6, 4), (3, 4, 8), None), {}, "expected `x` \\(n, \\*spatial, c\\)"),
        (((2, 4), (4, 8), None), {}, "1 to 3 spatial axes"),
        (((2, 1, 1, 1, 1, 4), (1, 1, 1, 1, 4, 8), None), {}, "1 to 3 spatial axes"),
        (((2, 5, 6, 3), (3, 3, 4, 8), None), {}, "c / groups, d\\) .* got shape \\(3, 3, 4, 8\\)"),
        (((2, 5, 6, 4), (3, 3, 4, 8), None), {"groups": 2}, "groups=2"),
        (((2, 5, 6, 4), (3, 3, 2, 7), None), {"groups": 2}, "that `groups` divides"),
        (((2, 5, 6, 4), (3, 3, 1, 8), None), {"groups": 3}, "groups=3"),
        (((2, 5, 6, 0), (3, 3, 0, 8), None), {}, "positive c and d"),
        (((2, 5, 6, 4), (3, 3, 4, 0), None), {}, "positive c and d"),
        (((2, 5, 6, 4), (3, 3, 4, 8), (4,)), {}, "expected `b` of shape \\(8,\\)"),
        (((2, 5, 6, 4), (3, 3, 4, 8), (1, 8)), {}, "expected `b` of shape \\(8,\\)"),
        (((2, 5, 6, 4), (6, 3, 4, 8), None), {}, "smaller kernel"),
        (((2, 5, 6, 4), (3, 3, 4, 8), None), {"precision": "high"}, "`precision`"),
        (((2, 5, 6, 4), (3, 3, 4, 8), None), {"padding": "full"}, "`padding`"),
    ],
)
def test_errors(xp, shapes, options, says):
    args = [None if shape is None else xp.zeros(shape, dtype=xp.float32) for shape in shapes]
    with pytest.raises(ValueError, match=says):
        nn.conv(*args, **options)
    with pytest.raises(ValueError, match=says):
        xdl.vjp(lambda x: nn.conv(x, *args[1:], **options), args[0], engine="tape")


def test_dtypes(xp):
    x, w = xp.zeros((1, 4, 4, 2), dtype=xp.float32), xp.zeros((2, 2, 2, 3), dtype=xp.complex64)
    with pytest.raises(TypeError, match="of one dtype"):
        nn.conv(x, w)
    with pytest.raises(TypeError, match="of one dtype"):
        nn.conv(x, xp.zeros((2, 2, 2, 3), dtype=xp.float32), xp.zeros(3, dtype=xp.complex64))
    for dtype in (xp.int32, xp.bool):
        with pytest.raises(TypeError, match="expected floating-point or complex"):
            nn.conv(xp.zeros((1, 4, 4, 2), dtype=dtype), xp.zeros((2, 2, 2, 3), dtype=dtype))


@pytest.mark.parametrize("problem", [p for p in PROBLEMS if not p[2]], ids=str)
@pytest.mark.xp_only("numpy", reason="what a forward pass saves; elsewhere nothing is saved")
def test_gradients_of_large_problems(xp, problem):
    """Where a method saves something for its pullback, the pullback gives the same."""
    sizes, options, _ = problem
    x, w, b, dy, _ = problem_arrays(*sizes, options)
    args = [xp.asarray(a, dtype=xp.float32) for a in (x, w, b)]
    y, pullback = xdl.vjp(lambda *args: nn.conv(*args, **options), *args)
    found = (y, *pullback(xp.asarray(dy, dtype=xp.float32)))
    with xdl.portable():
        y, pullback = xdl.vjp(lambda *args: nn.conv(*args, **options), *args)
        expected = (y, *pullback(xp.asarray(dy, dtype=xp.float32)))
    for a, e in zip(found, expected, strict=True):
        assert_close(a, e, rtol=1e-5, atol=1e-5 * float(np.max(np.abs(e), initial=0)))
