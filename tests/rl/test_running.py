"""The loop around algorithms: the same episodes everywhere, no step lost, nothing that a kill would change."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from asserts import values
from rl.toys import Dice, LinearQ, Walk

import xdl
from xdl import rl

ENVS = {"array": rl.CartPole(max_steps=30), "host": Walk()}
QUIET = {"progress": False, "window": 100}


def rows(result):
    """Everything in a result but the time."""
    known = {name: column for name, column in result.measures.items() if name != "seconds"}
    learner = [values(x) for x in xdl.tree.leaves(result.learner)]
    return [learner, result.episodes, known, result.evaluations, result.steps, result.status]


def assert_same(a, b):
    for x, y in zip(*(xdl.tree.leaves(rows(r)) for r in (a, b)), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.xp_skip("jax-x64", reason="programs compile for a second each, and these know no float64")
@pytest.mark.parametrize("env", ENVS.values(), ids=ENVS)
def test_the_same_episodes_on_every_library(xp, env):
    options = {"steps": 500, "evaluate": rl.Evaluation(500, 4, env=Walk() if env is ENVS["host"] else None)}
    with xdl.use_backend("numpy"):
        expected = rl.train(Dice(), env, 3, **options, **QUIET)
    found = rl.train(Dice(), env, 3, **options, **QUIET)
    assert xdl.array_namespace(*xdl.tree.leaves(found.learner)).__name__ == xp.__name__
    for name in ("step", "length"):
        np.testing.assert_array_equal(getattr(found.episodes, name), getattr(expected.episodes, name))
    np.testing.assert_allclose(found.episodes.returns, expected.episodes.returns, rtol=1e-5)
    np.testing.assert_allclose(found.evaluations.returns, expected.evaluations.returns, rtol=1e-5)
    for name in ("drawn", "cut"):
        np.testing.assert_allclose(found.measures[name], expected.measures[name], rtol=1e-5)


def test_an_algorithm_learns_what_planning_computes():
    chain = rl.engagement_chain(0.0)
    env = rl.tabular_environment(chain, max_steps=20)
    found = rl.train(LinearQ(), env, 0, steps=30_000, **QUIET)
    best = rl.policy_iteration(chain)
    np.testing.assert_allclose(values(found.learner[0]).max(axis=1), best.value, rtol=0.2)
    worth = rl.evaluate_policy(chain, values(found.policy(np.arange(env.states))))
    assert (worth / best.value).min() > 0.95
    errors = found.measures["error"]
    assert errors[-1] < errors[0]


def test_every_step_is_counted_once():
    """Pushed to one side, the pole falls; returns of CartPole are lengths, and lengths add up."""
    found = rl.train(Dice(), ENVS["array"], 1, steps=2_003, window=10, progress=False)
    assert found.steps == 2_010
    assert list(found.measures["step"]) == [*range(500, 2_010, 500), 2_010]
    np.testing.assert_array_equal(found.episodes.returns, found.episodes.length)
    assert 2_010 - 2 * 30 < found.episodes.length.sum() <= 2_010
    assert (np.diff(found.episodes.step) >= 0).all()
    assert found.episodes.step[0] == 2 * found.episodes.length[0]
    np.testing.assert_array_equal(
        found.measures["episodes"],
        np.searchsorted(found.episodes.step, found.measures["step"], side="right"),
    )
    begin = 0
    for step, mean in zip(found.measures["step"], found.measures["return"], strict=True):
        inside = (found.episodes.step > begin) & (found.episodes.step <= step)
        assert mean == pytest.approx(found.episodes.returns[inside].mean())
        begin = step


def test_measures_are_means_over_their_window():
    fine, coarse = (
        rl.train(Dice(), ENVS["array"], 1, steps=2_000, window=n, progress=False) for n in (500, 1_000)
    )
    np.testing.assert_allclose(
        fine.measures["drawn"].reshape(2, 2).mean(axis=1), coarse.measures["drawn"], rtol=1e-6
    )
    np.testing.assert_array_equal(coarse.episodes.returns, fine.episodes.returns)


def test_more_steps_go_on_from_fewer(tmp_path):
    path = tmp_path / "run.safetensors"
    options = {"window": 100, "progress": False}
    whole = rl.train(Dice(), ENVS["array"], 1, steps=1_500, **options)
    for steps in (730, 1_500):
        found = rl.train(Dice(), ENVS["array"], 1, steps=steps, checkpoint=path, **options)
    for a, b in zip(xdl.tree.leaves(found.episodes), xdl.tree.leaves(whole.episodes), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(values(found.learner["sum"]), values(whole.learner["sum"]))


@pytest.mark.xp_only(
    "numpy", "torch", "jax-x32", reason="one run on each library that stores arrays its own way"
)
@pytest.mark.parametrize("kind", ENVS)
def test_a_run_that_fails_goes_on_as_if_it_had_not(xp, kind, tmp_path):
    if kind == "host" and "jax" in xp.__name__:
        pytest.skip("what runs as Python is the same on every library, and takes long here")
    env, dice = ENVS["array"] if kind == "array" else Walk(1), Dice(copies=1, rollout=100)
    options = {"steps": 1_600, "checkpoint_steps": 300, "window": 200, "progress": False}
    options["evaluate"] = rl.Evaluation(600, 3, env=None if kind == "array" else Walk(3))
    logs = [tmp_path / "log.csv", tmp_path / "log.jsonl"]
    whole = rl.train(dice, env, 5, checkpoint=tmp_path / "whole.safetensors", **options)
    windows, rng = len(whole.measures["step"]), np.random.default_rng(0)
    found, failures = None, 0
    while found is None:
        # a checkpoint comes after two windows, so that the run ends
        left = iter(range(rng.integers(1, 5)))

        def fail(report, left=left):
            if next(left, None) is None:
                raise InterruptedError

        path = tmp_path / "run.safetensors"
        try:
            found = rl.train(dice, env, 5, checkpoint=path, log=logs, callback=fail, **options)
        except InterruptedError:
            failures += 1
    assert failures > 1
    assert_same(found, whole)
    with open(logs[0]) as file:
        table = list(csv.DictReader(file))
    lines = [json.loads(line) for line in logs[1].read_text().splitlines()]
    assert len(table) == len(lines) == windows
    for name, column in found.measures.items():
        csv_column = [float(row[name] or "nan") for row in table]
        json_column = [np.nan if row[name] is None else row[name] for row in lines]
        np.testing.assert_array_equal(csv_column, column)
        np.testing.assert_array_equal(json_column, column)


REAL = {
    "DQN": rl.DQN(hidden=(8,), capacity=500, learning_starts=200, batch=16, n_step=3, prioritized=0.5),
    "PPO": rl.PPO(hidden=(8,), copies=2, rollout=50),
}


@pytest.mark.parametrize("env", [rl.CartPole(), "CartPole-v1"], ids=["array", "host"])
@pytest.mark.parametrize("algorithm", REAL.values(), ids=REAL)
def test_algorithms_go_on_from_all_that_they_remember(algorithm, env, tmp_path):
    options = {"window": 200, "checkpoint_steps": 200, "progress": False, "steps": 800}
    whole = rl.train(algorithm, env, 1, checkpoint=tmp_path / "whole", **options)

    def fail(report):
        if report.step >= 600:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        rl.train(algorithm, env, 1, checkpoint=tmp_path / "run", callback=fail, **options)
    found = rl.train(algorithm, env, 1, checkpoint=tmp_path / "run", **options)
    assert_same(found, whole)
    assert np.isfinite([column[-1] for column in found.measures.values() if len(column)]).all()


KILLED = """
import sys, xdl
sys.path.insert(0, sys.argv[1])
from rl.toys import Dice
from xdl import rl
for log in (sys.argv[2] + ".csv",):
    found = rl.train(
        Dice(), rl.CartPole(), 7, steps=8_000, window=500, checkpoint=sys.argv[2], checkpoint_steps=500,
        log=log, progress=False, evaluate=rl.Evaluation(2_000, 2),
    )
"""


def test_a_run_that_is_killed_goes_on_as_if_it_had_not(tmp_path):
    """At random moments, which may be in the midst of writing."""
    path = tmp_path / "run"
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parents[1]), str(path)]
    rng, kills, code = np.random.default_rng(0), 0, None
    while code != 0:
        process = subprocess.Popen(command)
        try:
            deadline, before = time.monotonic() + 60, path.stat().st_mtime_ns if path.exists() else 0
            # after it has come further, so that the run ends
            while process.poll() is None and time.monotonic() < deadline:
                if kills < 3 and path.exists() and path.stat().st_mtime_ns != before:
                    time.sleep(rng.uniform(0, 0.1))
                    os.kill(process.pid, signal.SIGKILL)
                    break
                time.sleep(0.002)
            code = process.wait(30)
        finally:
            process.kill()
        kills += code == -signal.SIGKILL
        assert code in (0, -signal.SIGKILL)
    assert kills == 3
    options = {"steps": 8_000, "window": 500, "evaluate": rl.Evaluation(2_000, 2), "progress": False}
    with xdl.use_backend("numpy"):
        whole = rl.train(Dice(), rl.CartPole(), 7, **options)
        found = rl.train(Dice(), rl.CartPole(), 7, checkpoint=path, **options)  # done: returns at once
    assert_same(found, whole)
    with open(f"{path}.csv") as file:
        table = list(csv.DictReader(file))
    np.testing.assert_array_equal([float(row["step"]) for row in table], whole.measures["step"])
    np.testing.assert_array_equal([float(row["drawn"]) for row in table], whole.measures["drawn"])
    assert sorted(os.listdir(tmp_path)) == ["run", "run.csv"]


def test_a_checkpoint_cuts_the_episodes_of_an_environment_that_runs_as_python(tmp_path):
    """To the algorithm they are truncated; the log has none of them; and what is seen then is the first of the next."""
    shown, cuts = [], []

    def look(report):
        shown.append(float(report.learner["shown"]))
        cuts.append(float(report.learner["cut"]))

    env, options = Walk(), {"steps": 1_000, "window": 500, "progress": False}
    free = rl.train(Dice(), env, 2, callback=look, **options)
    ended = (free.episodes.step == 500).sum()
    shown.clear()
    path = tmp_path / "run"
    found = rl.train(Dice(), env, 2, checkpoint=path, checkpoint_steps=500, callback=look, **options)
    first = [x for x in zip(*xdl.tree.leaves(free.episodes), strict=True) if x[0] <= 500]
    assert first == [x for x in zip(*xdl.tree.leaves(found.episodes), strict=True) if x[0] <= 500]
    assert cuts[2] == cuts[0] + 2 - ended
    assert found.episodes.length[len(first) :].min() >= 7
    assert {*found.episodes.length} <= {*range(7, 13)}
    # of the third observation, which is the age, both have 0
    after = Walk()
    begins = xdl.random.fold_in(xdl.random.split(xdl.random.key(2), 4)[0], 100)
    assert shown[1] == pytest.approx(float(after.start(begins).sum()), rel=1e-6)


def test_evaluations_are_alike_and_change_nothing():
    plain = rl.train(Dice(), ENVS["array"], 4, steps=1_000, **QUIET)
    found = rl.train(Dice(), ENVS["array"], 4, steps=1_000, evaluate=rl.Evaluation(250, 5), **QUIET)
    assert found.evaluations.step.tolist() == [500, 1_000]
    assert found.evaluations.returns.shape == (2, 5)
    np.testing.assert_array_equal(found.evaluations.returns[0], found.evaluations.returns[1])
    assert found.evaluations.returns.std() > 0
    np.testing.assert_array_equal(found.episodes.returns, plain.episodes.returns)
    with pytest.raises(ValueError, match=r"shape \(n, 4\), got \(4,\): one alone is a batch of one"):
        found.policy(np.zeros(4))
    again = found.evaluate(ENVS["array"], xdl.random.key(0), episodes=5)
    np.testing.assert_array_equal(again.returns, found.evaluations.returns[0])


def test_every_copy_runs_equally_many_episodes():
    """Else short episodes would be favored."""
    right = lambda seen: np.ones(seen.shape[0], dtype=np.int32)
    found = rl.run_policy(right, Walk(3), xdl.random.key(0), episodes=7)
    assert found.step.tolist() == [*range(1, 8)]
    assert {*found.length} <= {*range(7, 13)}
    assert found.returns.shape == (7,)
    env, key = rl.CartPole(), xdl.random.key(1)
    alone = rl.run_policy(right, env, key, episodes=20)
    state = env.reset(xdl.random.uniform(xdl.random.split(key)[0], (20, 4)))
    length, over = np.zeros(20), np.zeros(20, dtype=bool)
    while not over.all():
        length += ~over
        state, _, fallen = env.step(state, right(state), None)
        over |= fallen
    np.testing.assert_array_equal(alone.length, length)
    np.testing.assert_array_equal(alone.returns, length)


def test_environments_of_gymnasium():
    gymnasium = pytest.importorskip("gymnasium")
    options = {"steps": 200, "window": 100, "progress": False}
    named = rl.train(Dice(), "CartPole-v1", 0, evaluate=rl.Evaluation(100, 4), **options)
    made = rl.train(Dice(), lambda: gymnasium.make("CartPole-v1"), 0, **options)
    single = rl.train(Dice(copies=1), gymnasium.make("CartPole-v1"), 0, **options)
    np.testing.assert_array_equal(named.episodes.length, made.episodes.length)
    assert single.episodes.length.sum() > 100
    closed = []

    class Closing(gymnasium.Wrapper):
        def close(self):
            closed.append(self)

    rl.train(Dice(), lambda: Closing(gymnasium.make("CartPole-v1")), 0, **options)
    assert len(closed) == 2
    assert named.evaluations.returns.shape == (1, 4)
    found = named.evaluate("CartPole-v1", xdl.random.key(0, like=named.learner["sum"]), episodes=4)
    np.testing.assert_array_equal(found.returns, named.evaluations.returns[-1])
    with pytest.raises(ValueError, match="in the middle of the run's episodes"):
        rl.train(Dice(copies=1), gymnasium.make("CartPole-v1"), 0, evaluate=rl.Evaluation(100), **options)


class Broken(rl.CartPole):
    """Cart whose second copy has no velocity after its fourth step."""

    def reset(self, noise):
        xp = xdl.array_namespace(noise)
        return xp.concat([super().reset(noise), xp.zeros_like(noise[:, :1])], axis=-1)

    def observe(self, state):
        xp = xdl.array_namespace(state)
        rows = xp.arange(state.shape[0])
        lost = xp.where((rows == 1) & (state[:, 4] == 4), xp.nan * state[:, 1], state[:, 1])
        return xp.stack([state[:, 0], lost, state[:, 2], state[:, 3]], axis=-1)

    def step(self, state, action, noise):
        after, reward, ended = super().step(state[:, :4], action, noise)
        return xdl.array_namespace(state).concat([after, state[:, 4:] + 1], axis=-1), reward, ended


def test_what_is_not_finite_is_named():
    with pytest.raises(ValueError, match="entry 1 of the observation is not finite in copy 1 after 8 steps"):
        rl.train(Dice(), Broken(), 0, steps=100, **QUIET)
    with pytest.raises(ValueError, match="observation is NaN in copy 1, entry 2, after 3 steps"):
        rl.train(Dice(), Walk(spoil_at=3), 0, steps=100, **QUIET)


def test_mistakes(tmp_path):
    env, path = ENVS["array"], tmp_path / "run"
    for options, error, message in (
        ({"steps": 0}, ValueError, "`steps` must be at least 1, got 0"),
        ({"steps": 1.0}, TypeError, "`steps` must be an integer, got 1.0"),
        ({"steps": 1, "log": "log.txt"}, ValueError, "`log` must end with one of .csv"),
    ):
        with pytest.raises(error, match=message):
            rl.train(Dice(), env, 0, **options)
    with pytest.raises(TypeError, match="`env` must be an Environment"):
        rl.train(Dice(), 3, 0, steps=1)
    with pytest.raises(TypeError, match=r"got the class CartPole: make one of it, CartPole\(\)"):
        rl.train(Dice(), rl.CartPole, 0, steps=1)
    with pytest.raises(TypeError, match=r"`seeds` must be integers, such as range\(3\), got 3"):
        rl.train_seeds(Dice(), env, 3, steps=1)
    with pytest.raises(TypeError, match="`algorithm` must be an algorithm"):
        rl.train(Dice, env, 0, steps=1)
    with pytest.raises(ValueError, match="two actions"):
        rl.train(Dice(), rl.Pendulum(), 0, steps=1)
    with pytest.raises(ValueError, match="runs 3 copies, .* make an environment with copies=2"):
        rl.train(Dice(), Walk(3), 0, steps=1)
    with pytest.raises(ValueError, match="`every` must be at least 1"):
        rl.Evaluation(0)
    rl.train(Dice(), env, 0, steps=100, checkpoint=path, **QUIET)
    with pytest.raises(ValueError, match="belongs to a run with key"):
        rl.train(Dice(), env, 1, steps=100, checkpoint=path, **QUIET)
    with pytest.raises(ValueError, match="belongs to a run with algorithm.rollout='5', not '2'"):
        rl.train(Dice(rollout=2), env, 0, steps=100, checkpoint=path, **QUIET)
    rl.train(Dice(), env, 1, steps=100, checkpoint=path, resume=False, **QUIET)
    xdl.train.save(path, {})
    with pytest.raises(ValueError, match="not written by rl.train"):
        rl.train(Dice(), env, 1, steps=100, checkpoint=path, **QUIET)


def test_the_bar_shows_the_last_episodes(tmp_path, capsys):
    """Also of those before a checkpoint."""
    dice, path = Dice(copies=1, rollout=200), tmp_path / "run"
    rl.train(dice, ENVS["array"], 0, steps=200, window=200, checkpoint=path, progress=False)
    assert capsys.readouterr().err == ""
    found = rl.train(dice, ENVS["array"], 0, steps=400, window=200, checkpoint=path)
    shown = capsys.readouterr().err
    assert f"return={found.episodes.returns[-20:].mean():.4g}" in shown
    assert "400/400" in shown


def test_a_callback_may_stop(tmp_path):
    stop = lambda report: report.step >= 1_000
    options = {"steps": 3_000, "window": 500, "checkpoint": tmp_path / "run", "progress": False}
    found = rl.train(Dice(), ENVS["array"], 0, callback=stop, **options)
    assert (found.steps, found.status) == (1_000, "stopped")
    assert_same(rl.train(Dice(), ENVS["array"], 0, **options), found)


def test_several_seeds(tmp_path):
    options = {"steps": 1_000, "window": 500, "progress": False}
    template = str(tmp_path / "{seed}.safetensors")
    found = rl.train_seeds(Dice(), ENVS["array"], range(5), checkpoint=template, **options)
    assert_same(found[3], rl.train(Dice(), ENVS["array"], 3, **options))
    assert len(os.listdir(tmp_path)) == 5
    band = rl.return_band(found, points=10, episodes=4)
    assert band.step.tolist() == [*range(100, 1_001, 100)]
    for curve, result in zip(band.curves, found, strict=True):
        ended = result.episodes.step <= 700
        assert curve[6] == pytest.approx(result.episodes.returns[ended][-4:].mean())
    with pytest.raises(ValueError, match=r"`log` must contain \{seed\}"):
        rl.train_seeds(Dice(), ENVS["array"], [1], log="a.csv", **options)


@pytest.mark.parametrize("runs", [1, 3, 4, 10])
def test_quartiles(xp64, runs):
    stats = pytest.importorskip("scipy.stats")
    curves = np.random.default_rng(runs).normal(size=(runs, 6))
    band = rl.interquartile(xp64.asarray(curves))
    np.testing.assert_allclose(values(band.mean), curves.mean(axis=0))
    np.testing.assert_allclose(values(band.low), np.quantile(curves, 0.25, axis=0))
    np.testing.assert_allclose(values(band.high), np.quantile(curves, 0.75, axis=0))
    np.testing.assert_allclose(values(band.interquartile_mean), stats.trim_mean(curves, 0.25))
    curves[0, 2] = np.nan
    band = rl.interquartile(xp64.asarray(curves))
    assert np.isnan(values(band.low)).tolist() == [False, False, True, False, False, False]
