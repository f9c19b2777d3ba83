"""Replays against lists."""

import numpy as np
import pytest

import xdl
from xdl import rl

COMPILED = "compiled as a whole, and compared with NumPy, below"


def numbered(xp, first, k, copies):
    """Steps whose only entry says when and where they were taken."""
    return {"step": xp.asarray(np.arange(first, first + k)[:, None] * 10 + np.arange(copies))}


@pytest.mark.xp_skip("jax", reason=COMPILED)
def test_what_is_drawn_is_what_was_last_added(xp):
    """All of it alike, in windows that never cross from the newest to the oldest."""
    replay = rl.replay_init(21, {"step": xp.asarray(0)}, copies=2, window=3)
    done = 0
    for k in (1, 3, 4, 1, 6, 2):
        replay = rl.replay_add(replay, numbered(xp, done, k, 2))
        done += k
        if done < 3:
            continue
        rows, index, chance = rl.replay_sample(replay, xdl.random.key(done), 300)
        steps = xdl.to_numpy(rows["step"])
        oldest = max(0, done - 10)
        expected = {10 * t + c for t in range(oldest, done - 2) for c in range(2)}
        assert set(steps[0].tolist()) == expected
        np.testing.assert_array_equal(steps, steps[0] + 10 * np.arange(3)[:, None])
        np.testing.assert_allclose(xdl.to_numpy(chance), 1 / len(expected), rtol=1e-6)
        stored = xdl.to_numpy(replay.rows["step"])
        np.testing.assert_array_equal(stored[xdl.to_numpy(index)], steps[0])


@pytest.mark.xp_skip("jax", reason=COMPILED)
def test_prioritized_draws_follow_priorities(xp):
    """Also after the ring went round: steps without a window are never drawn, new ones have the largest priority."""
    replay = rl.replay_init(14, {"step": xp.asarray(0)}, copies=2, window=2, prioritized=True)
    for done in range(9):
        replay = rl.replay_add(replay, numbered(xp, done, 1, 2))
    alive = [10 * t + c for t in range(2, 8) for c in range(2)]
    rows, index, chance = rl.replay_sample(replay, xdl.random.key(0), 120)
    steps = xdl.to_numpy(rows["step"])
    # one from each of 120 equal parts of the sum: ten for each of twelve steps
    assert {s: int((steps[0] == s).sum()) for s in alive} == dict.fromkeys(alive, 10)
    np.testing.assert_array_equal(steps[1], steps[0] + 10)
    np.testing.assert_allclose(xdl.to_numpy(chance), 1 / 12, rtol=1e-6)

    priority = np.where(steps[0] == 31, 9.0, 1.0).astype(np.float32)
    replay = rl.replay_update(replay, index, xp.asarray(priority))
    rows, _, chance = rl.replay_sample(replay, xdl.random.key(1), 200)
    steps = xdl.to_numpy(rows["step"])[0]
    assert (steps == 31).sum() == 90
    np.testing.assert_allclose(xdl.to_numpy(chance), np.where(steps == 31, 0.45, 0.05), rtol=1e-6)

    replay = rl.replay_add(
        replay, numbered(xp, 9, 1, 2)
    )  # in the place of steps 20 and 21, 80 and 81 are ready
    rows, _, chance = rl.replay_sample(replay, xdl.random.key(2), 360)
    steps = xdl.to_numpy(rows["step"])[0]
    assert set(steps.tolist()) == {*alive, 80, 81} - {20, 21}
    assert (steps == 80).sum() == 90


@pytest.mark.xp_only("jax-x32", reason="the library that compiles the loop around a replay")
def test_a_compiled_replay_is_the_same(xp):
    """With counts that only the program knows."""

    def run(replay, steps, key):
        replay = rl.replay_add(replay, steps)
        rows, index, chance = rl.replay_sample(replay, key, 8)
        return rl.replay_update(replay, index, 1 / (1 + chance)), rows["step"], chance

    ours, theirs = (rl.replay_init(8, {"step": a}, prioritized=True) for a in (xp.asarray(0), np.asarray(0)))
    compiled = xdl.jit(run)
    for k in range(4):
        key = xdl.random.key(k)
        ours, *found = compiled(ours, numbered(xp, 3 * k, 3, 1), key)
        theirs, *expected = run(theirs, numbered(np, 3 * k, 3, 1), xdl.to_numpy(key))
        np.testing.assert_array_equal(xdl.to_numpy(found[0]), expected[0])
        np.testing.assert_allclose(xdl.to_numpy(found[1]), expected[1], rtol=1e-5)


def test_mistakes_are_named():
    like = {"step": np.asarray(0)}
    empty = rl.replay_init(8, like, window=3)
    with pytest.raises(ValueError, match="has 0 steps of each copy, too few for a window of 3: add steps"):
        rl.replay_sample(empty, xdl.random.key(0), 4)
    with pytest.raises(ValueError, match="`capacity` must be at least 6, a window of each copy, got 5"):
        rl.replay_init(5, like, copies=2, window=3)
    with pytest.raises(ValueError, match="`copies` must be at least 1, got 0"):
        rl.replay_init(5, like, copies=0)
    with pytest.raises(ValueError, match=r"\(6 or fewer steps, 1 copies, \.\.\.\), got shape \(7, 1\)"):
        rl.replay_add(empty, numbered(np, 0, 7, 1))
    with pytest.raises(ValueError, match=r"must have arrays \(1, 1\) as `like` had, got \(1, 1, 2\)"):
        rl.replay_add(empty, {"step": np.zeros((1, 1, 2), int)})
    with pytest.raises(ValueError, match=r"drawn alike: make it by replay_init\(\.\.\., prioritized=True\)"):
        rl.replay_update(empty, np.asarray([0]), np.asarray([1.0]))
    with pytest.raises(TypeError, match="must be a tree of arrays"):
        rl.replay_init(8, {})


def test_numpy_writes_in_place():
    replay = rl.replay_init(8, {"step": np.asarray(0)}, prioritized=True)
    rows, sums = replay.rows["step"], replay.sums
    added = rl.replay_add(replay, numbered(np, 5, 2, 1))
    assert added.rows["step"] is rows
    assert added.sums is sums
