import functools
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


def draw(*shape):
    return RNG.normal(size=shape)


def textbook(q, k, v, *, mask=None, bias=None, is_causal=False, scale=None):
    """One query after the other, by the formula."""
    group = q.shape[-3] // k.shape[-3]
    k, v = np.repeat(k, group, axis=-3), np.repeat(v, group, axis=-3)
    t, s = q.shape[-2], k.shape[-2]
    full = (*q.shape[:-1], s)
    attends = np.ones(full, bool) if mask is None else np.broadcast_to(mask, full).copy()
    if is_causal:
        attends &= np.arange(s) - (s - t) <= np.arange(t)[:, None]
    scores = q @ k.swapaxes(-1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    scores = scores if bias is None else scores + bias
    weights = np.zeros(full)
    for row in np.ndindex(full[:-1]):
        chosen = scores[row][attends[row]]
        if chosen.size:
            e = np.exp(chosen - chosen.max())
            weights[row][attends[row]] = e / e.sum()
    return weights, weights @ v


def masked(*shape):
    mask = RNG.random(shape) < 0.6
    mask[..., 1, :] = False
    return mask


# name -> shape of q, of k, of v, options
CASES = {
    "plain": ((2, 3, 4, 5), (2, 3, 4, 5), (2, 3, 4, 5), {}),
    "no batch": ((3, 4, 5), (3, 6, 5), (3, 6, 2), {}),
    "two batch axes": ((2, 1, 3, 4, 5), (2, 1, 3, 4, 5), (2, 1, 3, 4, 5), {"is_causal": True, "scale": 0.3}),
    "causal": ((2, 3, 4, 5), (2, 3, 4, 5), (2, 3, 4, 5), {"is_causal": True}),
    "causal, more keys": ((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 2), {"is_causal": True}),
    "causal, fewer keys": ((2, 3, 6, 5), (2, 3, 4, 5), (2, 3, 4, 5), {"is_causal": True}),
    "one query": ((2, 3, 1, 5), (2, 3, 6, 5), (2, 3, 6, 5), {"is_causal": True}),
    "masked": ((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 5), {"mask": masked(2, 3, 4, 6)}),
    "keys masked": ((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 5), {"mask": masked(2, 1, 2, 6)[..., :1, :]}),
    "bias": ((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 5), {"bias": draw(3, 4, 6)}),
    "all": (
        (2, 4, 4, 5),
        (2, 2, 6, 5),
        (2, 2, 6, 3),
        {"mask": masked(4, 6), "bias": draw(2, 1, 1, 6), "is_causal": True, "scale": 1.5},
    ),
    "one head of keys": ((2, 4, 4, 5), (2, 1, 6, 5), (2, 1, 6, 3), {"bias": draw(4, 1, 6)}),
}


def arrays(xp, case, dtype=None):
    *shapes, options = CASES[case]
    dtype = widest(xp) if dtype is None else dtype
    rng = np.random.default_rng(1)
    args = [xp.asarray(rng.normal(size=shape), dtype=dtype) for shape in shapes]
    options = dict(options)
    if "bias" in options:
        options["bias"] = xp.asarray(options["bias"], dtype=dtype)
    if "mask" in options:
        options["mask"] = xp.asarray(options["mask"])
    return args, options


def plain_options(options):
    return {key: values(x) if hasattr(x, "shape") else x for key, x in options.items()}


@pytest.mark.parametrize("case", CASES)
def test_values(xp, case):
    args, options = arrays(xp, case)
    weights, expected = textbook(*map(values, args), **plain_options(options))
    y = also_jit(lambda *args: nn.attention(*args, **options), *args, fullgraph=case in ("plain", "causal"))
    assert_close(y, expected, like=args[0], rtol=1e-4 if args[0].dtype == xp.float32 else 1e-11, atol=1e-6)
    found = nn.attention_weights(*args[:2], **options)
    assert_close(found, weights, like=args[0], rtol=1e-4 if args[0].dtype == xp.float32 else 1e-11, atol=1e-6)


@pytest.mark.parametrize("case", ["plain", "causal", "masked", "all"])
def test_derivatives_are_those_of_torch(xp, case):
    """First and second, by either engine; of the bias too."""
    import torch

    shapes, options = CASES[case][:3], CASES[case][3]
    options = dict(options)
    bias = options.pop("bias", None)
    xs = [draw(*shape) for shape in shapes] + ([] if bias is None else [bias])
    t, s = shapes[0][-2], shapes[1][-2]
    attends = np.ones((t, s), bool) if "mask" not in options else options["mask"]
    if options.get("is_causal"):
        attends = attends & np.tri(t, s, s - t, dtype=bool)

    def theirs(q, k, v, bias=None):
        added = torch.zeros(attends.shape, dtype=q.dtype) if bias is None else bias
        added = torch.where(torch.tensor(attends), added, -math.inf)
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            return torch.nn.functional.scaled_dot_product_attention(
                q, k, v, attn_mask=added, scale=options.get("scale"), enable_gqa=True
            )

    def ours(q, k, v, bias=None):
        rest = {key: xdl.asarray(x, like=xp.zeros(1)) if key == "mask" else x for key, x in options.items()}
        return nn.attention(q, k, v, bias=bias, **rest)

    assert_derivatives(xp, ours, theirs, *xs)


@pytest.mark.parametrize("case", ["plain", "keys masked", "bias"])
@pytest.mark.xp_only("numpy", reason="the oracle is JAX's function")
def test_values_are_those_of_jax(xp, case):
    import jax

    (q, k, v), options = arrays(xp, case, xp.float32)
    behind = lambda x: np.swapaxes(x, -2, -3)
    bias, mask = options.get("bias"), options.get("mask")
    expected = jax.nn.dot_product_attention(
        behind(q),
        behind(k),
        behind(v),
        bias=None if bias is None else np.broadcast_to(bias, (1, *bias.shape)),
        mask=mask,
    )
    assert_close(nn.attention(q, k, v, **options), behind(np.asarray(expected)), rtol=1e-4, atol=1e-5)


def test_a_query_with_nothing_to_attend_to(xp):
    """Zeros, with zero derivatives, whether by a mask, a bias or the diagonal."""
    q, k, v = (xp.asarray(draw(1, 2, 3, 4), dtype=xp.float32) for _ in range(3))
    row = np.asarray([True, False, True])[:, None]
    masks = {
        "mask": {"mask": xp.asarray(np.broadcast_to(row, (3, 3)).copy())},
        "bias": {"bias": xp.asarray(np.where(row, 0.0, -math.inf) * np.ones((3, 3)), dtype=xp.float32)},
    }
    for options in masks.values():
        for engine in (None, "tape"):
            run = lambda q, k, v, options=options, engine=engine: (
                (y := xdl.vjp(lambda *a: nn.attention(*a, **options), q, k, v, engine=engine))[:1]
                + y[1](xp.ones_like(q))
            )
            y, dq, dk, dv = at_once(run, [q, k, v])
            assert_equal(y[:, :, 1, :], np.zeros((1, 2, 4)), like=q)
            assert_equal(dq[:, :, 1, :], np.zeros((1, 2, 4)), like=q)
            assert all(np.isfinite(values(x)).all() for x in (y, dq, dk, dv))
            assert_close(xp.sum(dv, axis=-2), np.full((1, 2, 4), 2.0), like=q)
    few = nn.attention(q, k[:, :, :2, :], v[:, :, :2, :], is_causal=True)
    assert_equal(few[:, :, 0, :], np.zeros((1, 2, 4)), like=q)
    assert_close(few[:, :, 1, :], v[:, :, 0, :])


def test_dropout_is_that_of_the_weights(xp):
    args, options = arrays(xp, "all", xp.float32)
    key = xdl.random.key(3)
    weights = nn.dropout(nn.attention_weights(*args[:2], **options), key, rate=0.4)
    expected = values(weights) @ np.repeat(values(args[2]), 2, axis=1)
    y = also_jit(lambda *args: nn.attention(*args, key=key, dropout=0.4, **options), *args)
    assert_close(y, expected, like=y, rtol=1e-4, atol=1e-5)
    assert np.any(values(weights) == 0)


def test_the_same_key_drops_the_same_everywhere(xp):
    q = np.arange(24.0).reshape(1, 2, 3, 4) / 24
    with xdl.use_backend("numpy"):
        expected = nn.attention(q, q, q, key=xdl.random.key(3), dropout=0.5)
    x = xp.asarray(q, dtype=xp.float32)
    assert_close(nn.attention(x, x, x, key=xdl.random.key(3), dropout=0.5), expected, like=x)


@pytest.mark.xp_only("numpy", "strict", "torch", reason="finite differences: many calls, cheap there")
def test_derivatives_with_dropout(xp64):
    (q, k, v), options = arrays(xp64, "all")
    f = functools.partial(
        nn.attention, key=xdl.random.key(3), dropout=0.4, mask=options["mask"], is_causal=True
    )
    loss = lambda q, k, v, bias: xdl.array_namespace(q).sum(f(q, k, v, bias=bias) ** 2)
    for engine in (None, "tape"):
        xdl.check_grads(loss, (q, k, v, options["bias"]), order=2, engine=engine)


def test_rates_zero_and_one_are_exact(xp):
    (q, k, v), _ = arrays(xp, "no batch", xp.float32)
    key = xdl.random.key(0)
    assert_equal(nn.attention(q, k, v, key=key, dropout=0.0), nn.attention(q, k, v))
    infinite = xp.full(v.shape, math.inf, dtype=xp.float32)
    assert_equal(nn.attention(q, k, infinite, key=key, dropout=1.0), np.zeros((3, 4, 2)), like=q)


@pytest.mark.parametrize("case", ["plain", "all"])
@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision(xp, case):
    compare_half(xp, case, "float16")


@pytest.mark.parametrize("case", ["plain", "all"])
@pytest.mark.xp_only("torch", "jax", reason="only these have it")
def test_bfloat16(xp, case):
    compare_half(xp, case, "bfloat16")


def compare_half(xp, case, name):
    args, options = arrays(xp, case, getattr(xp, name))
    _, expected = textbook(*[values(x).astype(np.float64) for x in args], **plain_options({**options}))
    rough = 4e-3 if name == "float16" else 3e-2
    y = nn.attention(*args, **options)
    assert_close(y, expected, like=args[0], rtol=rough, atol=rough)
    with xdl.portable():
        assert_close(nn.attention(*args, **options), expected, like=args[0], rtol=rough, atol=rough)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_sums_of_half_precision_are_single(xp):
    """The sum of 5,000 equal weights stagnates in float16."""
    q, k = xp.zeros((1, 1, 2), dtype=xp.float16), xp.zeros((1, 5000, 2), dtype=xp.float16)
    v = xp.ones((1, 5000, 2), dtype=xp.float16)
    assert_close(nn.attention(q, k, v), np.ones((1, 1, 2)), like=q)


def test_large_scores_do_not_overflow(xp):
    q = xp.asarray([[[1e3, 0.0], [-1e3, 0.0]]], dtype=xp.float32)
    k = xp.asarray([[[1e3, 0.0], [0.0, 0.0], [-1e3, 1.0]]], dtype=xp.float32)
    v = xp.asarray([[[1.0], [2.0], [3.0]]], dtype=xp.float32)
    for engine in (None, "tape"):
        y, pullback = xdl.vjp(nn.attention, q, k, v, engine=engine)
        assert_close(y, [[[1.0], [3.0]]], like=q)
        dq, dk, dv = pullback(xp.ones_like(y))
        assert_close(dq, np.zeros((1, 2, 2)), like=q)
        assert_close(dk, np.zeros((1, 3, 2)), like=q)
        assert_close(dv, [[[1.0], [0.0], [1.0]]], like=q)


@pytest.mark.parametrize("shape", [(0, 2, 3), (2, 0, 3), (2, 3, 0), (2, 0, 0)])
def test_empty(xp, shape):
    """No batch, no queries, no keys: nothing, or zeros where there is nothing to attend to."""
    n, t, s = shape
    zeros = lambda *shape: xp.zeros(shape, dtype=xp.float32)
    q, k, v = zeros(n, 2, t, 4), zeros(n, 2, s, 4), zeros(n, 2, s, 5)
    for options in ({}, {"is_causal": True}, {"mask": xp.ones((t, s), dtype=xp.bool)}):
        y = nn.attention(q, k, v, **options)
        assert_equal(y, np.zeros((n, 2, t, 5)), like=q)
        grads = xdl.vjp(lambda *a, options=options: nn.attention(*a, **options), q, k, v, engine="tape")[1](y)
        for grad, x in zip(grads, (q, k, v), strict=True):
            assert_equal(grad, values(x), like=x)
        assert nn.attention_weights(q, k, **options).shape == (n, 2, t, s)


@given(st.data())
@pytest.mark.xp_only("numpy", "torch", reason="hypothesis: many small calls, cheap there")
def test_any_shape(xp, data):
    pick = lambda *options: data.draw(st.sampled_from(options))
    kv_heads, t, s = pick(1, 2, 3), pick(1, 2, 7), pick(1, 3, 8)
    heads, batch = kv_heads * pick(1, 2), pick((), (2,), (2, 1))
    rng = np.random.default_rng(0)
    q, k, v = (
        rng.normal(size=(*batch, *rest)) for rest in ((heads, t, 4), (kv_heads, s, 4), (kv_heads, s, 3))
    )
    options = {"is_causal": pick(True, False), "scale": pick(None, 2.0)}
    full = (*batch, heads, t, s)
    short = lambda: tuple([pick(1, n) for n in full])[pick(0, len(full) - 2) :]
    options["mask"] = pick(None, rng.random(short()) < 0.6)
    options["bias"] = pick(None, rng.normal(size=short()))
    args = [xp.asarray(x) for x in (q, k, v)]
    converted = {key: xp.asarray(x) if isinstance(x, np.ndarray) else x for key, x in options.items()}
    assert_close(
        nn.attention(*args, **converted), textbook(q, k, v, **options)[1], like=args[0], rtol=1e-9, atol=1e-12
    )


def test_causal_mask(xp):
    like = xp.zeros(1)
    assert_equal(nn.causal_mask(3, like=like), np.tri(3, dtype=bool), like=xp.asarray([True]))
    assert_equal(nn.causal_mask(2, 4), np.tri(2, 4, 2, dtype=bool), like=xp.asarray([True]))
    assert_equal(nn.causal_mask(2, 4, offset=0), np.tri(2, 4, dtype=bool), like=xp.asarray([True]))
    offset = xp.asarray(1, dtype=xp.int32)
    found = also_jit(lambda offset: nn.causal_mask(2, 4, offset=offset), offset)
    assert_equal(found, np.tri(2, 4, 1, dtype=bool), like=xp.asarray([True]))
    with pytest.raises(ValueError, match="`offset` must be one integer"):
        nn.causal_mask(2, 4, offset=xp.zeros(2))


def test_the_other_alignment_is_that_of_torch_and_jax(xp):
    import torch

    (q, k, v), _ = arrays(xp, "causal, more keys")
    expected = torch.nn.functional.scaled_dot_product_attention(
        *[torch.tensor(values(x)) for x in (q, k, v)], is_causal=True
    )
    y = nn.attention(q, k, v, mask=nn.causal_mask(4, 6, offset=0, like=q))
    assert_close(y, expected.numpy(), like=q, rtol=1e-4, atol=1e-6)


@pytest.mark.xp_only("torch", reason="PyTorch's own kernels have no second derivative")
def test_second_derivatives_of_torch_without_xdl(xp):
    import torch

    for case in ("plain", "causal"):
        args, options = arrays(xp, case)
        args = [x[:1, :2, ..., :3].requires_grad_() for x in args]
        f = functools.partial(nn.attention, **options)
        assert torch.autograd.gradcheck(f, args)
        assert torch.autograd.gradgradcheck(f, args)


def test_arguments_that_do_not_fit(xp):
    zeros = lambda *shape: xp.zeros(shape, dtype=xp.float32)
    q, k, v = zeros(2, 4, 3, 5), zeros(2, 2, 6, 5), zeros(2, 2, 6, 7)
    with pytest.raises(ValueError, match=r"expected `q` \(..., heads, t, d\)"):
        nn.attention(q, k[:1, ...], v[:1, ...])
    with pytest.raises(ValueError, match=r"expected `q` \(..., heads, t, d\)"):
        nn.attention(q, k, v[:, :, :5, :])
    with pytest.raises(ValueError, match=r"expected `q` \(..., heads, t, d\)"):
        nn.attention(q, k[..., :4], v)
    with pytest.raises(ValueError, match=r"expected `q` \(..., heads, t, d\)"):
        nn.attention(q[0, 0, ...], k[0, 0, ...], v[0, 0, ...])
    with pytest.raises(ValueError, match="a multiple of the 2 heads"):
        nn.attention(q[:, :3, ...], k, v)
    with pytest.raises(ValueError, match="expected `mask` that broadcasts"):
        nn.attention(q, k, v, mask=xp.ones((3, 5), dtype=xp.bool))
    with pytest.raises(ValueError, match="expected `bias` that broadcasts"):
        nn.attention(q, k, v, bias=zeros(1, 2, 4, 3, 6))
    with pytest.raises(TypeError, match="expected a boolean `mask`"):
        nn.attention(q, k, v, mask=zeros(3, 6))
    with pytest.raises(TypeError, match="expected a `bias` of the dtype of `q`"):
        nn.attention(q, k, v, bias=xp.ones((3, 6), dtype=xp.bool))
    with pytest.raises(TypeError, match="of one dtype"):
        nn.attention(q, k, xp.astype(v, xp.int32))
    with pytest.raises(TypeError, match="floating"):
        nn.attention(*[xp.astype(x, xp.int32) for x in (q, k, v)])
    with pytest.raises(ValueError, match="expected a `key`"):
        nn.attention(q, k, v, dropout=0.5)
    with pytest.raises(ValueError, match="`rate` must be in"):
        nn.attention(q, k, v, key=xdl.random.key(0), dropout=1.5)
    with pytest.raises(TypeError, match="`scale` must be a Python number"):
        nn.attention(q, k, v, scale=zeros(1))
