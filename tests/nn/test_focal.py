import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3))
LABELS = np.asarray([0, 2, 1, 2])
ROWS = np.exp(RNG.normal(size=(4, 3)))
ROWS /= ROWS.sum(axis=1, keepdims=True)


def by_formula(p, t, gamma):
    """Equation 4 of the paper, in the probabilities of the classes."""
    return -(t * (1 - p) ** gamma * p.log()).sum(-1)


def binary(p, t, gamma, alpha):
    wrong = t * (1 - p) + (1 - t) * p
    balance = 1 if alpha is None else alpha * t + (1 - alpha) * (1 - t)
    return -balance * wrong**gamma * (t * p.log() + (1 - t) * (1 - p).log())


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 2.5])
def test_focal_loss(xp, gamma):
    import torch

    hot = torch.eye(3, dtype=torch.float64)[LABELS]
    ours = lambda x: nn.focal_loss(x, xp.asarray(LABELS), gamma=gamma)
    assert_derivatives(xp, ours, lambda x: by_formula(torch.softmax(x, -1), hot, gamma).mean(), X)
    assert_derivatives(
        xp,
        lambda x, t: nn.focal_loss(x, t, gamma=gamma, reduction="none"),
        lambda x, t: by_formula(torch.softmax(x, -1), t, gamma),
        X,
        ROWS,
    )


@pytest.mark.parametrize(("gamma", "alpha"), [(0.0, None), (2.0, None), (2.0, 0.25), (1.5, 0.7)])
def test_binary_focal_loss(xp, gamma, alpha):
    import torch

    assert_derivatives(
        xp,
        lambda x, t: nn.binary_focal_loss(x, t, gamma=gamma, alpha=alpha, reduction="none"),
        lambda x, t: binary(torch.sigmoid(x), t, gamma, alpha),
        X,
        (RNG.random((4, 3)) < 0.5) * 1.0 if alpha else ROWS,
    )


@pytest.mark.xp_only("jax", reason="optax is of JAX")
def test_optax_agrees(xp):
    import optax

    x, t = xp.asarray(X, dtype=xp.float32), xp.asarray(X > 0.3, dtype=xp.float32)
    for alpha in (None, 0.25):
        expected = optax.sigmoid_focal_loss(x, t, alpha=alpha, gamma=2.0)
        assert_close(nn.binary_focal_loss(x, t, alpha=alpha, reduction="none"), expected, atol=1e-6)


def test_without_focus_it_is_the_cross_entropy(xp):
    x = xp.asarray(X, dtype=widest(xp))
    labels = xp.asarray(LABELS)
    y = also_jit(lambda x: nn.focal_loss(x, labels, gamma=0.0), x)
    assert_close(y, nn.cross_entropy(x, labels))
    assert_close(nn.focal_loss(x.T, labels, gamma=0.0, axis=0), y)
    t = xp.asarray(X > 0, dtype=widest(xp))
    assert_close(nn.binary_focal_loss(x, t, gamma=0.0), nn.sigmoid_cross_entropy(x, t))


def test_far_out(xp):
    """Certain and right: no loss. Certain and wrong: the cross-entropy. No derivative is NaN."""
    x = xp.asarray([[1e4, 0.0], [0.0, 1e4]], dtype=xp.float32)
    labels = xp.asarray([0, 0])
    assert_close(nn.focal_loss(x, labels, reduction="none"), [0.0, 1e4], like=x)
    t = xp.asarray([[1.0, 1.0], [0.0, 0.0]], dtype=xp.float32)
    expected = [[0.0, math.log(2) / 4], [math.log(2) / 4, 1e4]]
    assert_close(nn.binary_focal_loss(x, t, reduction="none"), expected, like=x)
    for engine in (None, "tape"):
        slope = xdl.grad(lambda x: nn.focal_loss(x, labels, reduction="sum"), engine=engine)(x)
        assert_close(slope, [[0.0, 0.0], [-1.0, 1.0]], like=x)
        slope = xdl.grad(nn.binary_focal_loss, engine=engine)(x, t)
        assert np.isfinite(values(slope)).all()


def test_what_does_not_fit(xp):
    x = xp.asarray(X, dtype=xp.float32)
    assert_equal(nn.focal_loss(x, xp.asarray([0, 3, 1, 2]), reduction="none")[1], math.nan, like=x)
    for f, labels in ((nn.focal_loss, xp.asarray(LABELS)), (nn.binary_focal_loss, x)):
        with pytest.raises(ValueError, match="`gamma` must be 0 or at least 1"):
            f(x, labels, gamma=0.5)
        with pytest.raises(ValueError, match="of shape|of one shape"):
            f(x, labels[:2, ...])
        with pytest.raises(ValueError, match="`reduction`"):
            f(x, labels, reduction="avg")
