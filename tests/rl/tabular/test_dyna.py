"""Dyna: as the book's box says, and how fast it solves the maze of the book."""

import numpy as np
import pytest
from asserts import assert_close

import xdl
from xdl import rl

from .book import ACTIONS, DISCOUNT, STATES, expected, learned, maze, play

RATE, PLANNING = 0.3, 4


def dyna(bonus):
    """The box of section 8.2; the draws are those that the step was given."""

    def run(q, episode, memory):
        model, seen, taken, last = (
            memory.setdefault(name, {}) for name in ("model", "seen", "taken", "last")
        )
        for row in episode:
            s, a, goes_on = row.state, row.action, not row.terminated
            q[s, a] += RATE * (row.reward + DISCOUNT * goes_on * q[row.after].max() - q[s, a])
            model[s, a], last[s, a] = (row.reward, row.after, goes_on), row.t
            seen.setdefault(s, len(seen))
            taken.setdefault(s, {}).setdefault(a, None)
            for k in range(PLANNING):
                u, v = (np.float32(row.noise[i]) for i in (k, PLANNING + k))
                state = list(seen)[int(u * np.float32(len(seen)))]
                of = list(range(ACTIONS)) if bonus else list(taken[state])
                action = of[int(v * np.float32(len(of)))]
                reward, after, goes_on = model.get((state, action), (0.0, state, True))
                reward += bonus * np.sqrt(row.t - last.get((state, action), 0))
                error = reward + DISCOUNT * goes_on * q[after].max() - q[state, action]
                q[state, action] += RATE * error

    return run


@pytest.mark.parametrize("bonus", [0.0, 0.01])
def test_the_box(bonus):
    method = rl.DynaQ(rate=RATE, discount=DISCOUNT, planning=PLANNING, bonus=bonus)
    np.testing.assert_allclose(learned(method), expected(dyna(bonus), method), rtol=1e-11)


def test_without_planning_it_is_q_learning():
    for rate in (RATE, None):
        found = learned(rl.DynaQ(rate=rate, planning=0))
        np.testing.assert_array_equal(found, learned(rl.QLearning(rate=rate)))


def sweeping(threshold):
    """The box of section 8.4."""

    def run(q, episode, memory):
        model, queue = (memory.setdefault(name, {}) for name in ("model", "queue"))
        goal = lambda s, a: model[s, a][0] + DISCOUNT * model[s, a][2] * q[model[s, a][1]].max()

        def wait(s, a):
            error = abs(goal(s, a) - q[s, a])
            if error > threshold:
                queue[s, a] = max(error, queue.get((s, a), 0))

        for row in episode:
            model[row.state, row.action] = row.reward, row.after, not row.terminated
            wait(row.state, row.action)
            for _ in range(PLANNING):
                if not queue:
                    break
                s, a = max(sorted(queue), key=queue.get)
                del queue[s, a]
                q[s, a] += RATE * (goal(s, a) - q[s, a])
                for b in [(t, c) for t in range(STATES) for c in range(ACTIONS)]:
                    if b in model and model[b][1] == s and model[b][2]:
                        wait(*b)

    return run


def test_the_box_of_prioritized_sweeping():
    method = rl.PrioritizedSweeping(rate=RATE, discount=DISCOUNT, planning=PLANNING, threshold=0.05)
    np.testing.assert_allclose(learned(method), expected(sweeping(0.05), method), rtol=1e-11)


def test_the_maze():
    """Figure 8.2: steps of an episode with none, a few and many remembered steps; the best way has 14."""
    env, options = maze(), {"rate": 0.1, "discount": 0.95, "exploration": rl.EpsilonGreedy(0.1)}
    none, five, many = (play(rl.DynaQ(**options, planning=n), env, 5, 6)[0].mean(axis=1) for n in (0, 5, 20))
    assert 14 <= many[3:].mean() < 25
    assert many[1] < five[1] < none[1]
    assert five[4] < 80
    assert none[1:].mean() > 200


def test_prioritized_sweeping_in_the_maze():
    options = {"rate": 1.0, "discount": 0.95, "exploration": rl.EpsilonGreedy(0.1), "planning": 5}
    lengths, _ = play(rl.PrioritizedSweeping(**options), maze(), 3, 4)
    assert lengths[1:].mean() < 30


@pytest.mark.parametrize("method", [rl.DynaQ, rl.PrioritizedSweeping])
def test_the_same_on_every_library(xp64, method):
    like = xp64.asarray(0.0, dtype=xp64.float64)
    learner = method(rate=RATE, discount=DISCOUNT, planning=2)
    if "jax" in type(like).__module__:  # which would compile each operation of a loop
        with xdl.use_backend("numpy"):
            # rewards at random and a rate below 1, so that no two errors are alike
            process = rl.random_mdp(xdl.random.key(1), 6, 2, branching=3, dtype=np.float64)
            host = rl.tabular_environment(process, max_steps=7)
            reference = rl.train_tabular(learner, host, xdl.random.key(3), steps=64, agents=3, records=1)
        env = rl.tabular_environment(process, like=like, max_steps=7)
        found = rl.train_tabular(learner, env, xdl.random.key(3), steps=64, agents=3, records=1)
        assert_close(found.q, reference.q, like=like, rtol=1e-9, atol=1e-12)
    else:
        assert_close(learned(learner, like, steps=15), learned(learner, steps=15), like=like, rtol=1e-12)
