"""Monte Carlo: as the book's boxes say, and it finds the best policies."""

import numpy as np
import pytest
from asserts import assert_close

import xdl
from xdl import rl

from .book import ACTIONS, DISCOUNT, bootstrap, expected, learned


def control(visits, rate):
    """The box of section 5.4, with a mean that is kept up to date."""

    def run(q, episode, counts):
        total = bootstrap(q, episode[-1])
        for k in reversed(range(len(episode))):
            row = episode[k]
            total, entry = row.reward + DISCOUNT * total, (row.state, row.action)
            if visits == "first" and entry in [(e.state, e.action) for e in episode[:k]]:
                continue
            counts[entry] = counts.get(entry, 0) + 1
            q[entry] += (total - q[entry]) * (rate or 1 / counts[entry])

    return run


def off_policy(epsilon):
    """The box of section 5.7."""

    def run(q, episode, sums):
        last, before = episode[-1], q.copy()
        total, weight = 0.0 if last.terminated else q[last.after].max(), 1.0
        # the action was chosen by the values that stood while the episode ran
        chance = lambda s, a: epsilon / ACTIONS + (1 - epsilon) * (before[s].argmax() == a)
        for row in reversed(episode):
            total, entry = row.reward + DISCOUNT * total, (row.state, row.action)
            sums[entry] = sums.get(entry, 0) + weight
            q[entry] += weight / sums[entry] * (total - q[entry])
            if q[row.state].argmax() != row.action:
                break
            weight /= chance(*entry)

    return run


@pytest.mark.parametrize("visits", ["first", "every"])
@pytest.mark.parametrize("rate", [None, 0.3])
def test_the_box_of_control(visits, rate):
    method = rl.MonteCarlo(rate=rate, discount=DISCOUNT, initial=0.5, visits=visits)
    np.testing.assert_allclose(learned(method), expected(control(visits, rate), method), rtol=1e-11)


@pytest.mark.parametrize("epsilon", [0.3, 1.0])
def test_the_box_of_importance_sampling(epsilon):
    method = rl.OffPolicyMonteCarlo(discount=DISCOUNT, initial=0.5, exploration=rl.EpsilonGreedy(epsilon))
    np.testing.assert_allclose(learned(method), expected(off_policy(epsilon), method), rtol=1e-10)


@pytest.mark.parametrize("method", [rl.MonteCarlo, rl.OffPolicyMonteCarlo])
def test_the_same_on_every_library(xp64, method):
    like = xp64.asarray(0.0, dtype=xp64.float64)
    if "jax" in type(like).__module__:  # which would compile each operation of a loop
        env = rl.tabular_environment(rl.engagement_chain(0.5), like=like, max_steps=7)
        with xdl.use_backend("numpy"):
            host = rl.tabular_environment(rl.engagement_chain(0.5), max_steps=7)
            reference = rl.train_tabular(method(), host, xdl.random.key(3), steps=64, agents=3, records=1)
        found = rl.train_tabular(method(), env, xdl.random.key(3), steps=64, agents=3, records=1)
        assert_close(found.q, reference.q, like=like, rtol=1e-9, atol=1e-12)
    else:
        learner = method(discount=DISCOUNT)
        assert_close(learned(learner, like, steps=15), learned(learner, steps=15), like=like, rtol=1e-12)


def test_visits_that_nobody_knows():
    env = rl.tabular_environment(rl.engagement_chain())
    with pytest.raises(ValueError, match="`visits` must be one of first, every, got 'last'"):
        rl.train_tabular(rl.MonteCarlo(visits="last"), env, xdl.random.key(0), steps=5)
