import math

import numpy as np
import pytest
import scipy.special
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn
from xdl.nn._losses.likelihoods import derivatives_of_sigmoid_cross_entropy

RNG = np.random.default_rng(0)
P, T = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
POSITIVE, PART = np.exp(P), 1 / (1 + np.exp(-T))
LABELS, SIGNS = (T > 0) * 1.0, np.sign(T)
ROWS = scipy.special.softmax(T, axis=-1)
ROWS_WITH_ZERO = np.where(ROWS.min() == ROWS, 0.0, ROWS)
U, V, W = RNG.normal(size=(3, 4, 5))
PAIRS = np.asarray([0.0, 1.0, 1.0, 0.0])


def reduced(loss, reduction):
    return loss if reduction == "none" else getattr(loss, reduction)()


def hinge(p, t):
    return (1 - p * t).clamp(min=0)


def contrast(a, b, y):
    d = ((a - b) ** 2).sum(-1).sqrt()
    return (1 - y) * d**2 / 2 + y * (1.5 - d).clamp(min=0) ** 2 / 2


def triplets(a, p, n):
    return (((a - p) ** 2).sum(-1) - ((a - n) ** 2).sum(-1) + 0.5).clamp(min=0)


def dice(p, t):
    return 1 - (2 * (p * t).sum(1) + 1) / ((p * p).sum(1) + (t * t).sum(1) + 1)


def tversky(p, t):
    both, over, under = (p * t).sum(1), (p * (1 - t)).sum(1), ((1 - p) * t).sum(1)
    return 1 - (both + 1) / (both + 0.3 * over + 0.7 * under + 1)


def by_torch(name):
    """The same by PyTorch: its own loss where it has one, else the formula."""
    import torch
    import torch.nn.functional as F

    none = {"reduction": "none"}
    return {
        "mse": lambda p, t: F.mse_loss(p, t, **none),
        "mae": lambda p, t: (p - t) * torch.sign(p - t).detach(),
        "msle": lambda p, t: F.mse_loss(torch.log1p(p), torch.log1p(t), **none),
        "huber": lambda p, t: F.huber_loss(p, t, delta=0.7, **none),
        "smooth_l1": lambda p, t: F.smooth_l1_loss(p, t, beta=0.7, **none),
        "log_cosh": lambda p, t: torch.log(torch.cosh(p - t)),
        "binary": lambda p, t: F.binary_cross_entropy(p, t, **none),
        "sigmoid": lambda p, t: F.binary_cross_entropy_with_logits(p, t, **none),
        "kl": lambda p, t: F.kl_div(torch.log_softmax(p, -1), t, **none).sum(-1),
        "poisson": lambda p, t: F.poisson_nll_loss(p, t, **none),
        "gaussian": lambda p, t, v: F.gaussian_nll_loss(p, t, v, **none),
        "hinge": hinge,
        "squared_hinge": lambda p, t: hinge(p, t) ** 2,
        "contrastive": contrast,
        "triplet": triplets,
        "cosine": lambda a, b: F.cosine_similarity(a, b, dim=-1),
        "dice": dice,
        "tversky": tversky,
    }[name]


# ours, and arguments; the losses by torch have the reduction "none"
CASES = {
    "mse": (nn.mse, P, T),
    "mae": (nn.mae, P, T),
    "msle": (nn.msle, POSITIVE, PART),
    "huber": (lambda *a, **o: nn.huber_loss(*a, delta=0.7, **o), P, T),
    "smooth_l1": (lambda *a, **o: nn.smooth_l1_loss(*a, beta=0.7, **o), P, T),
    "log_cosh": (nn.log_cosh_loss, P, T),
    "binary": (nn.binary_cross_entropy, PART, ROWS),
    "sigmoid": (nn.sigmoid_cross_entropy, P, PART),
    "kl": (lambda p, t, **o: nn.kl_divergence(nn.log_softmax(p), t, **o), P, ROWS),
    "poisson": (nn.poisson_nll_loss, P, POSITIVE),
    "gaussian": (nn.gaussian_nll_loss, P, T, POSITIVE),
    "hinge": (nn.hinge_loss, P, SIGNS),
    "squared_hinge": (nn.squared_hinge_loss, P, SIGNS),
    "contrastive": (lambda *a, **o: nn.contrastive_loss(*a, margin=1.5, **o), U, U + 0.2 * V, PAIRS),
    "triplet": (lambda *a, **o: nn.triplet_loss(*a, margin=0.5, **o), U, V, W),
    "dice": (nn.dice_loss, PART, LABELS),
    "tversky": (nn.tversky_loss, PART, LABELS),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_values(xp, name, reduction):
    import torch

    f, *args = CASES[name]
    expected = reduced(by_torch(name)(*[torch.tensor(x) for x in args]), reduction).numpy()
    args = [xp.asarray(x, dtype=widest(xp)) for x in args]
    y = also_jit(lambda *args: f(*args, reduction=reduction), *args, fullgraph=reduction == "mean")
    atol = 1e-14 if widest(xp) == xp.float64 else 1e-6
    assert_close(y, expected, like=args[0], atol=atol)
    if reduction == "mean":
        assert_equal(f(*args), y)


@pytest.mark.parametrize("name", [*CASES, "cosine"])
def test_derivatives_are_those_of_torch(xp, name):
    f, *args = CASES.get(name) or (nn.cosine_similarity, U, V)
    ours = f if name == "cosine" else lambda *a: f(*a, reduction="none")
    if (
        name == "mae"
    ):  # torch gives a second derivative that is 0 throughout without memory, which NumPy cannot read
        ours = lambda p, t: f(p, t, reduction="none") + 0.0 * nn.mse(p, t, reduction="none")
    assert_derivatives(xp, ours, by_torch(name), *args)


@pytest.mark.parametrize("name", ["mse", "sigmoid"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_derivatives_of_reductions(xp, name, reduction):
    f, *args = CASES[name]
    assert_derivatives(
        xp,
        lambda *a: f(*a, reduction=reduction),
        lambda *a: reduced(by_torch(name)(*a), reduction),
        *args,
    )


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_broadcast(xp, name):
    """(n, 1) against (n,) is the classical silent mistake: an (n, n) table of differences."""
    f, *args = CASES[name]
    arrays = [xp.ones(x.shape, dtype=xp.float32) for x in args]
    for k in range(len(args)):
        for shape in [(4, 1), (1, 3), (4, 3, 1), (1,), ()]:
            wrong = [*arrays]
            wrong[k] = xp.ones(shape, dtype=xp.float32)
            with pytest.raises(ValueError, match="of one shape|of shape|`axis`"):
                f(*wrong)
    with pytest.raises(ValueError, match="`reduction` must be 'mean', 'sum' or 'none', got 'avg'"):
        f(*arrays, reduction="avg")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision(xp, name):
    """Computed in single precision, rounded once: as near as the inputs are."""
    f, *args = CASES[name]
    half = [xp.asarray(x, dtype=xp.float16) for x in args]
    single = [xp.astype(x, xp.float32) for x in half]
    assert_close(f(*half), values(f(*single)), like=half[0], rtol=1e-3, atol=1e-4)
    for engine in (None, "tape"):
        found = xdl.grad(f, engine=engine)(*half)
        assert_close(found, values(xdl.grad(f)(*single)), like=half[0], rtol=2e-3, atol=1e-4)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_mse_in_half_precision(xp):
    """The sum of 4096 squares is past the largest float16; their mean is not."""
    x = xp.full((4096,), 20.0, dtype=xp.float16)
    y = xp.zeros_like(x)
    assert_close(nn.mse(x, y), 400.0, like=x)
    for engine in (None, "tape"):
        assert_close(xdl.grad(nn.mse, engine=engine)(x, y), np.full(4096, 40 / 4096), like=x)


@pytest.mark.parametrize("name", CASES)
def test_of_nothing(xp, name):
    f, *args = CASES[name]
    nothing = [xp.zeros((0, *x.shape[1:]), dtype=xp.float32) for x in args]
    assert_equal(f(*nothing), math.nan, like=nothing[0])
    assert_equal(f(*nothing, reduction="sum"), 0.0, like=nothing[0])


def test_targets_of_another_type(xp64):
    p, t = xp64.asarray(P, dtype=xp64.float32), xp64.asarray(T, dtype=xp64.float64)
    assert_close(nn.mse(p, t), np.mean((P - T) ** 2), like=p)
    assert_close(nn.mse(p, xp64.ones((4, 3), dtype=xp64.int32)), np.mean((P - 1) ** 2), like=p)
    labels = xp64.asarray(LABELS.astype(np.int64))
    assert_close(nn.sigmoid_cross_entropy(p, labels), np.mean(np.logaddexp(0, P) - P * LABELS), like=p)


def test_scikit_learn_agrees():
    from sklearn import metrics

    p, t = POSITIVE.ravel(), np.exp(T).ravel()
    assert_close(nn.msle(p, t), metrics.mean_squared_log_error(t, p), like=p)
    assert_close(
        nn.hinge_loss(P.ravel(), SIGNS.ravel()), metrics.hinge_loss(SIGNS.ravel(), P.ravel()), like=p
    )
    assert_close(
        nn.binary_cross_entropy(PART.ravel(), LABELS.ravel()),
        metrics.log_loss(LABELS.ravel(), PART.ravel()),
        like=p,
    )
    assert_close(nn.cosine_similarity(U, V), np.diag(metrics.pairwise.cosine_similarity(U, V)), like=p)


@pytest.mark.xp_only("jax", reason="optax is of JAX")
def test_optax_agrees(xp):
    import optax

    p, t, s = (xp.asarray(x, dtype=xp.float32) for x in (P, T, SIGNS))
    assert_close(nn.huber_loss(p, t, reduction="none"), optax.huber_loss(p, t), rtol=1e-5)
    assert_close(nn.log_cosh_loss(p, t, reduction="none"), optax.log_cosh(p, t), atol=1e-6)
    assert_close(nn.hinge_loss(p, s, reduction="none"), optax.hinge_loss(p, s))
    labels = xp.asarray(ROWS_WITH_ZERO, dtype=xp.float32)
    logs = nn.log_softmax(p)
    assert_close(
        nn.kl_divergence(logs, labels, reduction="none"), optax.kl_divergence(logs, labels), atol=1e-6
    )
    assert_close(nn.smooth_labels(labels, alpha=0.2), optax.smooth_labels(labels, 0.2))


def test_kl_divergence_where_probabilities_are_zero(xp):
    """0 log 0 = 0, whatever is predicted; and an impossible event that happens costs infinitely much."""
    q = xp.asarray([[0.0, -math.inf, -math.inf], [-math.inf, 0.0, -math.inf]], dtype=xp.float32)
    p = xp.asarray([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], dtype=xp.float32)
    assert_equal(nn.kl_divergence(q, p, reduction="none"), [0.0, math.inf], like=q)
    for engine in (None, "tape"):
        for argument in (0, 1):
            f = lambda q, p: nn.kl_divergence(q, p, reduction="sum")
            slope = xdl.grad(f, argument, engine=engine)(q[:1, ...], p[:1, ...])
            assert np.isfinite(values(slope)).all()
    rows = xp.asarray(ROWS, dtype=xp.float32)
    assert_close(nn.kl_divergence(xp.log(rows), rows), 0.0, like=rows)


def test_binary_cross_entropy_of_certainty(xp):
    """Finite, as in PyTorch, and its derivatives are never NaN."""
    import torch
    import torch.nn.functional as F

    p, t = np.asarray([0.0, 0.0, 1.0, 1.0, 0.25]), np.asarray([0.0, 1.0, 0.0, 1.0, 1.0])
    expected = F.binary_cross_entropy(torch.tensor(p), torch.tensor(t), reduction="none").numpy()
    args = [xp.asarray(x, dtype=xp.float32) for x in (p, t)]
    assert_close(nn.binary_cross_entropy(*args, reduction="none"), expected, like=args[0])
    for engine in (None, "tape"):
        f = lambda p, t: nn.binary_cross_entropy(p, t, reduction="sum")
        slope = xdl.grad(f, engine=engine)(*args)
        assert_close(slope, [1.0, 0.0, 0.0, -1.0, -4.0], like=args[0])
    assert math.isnan(float(values(nn.binary_cross_entropy(xp.full(2, math.nan), xp.zeros(2)))))


def test_sigmoid_cross_entropy_is_accurate_far_out(xp):
    z = xp.asarray([-1e4, -80.0, 80.0, 1e4], dtype=xp.float32)
    t = xp.asarray([0.0, 0.0, 1.0, 0.0], dtype=xp.float32)
    expected = [0.0, math.exp(-80), math.exp(-80), 1e4]
    assert_close(nn.sigmoid_cross_entropy(z, t, reduction="none"), expected, like=z, atol=1e-30)
    for engine in (None, "tape"):
        slope = xdl.grad(nn.sigmoid_cross_entropy, engine=engine)(z, t)
        assert_close(slope, [0.0, math.exp(-80) / 4, 0.0, 0.25], like=z, atol=1e-30)


def test_derivatives_of_sigmoid_cross_entropy_are_accurate_far_out(xp):
    """The second one is the same on both sides, where ``p (1 - p)`` would be zero on one."""
    z, t = xp.asarray([-30.0, 30.0], dtype=xp.float32), xp.asarray([0.0, 0.0], dtype=xp.float32)
    loss, first, second = derivatives_of_sigmoid_cross_entropy(z, t)
    assert_close(loss, [math.exp(-30), 30.0], like=z, rtol=1e-5, atol=1e-20)
    assert_close(first, [math.exp(-30), 1.0], like=z, rtol=1e-5, atol=1e-20)
    assert_close(second, [math.exp(-30), math.exp(-30)], like=z, rtol=1e-5, atol=1e-20)


def test_huber_and_log_cosh_at_large_differences(xp):
    p, t = xp.asarray([1e30, -1e30], dtype=xp.float32), xp.zeros(2, dtype=xp.float32)
    for f in (nn.huber_loss, nn.smooth_l1_loss, nn.log_cosh_loss):
        assert_close(f(p, t, reduction="none"), [1e30, 1e30], like=p)
        for engine in (None, "tape"):
            assert_close(xdl.grad(f, engine=engine)(p, t), [0.5, -0.5], like=p)


def test_equal_embeddings_have_derivatives(xp):
    """The distance has none there."""
    x = xp.ones((2, 3), dtype=xp.float32)
    y = xp.asarray([0.0, 1.0], dtype=xp.float32)
    assert_close(nn.contrastive_loss(x, x, y, margin=2.0, reduction="none"), [0.0, 2.0], like=x)
    for engine in (None, "tape"):
        for f in (lambda a, b: nn.contrastive_loss(a, b, y), lambda a, b: nn.triplet_loss(a, b, b)):
            assert_close(xdl.grad(f, engine=engine)(x, x), np.zeros((2, 3)), like=x)


def test_cosine_of_zero_vectors(xp):
    x = xp.asarray([[0.0, 0.0], [3.0, 4.0]], dtype=xp.float32)
    assert_equal(nn.cosine_similarity(x, xp.zeros_like(x)), [0.0, 0.0], like=x)
    assert_close(nn.cosine_similarity(x, -x), [0.0, -1.0], like=x)
    for engine in (None, "tape"):
        slope = xdl.grad(lambda x: xp_sum(nn.cosine_similarity(x, x)), engine=engine)(x)
        assert_close(slope, np.zeros((2, 2)), like=x, atol=1e-6)


def test_cosine_embedding_loss(xp):
    import torch
    import torch.nn.functional as F

    target = np.asarray([1, -1, -1, 1])
    f = lambda a, b: nn.cosine_embedding_loss(a, b, xp.asarray(target), margin=0.1)
    theirs = lambda a, b: F.cosine_embedding_loss(a, b, torch.tensor(target), margin=0.1)
    assert_derivatives(xp, f, theirs, U, V, rtol=1e-6)
    with pytest.raises(
        ValueError, match=r"`target` of shape \(4,\) for embeddings of shape \(4, 5\), got \(4, 1\)"
    ):
        nn.cosine_embedding_loss(xp.ones((4, 5)), xp.ones((4, 5)), xp.ones((4, 1)))


def test_overlaps(xp):
    """Of a set with itself, with nothing, and of nothing with nothing; halves make Tversky's index Dice's."""
    sets = xp.asarray([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]], dtype=xp.float32)
    other = xp.zeros_like(sets)
    for f in (nn.dice_loss, nn.tversky_loss):
        assert_close(f(sets, sets, reduction="none"), [0.0, 0.0], like=sets)
        assert_close(f(sets, other, smooth=1e-9), 0.5, like=sets)
    t = xp.asarray(LABELS, dtype=xp.float32)
    p = xp.asarray(SIGNS[::-1] > 0, dtype=xp.float32)
    assert_close(nn.tversky_loss(p, t, alpha=0.5, beta=0.5, smooth=0.5), nn.dice_loss(p, t), atol=1e-6)
    miss = nn.tversky_loss(other, sets), nn.tversky_loss(sets, other)
    assert float(values(miss[0])) > float(values(miss[1]))  # the paper's weights prefer recall


def test_products_with_logarithms(xp):
    x = xp.asarray([0.0, 0.0, 0.0, 0.0, 2.0, 2.0, math.nan], dtype=xp.float32)
    y = xp.asarray([0.0, 3.0, math.inf, -1.0, 0.0, 3.0, 1.0], dtype=xp.float32)
    with np.errstate(divide="ignore"):
        assert_close(nn.xlogy(x, y), scipy.special.xlogy(values(x), values(y)), like=x)
    assert_close(nn.xlogx(x[3:]), [0.0, 2 * math.log(2), 2 * math.log(2), math.nan], like=x)
    log3 = math.log(3)
    for engine in (None, "tape"):
        dx, dy = xdl.grad(lambda x, y: xp_sum(nn.xlogy(x, y)), (0, 1), engine=engine)(x[:4], y[:4])
        assert_close(dx, [0.0, log3, 0.0, 0.0], like=x)
        assert_close(dy, [0.0, 0.0, 0.0, 0.0], like=x)
        dx = xdl.grad(lambda x: xp_sum(nn.xlogx(x)), engine=engine)(x[3:6])
        assert_close(dx, [0.0, 1 + math.log(2), 1 + math.log(2)], like=x)


def xp_sum(x):
    return xdl.array_namespace(x).sum(x)


def test_smooth_labels(xp):
    labels = xp.asarray([[0.0, 1.0, 0.0, 0.0]], dtype=xp.float32)
    assert_close(nn.smooth_labels(labels, alpha=0.2), [[0.05, 0.85, 0.05, 0.05]], like=labels)
    assert_close(nn.smooth_labels(labels, alpha=0.2, axis=None), [[0.1, 0.9, 0.1, 0.1]], like=labels)
    z = xp.asarray(T[:1, :], dtype=xp.float32)
    hard = xp.asarray([1])
    soft = nn.smooth_labels(labels[:, :3], alpha=0.2)
    assert_close(nn.cross_entropy(z, soft), nn.cross_entropy(z, hard, label_smoothing=0.2), rtol=1e-5)
    with pytest.raises(ValueError, match="`alpha`"):
        nn.smooth_labels(labels, alpha=1.5)


def test_options_are_checked(xp):
    x = xp.ones((2, 2), dtype=xp.float32)
    for f, name in ((nn.huber_loss, "delta"), (nn.smooth_l1_loss, "beta")):
        with pytest.raises(ValueError, match=f"`{name}` must be positive, got 0"):
            f(x, x, **{name: 0.0})
