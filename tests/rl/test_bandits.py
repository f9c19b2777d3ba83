"""Bandits: published curves, bounds of theorems, and the same numbers on every library."""

import math

import numpy as np
import pytest
from asserts import assert_close, assert_equal
from scipy import stats
from scipy.special import rel_entr

import xdl
from xdl import rl
from xdl.rl._bandits.kl_ucb import upper_bound
from xdl.rl._bandits.thompson import gamma_of

COINS = np.asarray([0.9, 0.8])
UCB1 = rl.ActionValues(rl.UpperConfidence(2**0.5))
METHODS = {
    "epsilon-greedy": rl.ActionValues(rl.EpsilonGreedy(0.1)),
    "epsilon falls": rl.ActionValues(rl.EpsilonGreedy(lambda t: 5 / (t + 5))),
    "Boltzmann": rl.ActionValues(rl.Softmax(0.2)),
    "optimistic": rl.ActionValues(rl.EpsilonGreedy(0.0), rate=0.1, initial=5.0),
    "UCB1": UCB1,
    "KL-UCB": rl.KLUCB(),
    "KL-UCB+": rl.KLUCB(slack=3.0),
    "Beta": rl.BetaThompson(),
    "normal": rl.GaussianThompson(),
    "gradient": rl.GradientBandit(0.3),
    "committed": rl.ExploreThenCommit(10),
}


@pytest.fixture(scope="module")
def testbed():
    """500 bandits of ten arms, whose means are standard normal (Sutton & Barto 2018, section 2.3)."""
    bandit = rl.GaussianBandit(xdl.random.normal(xdl.random.key(7), (500, 10)))

    def play(method):
        played = rl.run_bandit(method, bandit, xdl.random.key(8), steps=1000)
        return played.reward[-50:].mean(), played.optimal[-50:].mean(), played

    return play


@pytest.mark.parametrize(
    ("method", "reward", "optimal"),
    [
        (rl.ActionValues(rl.EpsilonGreedy(0.0)), 1.03, 0.36),
        (rl.ActionValues(rl.EpsilonGreedy(0.01)), 1.31, 0.60),
        (rl.ActionValues(rl.EpsilonGreedy(0.1)), 1.37, 0.80),
        (rl.ActionValues(rl.UpperConfidence(2.0)), 1.48, 0.84),
        (rl.ActionValues(rl.EpsilonGreedy(0.0), rate=0.1, initial=5.0), 1.48, 0.85),
    ],
    ids=["greedy", "0.01", "0.1", "upper confidence", "optimistic"],
)
def test_the_ten_armed_testbed(testbed, method, reward, optimal):
    """Ends of the curves of Sutton & Barto (2018), figures 2.2 to 2.4, as read from them."""
    found = testbed(method)
    assert found[0] == pytest.approx(reward, abs=0.08)
    assert found[1] == pytest.approx(optimal, abs=0.05)


def test_gradient_bandits_need_a_baseline():
    """Sutton & Barto (2018), figure 2.5: rewards about 4, ends of the curves of the rate 0.4."""
    bandit = rl.GaussianBandit(4 + xdl.random.normal(xdl.random.key(1), (300, 10)))
    optimal = {}
    for baseline in (True, False):
        played = rl.run_bandit(rl.GradientBandit(0.4, baseline), bandit, xdl.random.key(2), steps=1000)
        optimal[baseline] = played.optimal[-50:].mean()
    assert optimal[True] == pytest.approx(0.75, abs=0.06)
    assert optimal[False] < 0.45


def test_a_step_of_the_gradient_bandit():
    """By hand: the second reward against the first, equation 2.12."""
    method, like = rl.GradientBandit(0.5), np.zeros((1, 2))
    memory = method.learn(method.init(like), np.asarray([[1.0, 0.0]]), np.asarray([3.0]), np.asarray(1.0))
    assert_equal(memory.logits, like)
    memory = method.learn(memory, np.asarray([[0.0, 1.0]]), np.asarray([5.0]), np.asarray(2.0))
    assert_close(memory.logits, np.asarray([[-0.5, 0.5]]))
    assert_close(memory.baseline, np.asarray([4.0]))


def test_regret_stays_below_the_theorems():
    """UCB1: Auer, Cesa-Bianchi & Fischer (2002), theorem 1. Commitment: Lattimore & Szepesvári (2020), theorem 6.1."""
    steps = 1000
    played = rl.run_bandit(UCB1, rl.BernoulliBandit(COINS), xdl.random.key(0), steps=steps, seeds=100)
    bound = 8 * math.log(steps) / 0.1 + (1 + math.pi**2 / 3) * 0.1
    assert 1 < played.pseudo_regret[-1].mean() < bound
    gaps, m = np.asarray([0.0, 0.5, 1.0]), 12
    bandit = rl.GaussianBandit(-gaps)
    played = rl.run_bandit(rl.ExploreThenCommit(m), bandit, xdl.random.key(1), steps=300, seeds=400)
    bound = m * gaps.sum() + (300 - 3 * m) * (gaps * np.exp(-m * gaps**2 / 4)).sum()
    regret = played.pseudo_regret.mean(axis=-1)
    assert regret[3 * m - 1] == pytest.approx(m * 1.5)
    assert regret[3 * m - 1] < regret[-1] < bound


def test_the_best_methods_grow_as_slowly_as_any_can():
    """From 200 to 2,000 pulls about as fast as the bound of Lai and Robbins; UCB1, which is not so good, faster."""
    bandit = rl.BernoulliBandit(np.asarray([0.9, 0.6], dtype=np.float32))
    factor = float(bandit.lower_bound())
    slope = {}
    for name in ("Beta", "KL-UCB", "UCB1"):
        played = rl.run_bandit(METHODS[name], bandit, xdl.random.key(3), steps=2000, seeds=60)
        regret = played.pseudo_regret.mean(axis=-1)
        slope[name] = (regret[-1] - regret[199]) / math.log(10) / factor
    assert 0.3 < slope["Beta"] < 1.6
    assert 0.5 < slope["KL-UCB"] < 2
    assert slope["UCB1"] > 3 * slope["KL-UCB"]


def test_the_bound_of_lai_and_robbins():
    coins = rl.BernoulliBandit(np.asarray([[0.9, 0.8, 0.9], [1.0, 0.25, 0.0], [0.0, 0.5, 0.25]]))
    gain = lambda p, best: (best - p) / (rel_entr(p, best) + rel_entr(1 - p, 1 - best))
    expected = [gain(0.8, 0.9), 0.0, gain(0.25, 0.5) + gain(0.0, 0.5)]
    assert_close(coins.lower_bound(), np.asarray(expected))
    normal = rl.GaussianBandit(np.asarray([1.0, 0.5, -1.0]), deviation=2.0)
    assert_close(normal.lower_bound(), np.asarray(8 / 0.5 + 8 / 2))


def test_bounds_of_coins(xp):
    """By bisection, at all levels; where nothing is tolerated, the mean itself."""
    rng = np.random.default_rng(0)
    p = np.concatenate([[0.0, 1.0, 0.5, 0.001, 0.999], rng.random(100)]).astype(np.float32)
    level = rng.exponential(size=p.size) * rng.choice([1e-3, 0.1, 3.0], p.size)
    level[2] = 0
    low, high = p.astype(float), np.ones(p.size)
    for _ in range(60):
        q = (low + high) / 2
        fits = rel_entr(p, q) + rel_entr(1 - p, 1 - q) <= level
        low, high = np.where(fits, q, low), np.where(fits, high, q)
    found = upper_bound(xp.asarray(p), xp.asarray(level.astype(np.float32)))
    assert_close(found, low.astype(np.float32), like=xp.asarray(p), rtol=1e-4, atol=1e-5)


def test_gamma_numbers():
    keys = xdl.random.split(xdl.random.key(0), 2)
    for shape in (1.0, 1.7, 30.0):
        full = (5, 20_000)
        numbers = gamma_of(
            np.full(full[1:], shape), xdl.random.normal(keys[0], full), xdl.random.uniform(keys[1], full)
        )
        assert stats.kstest(numbers, stats.gamma(shape).cdf).pvalue > 0.01


def test_refused_tries_give_way_to_the_next():
    """The first is refused where its cube is negative; others count, in their order: the mode always passes."""
    normal, uniform = np.asarray([[-9.0, 0.0], [0.0, 0.5]]), np.full((2, 2), 0.5)
    assert_close(gamma_of(np.full(2, 1.0), normal, uniform), np.full(2, 2 / 3))


def test_values_by_hand():
    """Rewards 3 and 5 of the first arm: their mean, or half of the way twice."""
    for method, expected in ((UCB1, 4.0), (rl.ActionValues(rate=0.5, initial=1.0), 3.5)):
        memory = method.init(np.zeros((1, 2)))
        for reward in (3.0, 5.0):
            memory = method.learn(memory, np.asarray([[1.0, 0.0]]), np.asarray([reward]), np.asarray(1.0))
        assert_close(memory.mean, np.asarray([[expected, method.initial]]))
        assert_equal(memory.pulls, np.asarray([[2.0, 0.0]]))


def test_posteriors_by_hand():
    """Two rewards 3 and 5 of the first arm: normal with mean 4 / 3 and precision 4.5. Three coins: heads and tails."""
    method, first = rl.GaussianThompson(2.0, prior_mean=1.0, prior_deviation=0.5), np.asarray([[1.0, 0.0]])
    memory = method.init(np.zeros((1, 2)))
    for reward in (3.0, 5.0):
        memory = method.learn(memory, first, np.asarray([reward]), np.asarray(1.0))
    level = (4 / 3 - 4.5**-0.5 - 1) / 0.5  # where the second arm's draw is that of the first
    for shift, arm in ((-0.01, 0), (0.01, 1)):
        assert method.choose(memory, np.asarray(3.0), np.asarray([[-1.0, level + shift]])).tolist() == [arm]
    method = rl.BetaThompson(2.0, 3.0)
    memory = method.init(np.zeros((1, 2)))
    for reward in (1.0, 0.0, 0.0):
        memory = method.learn(memory, first, np.asarray([reward]), np.asarray(1.0))
    assert_equal(memory.heads, np.asarray([[3.0, 2.0]]))
    assert_equal(memory.tails, np.asarray([[5.0, 3.0]]))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_methods_find_the_best_arm(method):
    played = rl.run_bandit(method, rl.BernoulliBandit(COINS - 0.4), xdl.random.key(0), steps=400, seeds=30)
    assert played.optimal[-100:].mean() > 0.55
    worse = rl.run_bandit(
        method, rl.BernoulliBandit(np.asarray([0.1, 0.2, 0.9])), xdl.random.key(0), steps=400, seeds=30
    )
    assert worse.optimal[-100:].mean() > 0.8


@pytest.mark.parametrize("name", ["epsilon falls", "KL-UCB", "Beta", "gradient"])
def test_the_same_numbers_everywhere(xp64, name):
    """Pulls and pays, of two bandits three times."""
    mean = np.asarray([[0.9, 0.5, 0.2], [0.3, 0.6, 0.1]])
    like = xp64.asarray(mean)
    with xdl.use_backend("numpy"):
        reference = rl.BernoulliBandit(mean)
        expected = rl.run_bandit(METHODS[name], reference, xdl.random.key(3), steps=30, seeds=3)
    found = rl.run_bandit(METHODS[name], rl.BernoulliBandit(like), xdl.random.key(3), steps=30, seeds=3)
    integers = xp64.zeros((), dtype=xp64.int32)
    assert_equal(found.action, expected.action, like=integers)
    for attribute in ("reward", "regret", "pseudo_regret"):
        assert_close(getattr(found, attribute), getattr(expected, attribute), like=like)
    assert_equal(found.pulls, expected.pulls, like=integers)
    assert found.action.shape == (30, 3, 2)


def test_what_was_pulled_adds_up(xp):
    """Regret, pulls and the best arm, by hand."""
    mean = xp.asarray([0.25, 1.0, 0.5])
    action = xp.asarray([0, 1, 2, 1], dtype=xp.int32)
    played = rl.BanditResult(mean, action, xp.asarray([0.0, 1.0, 1.0, 1.0]), None)
    assert_close(played.regret, np.asarray([1, 1, 1, 1], dtype=np.float32), like=mean)
    assert_close(played.pseudo_regret, np.asarray([0.75, 0.75, 1.25, 1.25], dtype=np.float32), like=mean)
    assert_equal(
        played.pulls,
        np.asarray([[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 2, 1]], dtype=np.int32),
        like=action,
    )
    assert xdl.to_numpy(played.optimal).tolist() == [False, True, False, True]


def test_the_first_steps_do_not_depend_on_the_number_of_steps():
    bandit = rl.GaussianBandit(np.zeros((3, 2)))
    long = rl.run_bandit(rl.GaussianThompson(), bandit, xdl.random.key(0), steps=600)
    short = rl.run_bandit(rl.GaussianThompson(), bandit, xdl.random.key(0), steps=300)
    assert_equal(short.reward, long.reward[:300])
    assert_equal(short.action, long.action[:300])


def test_bandits_that_make_no_sense():
    key = xdl.random.key(0)
    with pytest.raises(ValueError, match=r"`mean` must be in \[0, 1\], got 1.5 at \(1, 0\)"):
        rl.run_bandit(
            rl.BetaThompson(), rl.BernoulliBandit(np.asarray([[0.1, 0.2], [1.5, 0.5]])), key, steps=1
        )
    with pytest.raises(ValueError, match=r"`mean` must be finite, got nan at \(1,\)"):
        rl.run_bandit(UCB1, rl.GaussianBandit(np.asarray([0.0, np.nan])), key, steps=1)
    with pytest.raises(ValueError, match=r"with two arms or more, got \(1,\)"):
        rl.run_bandit(UCB1, rl.GaussianBandit(np.zeros(1)), key, steps=1)
    with pytest.raises(ValueError, match=r"KLUCB needs rewards in \[0, 1\]"):
        rl.run_bandit(rl.KLUCB(), rl.GaussianBandit(np.zeros(2)), key, steps=1)
    with pytest.raises(ValueError, match="`seeds` must be at least 1, got 0"):
        rl.run_bandit(UCB1, rl.GaussianBandit(np.zeros(2)), key, steps=1, seeds=0)
    with pytest.raises(ValueError, match="`heads` and `tails` must be at least 1"):
        rl.run_bandit(rl.BetaThompson(0.5), rl.BernoulliBandit(COINS), key, steps=1)
    with pytest.raises(ValueError, match="`pulls` must be at least 1, got 0"):
        rl.run_bandit(rl.ExploreThenCommit(0), rl.BernoulliBandit(COINS), key, steps=1)
