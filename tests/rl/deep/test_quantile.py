import numpy as np
import pytest
from asserts import also_jit, assert_close, values

import xdl
from xdl.rl import QuantileHead
from xdl.rl._deep.quantile import quantile_huber

RNG = np.random.default_rng(0)
PREDICTED, TARGET = RNG.normal(0, 2, (5, 7)), RNG.normal(0, 2, (5, 4))


def equation_10(predicted, target, kappa):
    """Loss of one sample, pair by pair."""
    n, total = len(predicted), 0.0
    for i in range(n):
        for value in target:
            u = value - predicted[i]
            huber = 0.5 * u * u if abs(u) <= kappa else kappa * (abs(u) - 0.5 * kappa)
            total += abs((i + 0.5) / n - (u < 0)) * huber / len(target)
    return total


def test_loss_is_equation_10(xp64):
    kappa = 0.7
    p, t = xp64.asarray(PREDICTED), xp64.asarray(TARGET)
    expected = np.asarray([equation_10(a, b, kappa) for a, b in zip(PREDICTED, TARGET, strict=True)])
    assert_close(also_jit(lambda p, t: quantile_huber(p, t, kappa=kappa), p, t), expected, like=p)


@pytest.mark.parametrize("engine", ["tape", None])
def test_derivatives_are_those_of_torch(engine, xp64):
    torch = pytest.importorskip("torch")
    p, t = (torch.tensor(x, requires_grad=True) for x in (PREDICTED, TARGET))
    u = t[:, None, :] - p[:, :, None]
    tau = (torch.arange(7, dtype=torch.float64) + 0.5) / 7
    huber = torch.where(u.abs() <= 1, 0.5 * u * u, u.abs() - 0.5)
    loss = (abs(tau[:, None] - (u.detach() < 0).double()) * huber).mean(dim=2).sum(dim=1)
    (loss * torch.arange(1.0, 6, dtype=torch.float64)).sum().backward()

    def weighted(p, t):
        xp = xdl.array_namespace(p)
        return xp.sum(quantile_huber(p, t, kappa=1.0) * xp64.arange(1.0, 6, dtype=xp64.float64))

    args = xp64.asarray(PREDICTED), xp64.asarray(TARGET)
    for i, x in enumerate((p, t)):
        found = xdl.grad(weighted, argnums=i, engine=engine)(*args)
        assert_close(found, values(x.grad), atol=1e-12, like=args[0])


def test_gradients_of_second_order():
    xdl.check_grads(lambda p, t: quantile_huber(p, t, kappa=1.0), (PREDICTED, TARGET))


def test_quantiles_of_a_distribution_minimize_the_loss():
    """Where quadratic parts are short, the minimum is at the quantiles (the paper's lemma 2)."""
    n, value = 4, np.sort(RNG.normal(0, 3, 2000))[None]
    best = np.quantile(value, (np.arange(n) + 0.5) / n)[None]
    slope = xdl.grad(lambda p: quantile_huber(p, value, kappa=1e-6)[0])(best)
    np.testing.assert_allclose(slope, 0, atol=2e-9)  # of at most kappa
    for move in RNG.normal(0, 0.3, (20, 1, n)):
        assert quantile_huber(best + move, value, kappa=1e-6) > quantile_huber(best, value, kappa=1e-6)


def test_head():
    head = QuantileHead(7)
    out = RNG.normal(size=(5, 2, 7))
    np.testing.assert_allclose(head.values(out), out.mean(axis=2))
    reward, discount = RNG.normal(size=5), np.asarray([0.9, 0.9, 0.0, 0.5, 1.0])
    target = reward[:, None] + discount[:, None] * out[:, 1]
    expected = [equation_10(p, t, 1.0) for p, t in zip(out[:, 0], target, strict=True)]
    np.testing.assert_allclose(head.error(out[:, 0], out[:, 1], reward, discount), expected)


@pytest.mark.parametrize("settings", [{"quantiles": 0}, {"kappa": 0.0}])
def test_settings_are_positive(settings):
    with pytest.raises(ValueError, match="`quantiles` >= 1 and `kappa` > 0"):
        QuantileHead(**settings)
