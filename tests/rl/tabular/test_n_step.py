"""Several steps ahead: as the book's boxes say, and as one step does."""

import numpy as np
import pytest
from asserts import assert_close

import xdl
from xdl import rl

from .book import ACTIONS, DISCOUNT, bootstrap, expected, learned, play, table_of_walk

RATE = 0.3


def n_step(n, value):
    """The box of section 7.2; ``value(q, row)`` is that of what follows a step."""

    def run(q, episode, _):
        last = len(episode)
        for t in range(1, last + 1):
            ends, after = t == last, value(q, episode[t - 1])
            for tau in range(max(0, t - n), t) if ends else [t - n] * (t >= n):
                total = sum(DISCOUNT ** (i - tau) * episode[i].reward for i in range(tau, t))
                total += DISCOUNT ** (t - tau) * after
                s, a = episode[tau].state, episode[tau].action
                q[s, a] += RATE * (total - q[s, a])

    return run


def mean(q, row, epsilon=0.4):
    """Mean over the actions of an exploring policy."""
    p = np.full(ACTIONS, epsilon / ACTIONS)
    p[q[row.after].argmax()] += 1 - epsilon
    return 0.0 if row.terminated else p @ q[row.after]


def tree_backup(n, epsilon):
    """The box of section 7.5, with the returns of an episode's end from one table."""

    def policy(q, s):
        p = np.full(ACTIONS, epsilon / ACTIONS)
        p[q[s].argmax()] += 1 - epsilon
        return p

    def run(q, episode, _):
        last = len(episode)
        for t in range(1, last + 1):
            before = q.copy()
            for tau in range(max(0, t - n), t) if t == last else [t - n] * (t >= n):
                row = episode[t - 1]
                total = row.reward
                if not row.terminated:
                    total += DISCOUNT * policy(before, row.after) @ before[row.after]
                for k in range(t - 2, tau - 1, -1):
                    s, a = episode[k + 1].state, episode[k + 1].action
                    p = policy(before, s)
                    others = sum(p[b] * before[s, b] for b in range(ACTIONS) if b != a)
                    total = episode[k].reward + DISCOUNT * (others + p[a] * total)
                s, a = episode[tau].state, episode[tau].action
                q[s, a] += RATE * (total - q[s, a])

    return run


@pytest.mark.parametrize("n", [1, 3, 5])
def test_the_boxes(n):
    options = {"rate": RATE, "discount": DISCOUNT, "steps": n, "initial": 0.5}
    method = rl.NStepSARSA(**options)
    np.testing.assert_allclose(learned(method), expected(n_step(n, bootstrap), method), rtol=1e-12)
    method = rl.NStepExpectedSARSA(**options, exploration=rl.EpsilonGreedy(0.4))
    np.testing.assert_allclose(learned(method), expected(n_step(n, mean), method), rtol=1e-12)
    for epsilon in (0.0, 0.5):
        method = rl.TreeBackup(**options, target=rl.EpsilonGreedy(epsilon))
        np.testing.assert_allclose(learned(method), expected(tree_backup(n, epsilon), method), rtol=1e-11)


def test_one_step_is_the_method_of_one_step():
    options = {"rate": None, "discount": DISCOUNT}
    for one, many in ((rl.SARSA, rl.NStepSARSA), (rl.ExpectedSARSA, rl.NStepExpectedSARSA)):
        np.testing.assert_array_equal(learned(one(**options)), learned(many(**options, steps=1)))
    best = rl.TreeBackup(**options, steps=1)
    np.testing.assert_allclose(learned(rl.QLearning(**options)), learned(best), rtol=1e-14)


def test_the_same_on_every_library(xp64):
    like = xp64.asarray(0.0, dtype=xp64.float64)
    method = rl.TreeBackup(rate=None, discount=DISCOUNT, steps=3)
    assert_close(learned(method, like, steps=6), learned(method, steps=6), like=like, rtol=1e-12)


def test_errors_of_the_random_walk():
    """Figure 7.2: mean error of 19 states over the first ten episodes; intermediate n are best, near 0.27."""
    env, truth = table_of_walk(), np.arange(-9, 10) / 10
    look = lambda q: np.sqrt(((q[:, :, 0] - truth) ** 2).mean(axis=-1))
    found = {}
    for n, rate in ((1, 0.8), (4, 0.4), (16, 0.4)):
        method = rl.NStepSARSA(rate=rate, discount=1.0, steps=n)
        found[n] = play(method, env, 10, 100, look)[1].mean()
    assert 0.25 < found[4] < 0.29
    assert found[1] > 1.2 * found[4]
    assert found[16] > 1.2 * found[4]


def test_no_steps():
    env = rl.tabular_environment(rl.engagement_chain())
    with pytest.raises(ValueError, match="`steps` must be at least 1, got 0"):
        rl.train_tabular(rl.NStepSARSA(steps=0), env, xdl.random.key(0), steps=5)
