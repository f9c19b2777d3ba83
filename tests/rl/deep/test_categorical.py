import numpy as np
import pytest
from asserts import also_jit, assert_close, values

import xdl
from xdl.rl import CategoricalHead
from xdl.rl._deep.categorical import project

RNG = np.random.default_rng(0)
P = RNG.dirichlet(np.ones(6), size=8)
REWARD = np.asarray([0.0, 0.3, -1.0, 9.0, -9.0, 2.0, 0.5, 0.1])
DISCOUNT = np.asarray([0.9, 0.9, 0.0, 0.9, 0.9, 1.0, 0.5, 0.99**3])


def algorithm_1(p, reward, discount, low, high):
    """The paper's loop over atoms; one that falls on the grid keeps its mass, which the printed one would lose."""
    n = len(p)
    step = (high - low) / (n - 1)
    m = np.zeros(n)
    for j in range(n):
        place = (np.clip(reward + discount * (low + j * step), low, high) - low) / step
        below, above = int(np.floor(place)), int(np.ceil(place))
        if below == above:
            m[below] += p[j]
        else:
            m[below] += p[j] * (above - place)
            m[above] += p[j] * (place - below)
    return m


def test_projection_is_algorithm_1(xp64):
    low, high = -2.0, 3.5
    expected = np.stack(
        [algorithm_1(p, r, d, low, high) for p, r, d in zip(P, REWARD, DISCOUNT, strict=True)]
    )
    p, reward, discount = map(xp64.asarray, (P, REWARD, DISCOUNT))
    found = also_jit(lambda p, r, d: project(p, r, d, low=low, high=high), p, reward, discount)
    assert_close(found, expected, atol=1e-14, like=p)
    assert_close(xp64.sum(found, axis=1), np.ones(8), like=p)


def test_returns_that_fall_on_atoms_stay_whole(xp):
    """By 0, 1 and 2 atoms; and of an episode that has ended, one atom has all."""
    p = xp.asarray(P[:4], dtype=xp.float32)
    reward = xp.asarray([0.0, 1.0, 2.0, -1.0], dtype=xp.float32)
    found = values(project(p, reward, xp.asarray([1.0, 1.0, 1.0, 0.0], dtype=xp.float32), low=-2.0, high=3.0))
    p = values(p)
    np.testing.assert_array_equal(found[0], p[0])
    np.testing.assert_allclose(found[1], [0, *p[1, :4], p[1, 4:].sum()], rtol=1e-6)
    np.testing.assert_allclose(found[2], [0, 0, *p[2, :3], p[2, 3:].sum()], rtol=1e-6)
    np.testing.assert_allclose(found[3], [0, 1, 0, 0, 0, 0], rtol=1e-6)


def test_the_mean_follows_where_nothing_is_cut_off():
    p = np.where(np.arange(6) % 5 == 0, 0.0, P)
    p = p / p.sum(axis=1, keepdims=True)
    z, reward, discount = np.linspace(-2, 3, 6), RNG.uniform(-1, 1, 8), RNG.uniform(0, 1, 8)
    found = project(p, reward, discount, low=-2.0, high=3.0)
    np.testing.assert_allclose(found @ z, reward + discount * (p @ z))


def test_loss_and_values_are_those_of_torch():
    torch = pytest.importorskip("torch")
    head = CategoricalHead(6, -2, 3)
    logits, target = RNG.normal(size=(8, 6)), RNG.normal(size=(8, 6))
    log_p = torch.log_softmax(torch.tensor(logits), dim=1)
    m = project(values(torch.softmax(torch.tensor(target), dim=1)), REWARD, DISCOUNT, low=-2.0, high=3.0)
    expected = torch.nn.functional.kl_div(log_p, torch.tensor(m), reduction="none").sum(dim=1)
    found = head.error(logits, target, REWARD, DISCOUNT)
    np.testing.assert_allclose(found, expected)
    np.testing.assert_array_equal(head.priority(found), found)
    p = torch.softmax(torch.tensor(logits).reshape(4, 2, 6), dim=2)
    np.testing.assert_allclose(
        head.values(logits.reshape(4, 2, 6)), p @ torch.linspace(-2, 3, 6, dtype=torch.float64)
    )


def test_a_prediction_that_is_the_target_has_no_loss_and_no_slope():
    head, logits = CategoricalHead(6, -2, 3), RNG.normal(size=(2, 6))
    zero, one = np.zeros(2), np.ones(2)
    np.testing.assert_allclose(head.error(logits, logits, zero, one), 0, atol=1e-12)
    slope = xdl.grad(lambda x: xdl.array_namespace(x).sum(head.error(x, logits, zero, one)))(logits)
    np.testing.assert_allclose(slope, 0, atol=1e-12)


def test_gradients():
    head = CategoricalHead(6, -2, 3)
    target = RNG.normal(size=(8, 6))
    xdl.check_grads(lambda x: head.error(x, target, REWARD, DISCOUNT), (RNG.normal(size=(8, 6)),))


def test_no_priority_is_negative(xp):
    """A root of one would be NaN, and stay in the replay."""
    head = CategoricalHead(51, -10, 10)
    logits = xp.asarray(RNG.normal(0, 5, (200, 51)), dtype=xp.float32)
    error = head.error(logits, logits, xp.zeros_like(logits[:, 0]), xp.ones_like(logits[:, 0]))
    assert values(error).min() < 0
    np.testing.assert_array_equal(values(head.priority(error)), np.maximum(values(error), 0))


@pytest.mark.parametrize("settings", [{"atoms": 1}, {"low": 2.0, "high": 2.0}])
def test_atoms_are_at_least_two_and_apart(settings):
    with pytest.raises(ValueError, match="`atoms` >= 2 and `low` < `high`"):
        CategoricalHead(**settings)


def test_a_row_without_a_distribution_spoils_no_other():
    p = np.where(np.arange(8)[:, None] == 3, np.nan, P)
    found = project(p, REWARD, DISCOUNT, low=-2.0, high=3.0)
    assert np.flatnonzero(np.isnan(found).any(axis=1)).tolist() == [3]
