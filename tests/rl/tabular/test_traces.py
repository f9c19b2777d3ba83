"""Traces: as the book's loops say, nothing with no decay, Monte Carlo with all of it."""

import numpy as np
import pytest
from asserts import assert_close

import xdl
from xdl import rl

from .book import DISCOUNT, HORIZON, bootstrap, expected, learned, play, table_of_walk

RATE, DECAY = 0.3, 0.7
OPTIONS = {"rate": RATE, "discount": DISCOUNT, "initial": 0.5}


def loop(kind, *, watkins=False):
    """SARSA(λ) of section 12.7, with the traces of figure 12.10 and the box of section 12.5; or Watkins's Q(λ)."""

    def run(q, episode, _):
        z, old = np.zeros_like(q), 0.0
        for row in episode:
            s, a = row.state, row.action
            after = bootstrap(q, row)
            if watkins and not row.terminated:
                after = q[row.after].max()
            exploring = watkins and q[row.after, row.then] < after
            delta, own = row.reward + DISCOUNT * after - q[s, a], q[s, a]
            if kind == "dutch":
                z[s, a] += 1 - RATE * z[s, a]
                q += RATE * (delta + own - old) * z
                q[s, a] -= RATE * (own - old)
            else:
                z[s, a] = 1 if kind == "replacing" else z[s, a] + 1
                q += RATE * delta * z
            z *= 0 if exploring else DISCOUNT * DECAY
            old = after

    return run


@pytest.mark.parametrize("kind", ["accumulating", "replacing", "dutch"])
@pytest.mark.parametrize("method", [rl.SARSALambda, rl.QLambda])
def test_the_boxes(method, kind):
    learner = method(**OPTIONS, trace_decay=DECAY, traces=kind)
    reference = expected(loop(kind, watkins=method is rl.QLambda), learner)
    np.testing.assert_allclose(learned(learner), reference, rtol=1e-10)


@pytest.mark.parametrize("kind", ["accumulating", "replacing", "dutch"])
def test_without_decay_one_step(kind):
    options = {**OPTIONS, "rate": None}
    for one, traced in ((rl.SARSA, rl.SARSALambda), (rl.QLearning, rl.QLambda)):
        found = learned(traced(**options, trace_decay=0.0, traces=kind))
        np.testing.assert_allclose(found, learned(one(**options)), rtol=1e-13)


def test_all_of_it_is_monte_carlo():
    """Of every visit, with a constant rate, from the first to the last: steps that reach the end of the episode."""
    found = learned(rl.SARSALambda(**OPTIONS, trace_decay=1.0, traces="dutch"), cut=False)
    whole = learned(rl.NStepSARSA(**OPTIONS, steps=HORIZON), cut=False)
    np.testing.assert_allclose(found, whole, rtol=1e-10)


def test_the_same_on_every_library(xp64):
    like = xp64.asarray(0.0, dtype=xp64.float64)
    method = rl.QLambda(**OPTIONS, trace_decay=DECAY, traces="dutch")
    assert_close(learned(method, like, steps=6), learned(method, steps=6), like=like, rtol=1e-12)


def test_errors_of_the_random_walk():
    """Figure 12.8: true online TD(λ), whose least mean error over ten episodes is near 0.26; without λ near 0.36."""
    env, truth = table_of_walk(), np.arange(-9, 10) / 10
    look = lambda q: np.sqrt(((q[:, :, 0] - truth) ** 2).mean(axis=-1))
    found = {}
    for decay, rate in ((0.0, 0.8), (0.8, 0.4), (0.95, 0.8)):
        method = rl.SARSALambda(rate=rate, discount=1.0, trace_decay=decay, traces="dutch")
        found[decay] = play(method, env, 10, 100, look)[1].mean()
    assert 0.24 < found[0.8] < 0.29
    assert found[0.0] > 1.2 * found[0.8]


def test_a_trace_that_nobody_knows():
    env = rl.tabular_environment(rl.engagement_chain())
    with pytest.raises(ValueError, match="`traces` must be one of accumulating, replacing, dutch, got 'old'"):
        rl.train_tabular(rl.SARSALambda(traces="old"), env, xdl.random.key(0), steps=5)
