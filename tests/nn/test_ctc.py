import itertools
import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from hypothesis import given
from hypothesis import strategies as st
from oracles import at_once, widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(5, 6, 4))
# equal neighbors, few labels, none, as many as fit, and what is after the end
TARGETS = np.asarray([[1, 2, 3], [2, 2, 0], [0, 0, 0], [3, 1, 3], [1, 7, -1]])
INPUT_LENGTHS, TARGET_LENGTHS = np.asarray([6, 5, 4, 3, 6]), np.asarray([3, 2, 0, 3, 1])


def collapsed(path, blank):
    """Labels of an alignment: of neighbors that are equal only one stays, then blanks go."""
    return [k for k, _ in itertools.groupby(path) if k != blank]


def by_enumeration(logits, targets, input_lengths, target_lengths, blank=0):
    """Sum over all alignments, one by one."""
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    found = []
    for row, labels, t, count in zip(p, targets, input_lengths, target_lengths, strict=True):
        paths = itertools.product(range(row.shape[1]), repeat=t)
        wanted = list(labels[:count])
        total = sum(
            math.prod(row[k, c] for k, c in enumerate(path))
            for path in paths
            if collapsed(path, blank) == wanted
        )
        found.append(-math.log(total) if total else math.inf)
    return np.asarray(found)


def slope_of(f, args, engine=None):
    """Derivative by the first argument; on JAX in one compilation."""
    return at_once(lambda *args: xdl.grad(f, engine=engine)(*args), list(args))


def arrays(xp, dtype=None, *, logits=LOGITS, targets=TARGETS):
    dtype = widest(xp) if dtype is None else dtype
    lengths = INPUT_LENGTHS[: len(logits)], TARGET_LENGTHS[: len(logits)]
    return xp.asarray(logits, dtype=dtype), *(xp.asarray(x) for x in (targets, *lengths))


def test_is_the_sum_over_all_alignments(xp):
    expected = by_enumeration(LOGITS, TARGETS, INPUT_LENGTHS, TARGET_LENGTHS)
    args = arrays(xp)
    y = also_jit(lambda *args: nn.ctc_loss(*args, reduction="none"), *args)
    assert_close(y, expected, like=args[0], rtol=1e-6 if widest(xp) == xp.float32 else 1e-12)
    assert_close(nn.ctc_loss(*args), expected.mean(), like=args[0])
    assert_close(nn.ctc_loss(*args, reduction="sum"), expected.sum(), like=args[0])
    # log-probabilities are logits too
    log = nn.log_softmax(args[0])
    assert_close(nn.ctc_loss(log, *args[1:]), expected.mean(), like=args[0])
    with xdl.portable():
        assert_close(nn.ctc_loss(*args, reduction="none"), expected, like=args[0], rtol=1e-5)


def test_another_blank(xp):
    targets = (TARGETS + 3) % 4
    targets[4, 1:] = 9
    args = arrays(xp, logits=np.roll(LOGITS, -1, axis=2), targets=targets)
    found = nn.ctc_loss(*args, blank=3, reduction="none")
    assert_close(found, nn.ctc_loss(*arrays(xp), reduction="none"), rtol=1e-5)


def expected_derivatives():
    """Value, gradient and Hessian's product by central differences of the enumeration's own gradient."""
    step = 1e-5
    f = lambda x: by_enumeration(x, TARGETS[:2, :2], [3, 3], [2, 1])
    x = LOGITS[:2, :3]
    grad = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        d = np.zeros_like(x)
        d[place] = step
        grad[place] = (f(x + d) - f(x - d)).sum() / (2 * step)
    return f(x).sum(), grad


def test_gradient_of_the_enumeration(xp):
    value, grad = expected_derivatives()
    x = xp.asarray(LOGITS[:2, :3], dtype=widest(xp))
    labels = [xp.asarray(a) for a in (TARGETS[:2, :2], np.asarray([3, 3]), np.asarray([2, 1]))]
    for engine in (None, "tape"):
        f = lambda x: nn.ctc_loss(x, *labels, reduction="sum")
        assert_close(f(x), value, like=x, rtol=1e-6)
        dx = slope_of(f, [x], engine)
        assert_close(dx, grad, like=x, rtol=1e-5, atol=1e-6 if widest(xp) == xp.float32 else 1e-8)


def by_torch(logits, targets, input_lengths, target_lengths, **options):
    import torch
    import torch.nn.functional as F

    x = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    log = torch.log_softmax(x, -1).transpose(0, 1)
    rest = [torch.tensor(a) for a in (targets, input_lengths, target_lengths)]
    y = F.ctc_loss(log, *rest, reduction="none", **options)
    weights = torch.arange(1.0, len(logits) + 1, dtype=torch.float64)
    return y.detach().numpy(), torch.autograd.grad((y * weights).sum(), x)[0].numpy()


def drawn(n, t, classes, count, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2 * count, t + 1, n), rng.integers(1, count + 1, n)
    return scale * rng.normal(size=(n, t, classes)), rng.integers(1, classes, (n, count)), *lengths


@pytest.mark.parametrize("scale", [1.0, 20.0])
def test_value_and_gradient_are_those_of_torch(xp, scale):
    """Also where probabilities are peaked: logarithms of -500 are off by 3e-5 in single precision."""
    args = drawn(4, 25, 6, 5, scale=scale)
    y, dx = by_torch(*args)
    logits, *labels = (xp.asarray(a) for a in args)
    logits = xp.astype(logits, widest(xp))
    weights = xp.arange(1.0, 5.0, dtype=logits.dtype)
    rtol = 5e-4 if widest(xp) == xp.float32 else 1e-9
    found = nn.ctc_loss(logits, *labels, reduction="none")
    assert_close(found, y, like=logits, rtol=rtol)
    for engine in (None, "tape"):
        pull = lambda x, w, engine=engine: xdl.vjp(
            lambda x: nn.ctc_loss(x, *labels, reduction="none"), x, engine=engine
        )[1](w)
        assert_close(at_once(pull, [logits, weights])[0], dx, like=logits, rtol=rtol, atol=rtol)


@pytest.mark.xp_only("jax", reason="optax is of JAX")
def test_value_and_gradient_are_those_of_optax(xp):
    import jax
    import optax

    logits, targets, t, count = drawn(3, 12, 5, 4)
    padding = np.arange(12) >= t[:, None], np.arange(4) >= count[:, None]
    theirs = lambda x: optax.ctc_loss(x, padding[0] * 1.0, xp.asarray(targets), padding[1] * 1.0).sum()
    x = xp.asarray(logits, dtype=xp.float32)
    ours = lambda x: nn.ctc_loss(x, xp.asarray(targets), xp.asarray(t), xp.asarray(count), reduction="sum")
    assert_close(ours(x), values(theirs(x)), like=x)
    assert_close(xdl.grad(ours)(x), values(jax.grad(theirs)(x)), like=x, atol=1e-5)


@pytest.mark.xp_skip("mock", reason="check_grads reads numbers")
def test_second_derivatives(xp64):
    """By differences, by both engines; torch's own kernel has none."""
    logits = xp64.asarray(LOGITS[:3, :3])
    labels = [xp64.asarray(a) for a in (TARGETS[[4, 1, 2], :2], [3, 3, 2], [1, 2, 0])]
    f = lambda x: nn.ctc_loss(x, *labels)
    if not type(logits).__module__.startswith("jax"):
        for engine in (None, "tape"):
            xdl.check_grads(f, (logits,), order=2, engine=engine)
        return
    # compiled, because JAX takes minutes one operation at a time
    v = xp64.asarray(RNG.normal(size=(3, 3, 4)))
    found = [at_once(lambda x, v, e=e: xdl.hvp(f, (x,), (v,), engine=e), [logits, v]) for e in (None, "tape")]
    h = 1e-5
    expected = (slope_of(f, [logits + h * v]) - slope_of(f, [logits - h * v])) / (2 * h)
    for product in found:
        assert_close(xdl.tree.leaves(product)[0], expected, atol=1e-8)


@given(
    data=st.data(),
    n=st.integers(1, 3),
    t=st.integers(1, 5),
    count=st.integers(0, 3),
    classes=st.integers(2, 3),
)
@pytest.mark.xp_only("numpy", "torch", reason="hypothesis: many small calls, cheap there")
def test_any_case(xp, data, n, t, count, classes):
    """Infeasible ones too: the loss is infinite, the derivative 0, and no other example is touched."""
    draw = lambda low, high, shape: (
        np.asarray(
            data.draw(st.lists(st.integers(low, high), min_size=math.prod(shape), max_size=math.prod(shape)))
        )
        .reshape(shape)
        .astype(np.int64)
    )
    targets, times, counts = draw(1, classes - 1, (n, count)), draw(0, t, (n,)), draw(0, count, (n,))
    logits = np.random.default_rng([n, t, count]).normal(size=(n, t, classes))
    expected = by_enumeration(logits, targets, times, counts)
    args = [xp.asarray(a) for a in (logits, targets, times, counts)]
    assert_close(nn.ctc_loss(*args, reduction="none"), expected, like=args[0], rtol=1e-9, atol=1e-12)
    finite = np.where(np.isfinite(expected), expected, 0)
    assert_close(
        nn.ctc_loss(*args, reduction="sum", zero_infinity=True),
        finite.sum(),
        like=args[0],
        rtol=1e-9,
        atol=1e-12,
    )
    slopes = [xdl.grad(nn.ctc_loss, engine=engine)(*args) for engine in (None, "tape")]
    with xdl.portable():
        slopes.append(xdl.grad(nn.ctc_loss)(*args))
    for slope in slopes:
        assert_close(slope, slopes[0], atol=1e-12)
        assert not np.any(values(slope)[~np.isfinite(expected)])
        for row, length in zip(values(slope), times, strict=True):
            assert not row[length:].any()
            np.testing.assert_allclose(row.sum(axis=-1), 0, atol=1e-12)


def test_without_alignment(xp):
    """Three times the same label needs five steps."""
    x = xp.zeros((2, 4, 3), dtype=xp.float32)
    labels = [xp.asarray(a) for a in ([[1, 1, 1], [1, 2, 0]], [4, 4], [3, 2])]
    args = (x, *labels)
    right = by_enumeration(np.zeros((1, 4, 3)), [[1, 2]], [4], [2])[0]
    assert_close(nn.ctc_loss(*args, reduction="none"), [math.inf, right], like=x)
    assert_equal(nn.ctc_loss(*args), math.inf, like=x)
    assert_close(nn.ctc_loss(*args, zero_infinity=True), right / 2, like=x)
    for engine in (None, "tape"):
        for zero in (True, False):
            f = lambda x, *rest, zero=zero: nn.ctc_loss(x, *rest, zero_infinity=zero)
            slope = values(slope_of(f, args, engine))
            assert not slope[0].any()
            assert np.isfinite(slope).all()
            assert slope[1].any()


def test_impossible_classes(xp):
    """Logits of -inf: where a label cannot be, alignments through it count nothing; no derivative is NaN."""
    logits = np.zeros((2, 3, 3))
    logits[0, 0, 1] = -math.inf
    logits[1, :, 2] = -math.inf
    targets, t, count = np.asarray([[1], [2]]), np.asarray([3, 3]), np.asarray([1, 1])
    with np.errstate(divide="ignore"):
        expected = by_enumeration(logits, targets, t, count)
    args = [xp.asarray(logits, dtype=xp.float32), *(xp.asarray(a) for a in (targets, t, count))]
    assert expected[1] == math.inf
    assert_close(nn.ctc_loss(*args, reduction="none"), expected, like=args[0])
    for engine in (None, "tape"):
        slope = values(slope_of(nn.ctc_loss, args, engine))
        assert np.isfinite(slope).all()
        assert slope[0, 0, 1] == 0
        assert not slope[1].any()


@pytest.mark.parametrize("shape", [(0, 4, 3, 2), (2, 0, 3, 2), (2, 4, 3, 0), (2, 0, 3, 0), (2, 4, 1, 2)])
def test_of_nothing(xp, shape):
    """No examples, no time, no labels, no classes but the blank."""
    n, t, classes, count = shape
    x = xp.zeros((n, t, classes), dtype=xp.float32)
    zeros = xp.zeros((n,), dtype=xp.int64 if widest(xp) == xp.float64 else xp.int32)
    targets = xp.zeros((n, count), dtype=zeros.dtype)
    args = (x, targets, zeros + t, zeros)
    assert_close(nn.ctc_loss(*args, reduction="none"), np.full(n, t * math.log(classes)), like=x)
    assert_close(nn.ctc_loss(*args, reduction="sum"), n * t * math.log(classes), like=x)
    slope = slope_of(lambda *args: nn.ctc_loss(*args, reduction="sum"), args)
    expected = np.full(x.shape, 1 / classes)
    expected[..., 0] -= 1
    assert_close(slope, expected, like=x, atol=1e-6)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision(xp):
    half = arrays(xp, xp.float16)
    single = (xp.astype(half[0], xp.float32), *half[1:])
    assert_close(nn.ctc_loss(*half), values(nn.ctc_loss(*single)), like=half[0], rtol=1e-3)
    for engine in (None, "tape"):
        slope = slope_of(nn.ctc_loss, half, engine)
        assert_close(slope, values(slope_of(nn.ctc_loss, single)), like=half[0], rtol=2e-3, atol=1e-4)


def test_what_does_not_fit(xp):
    x, targets, t, count = arrays(xp)
    for args, error, match in [
        ((x[0, ...], targets, t, count), ValueError, r"`logits` \(n, t, classes\)"),
        ((x, targets[:2, :], t, count), ValueError, r"got shapes \(5, 6, 4\) and \(2, 3\)"),
        ((x, targets, t[:1], count), ValueError, r"`input_lengths` of shape \(5,\), got \(1,\)"),
        ((x, targets, t, count[:1]), ValueError, r"`target_lengths` of shape \(5,\), got \(1,\)"),
        ((x, xp.astype(targets, xp.float32), t, count), TypeError, "`targets` of integers"),
        ((x, targets, xp.astype(t, xp.float32), count), TypeError, "`input_lengths` of integers"),
    ]:
        with pytest.raises(error, match=match):
            nn.ctc_loss(*args)
    with pytest.raises(ValueError, match=r"`blank` must be in \[0, 4\), got 4"):
        nn.ctc_loss(x, targets, t, count, blank=4)
    with pytest.raises(ValueError, match="`reduction`"):
        nn.ctc_loss(x, targets, t, count, reduction="avg")


@pytest.mark.xp_only("numpy", reason="only NumPy's method saves something")
def test_probabilities_too_small_go_to_the_definition(xp):
    from xdl.nn._ctc import ctc_forward

    args, options = arrays(xp), {"blank": 0, "reduction": "none", "zero_infinity": False}
    assert ctc_forward(*args, **options)[1] is not None
    y, saved = ctc_forward(1e4 * args[0], *args[1:], **options)
    assert saved is None
    expected, _ = by_torch(1e4 * LOGITS, np.clip(TARGETS, 0, 3), INPUT_LENGTHS, TARGET_LENGTHS)
    assert_close(y, expected, like=args[0])
