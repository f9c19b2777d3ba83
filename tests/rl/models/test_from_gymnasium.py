import numpy as np
import pytest
from asserts import assert_close

from xdl import rl

gymnasium = pytest.importorskip("gymnasium")


def solved(name, discount, **options):
    env = gymnasium.make(name, **options)
    mdp = rl.mdp_from_gymnasium(env, discount=discount)
    return env, mdp, rl.value_iteration(mdp, tol=1e-10)


def test_cliff_walking():
    """Thirteen steps of -1, without a detour."""
    env, mdp, plan = solved("CliffWalking-v1", 1.0)
    assert abs(plan.value[36] + 13) < 1e-8
    assert rl.returns(env, lambda s: int(plan.policy[s]), episodes=3) == [-13.0] * 3
    assert mdp.states == 49


def test_taxi():
    """The return of each episode is the value of the state it began in."""
    env, _, plan = solved("Taxi-v4", 1.0)
    starts = []

    def act(s):
        starts.append(s)
        return int(plan.policy[s])

    for k in range(50):
        starts.clear()
        (found,) = rl.returns(env, act, episodes=1, seed=k)
        assert abs(found - plan.value[starts[0]]) < 1e-8


def test_frozen_lake():
    """Slippery: the mean of 1,000 discounted returns, within four standard errors of the value."""
    # its usual bound of 200 steps cuts off a seventh of the return
    env, mdp, plan = solved("FrozenLake-v1", 0.99, map_name="8x8", max_episode_steps=10_000)
    found = rl.returns(env, lambda s: int(plan.policy[s]), episodes=1000, discount=0.99)
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - plan.value[0]) < 4 * error
    others = (rl.policy_iteration, rl.modified_policy_iteration, rl.gauss_seidel_value_iteration)
    for plan_by in others:
        assert_close(plan_by(mdp, tol=1e-10).value, plan.value, rtol=0, atol=1e-9)
    assert_close(rl.evaluate_policy(mdp, plan.policy), plan.value, rtol=0, atol=1e-9)


def test_an_environment_without_a_table():
    with pytest.raises(TypeError, match="has no table of transitions"):
        rl.mdp_from_gymnasium(gymnasium.make("CartPole-v1"))


def test_on_every_library(xp64):
    env = gymnasium.make("FrozenLake-v1")
    mdp = rl.mdp_from_gymnasium(env, like=xp64.asarray(0.0, dtype=xp64.float64))
    expected = rl.value_iteration(rl.mdp_from_gymnasium(env)).value
    assert_close(rl.value_iteration(mdp).value, expected, like=mdp.probability, rtol=0, atol=1e-10)
