"""All planners: they agree, with one another and with what is published."""

import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import rl

# Nazarathy & Klok (2021), listing 10.6, at a cost of 1/2
ENGAGED = [8.956124, 12.047735, 15.766155, 19.568363, 23.310594]
ENGAGED += [26.918268, 30.306723, 33.350307, 35.853860, 37.512316]

PLANNERS = {
    "value iteration": rl.value_iteration,
    "Gauss-Seidel": rl.gauss_seidel_value_iteration,
    "prioritized": rl.prioritized_value_iteration,
    "policy iteration": rl.policy_iteration,
    "modified": rl.modified_policy_iteration,
    "linear program": lambda mdp, tol=1e-6: rl.linear_program(mdp, tol=tol).plan,
}
each_planner = pytest.mark.parametrize("plan", PLANNERS.values(), ids=PLANNERS)


@each_planner
def test_the_engagement_chain(xp64, plan):
    """Values to 1e-6, and the policy: promote unless engagement is complete; at a cost of 3/2 never."""
    like = xp64.asarray(0.0, dtype=xp64.float64)
    found = plan(rl.engagement_chain(0.5, like=like), tol=1e-7)
    np.testing.assert_allclose(values(found.value), ENGAGED, atol=1e-6)
    assert values(found.policy).tolist() == [1] * 9 + [0]
    assert found.message == "converged"
    assert values(plan(rl.engagement_chain(1.5, like=like)).policy).tolist() == [0] * 10


def test_planners_agree_on_200_random_processes(xp64):
    """As a batch of 200, whose values are those of each alone."""
    key = xdl.random.key(0)
    mdp = rl.random_mdp(key, 7, 3, discount=0.8, branching=4, batch=(200,), dtype=xp64.float64)
    found = {name: plan(mdp, tol=1e-11) for name, plan in PLANNERS.items()}
    for name, plan in found.items():
        np.testing.assert_allclose(
            values(plan.value), values(found["policy iteration"].value), rtol=0, atol=1e-10, err_msg=name
        )
        assert values(plan.converged).all(), name
        assert_close(plan.value, xp64.max(plan.action_value, axis=-2), rtol=0, atol=1e-10)
    alone = rl.value_iteration(rl.MDP(mdp.transition[3, ...], mdp.reward[3, ...], 0.8), tol=1e-11)
    assert_close(alone.value, found["value iteration"].value[3, :], rtol=0, atol=1e-10)
    exact = rl.evaluate_policy(mdp, found["policy iteration"].policy)
    assert_close(exact, found["policy iteration"].value, rtol=0, atol=1e-10)


@pytest.mark.parametrize("plan", list(PLANNERS.values())[:3], ids=list(PLANNERS)[:3])
def test_the_bound_holds(plan):
    mdp = rl.engagement_chain(0.5)
    exact = rl.policy_iteration(mdp).value
    for tol in (10.0, 1.0, 1e-2, 1e-4):
        found = plan(mdp, tol=tol)
        assert np.abs(found.value - exact).max() <= found.bound <= tol


def test_too_few_sweeps_are_told():
    found = rl.value_iteration(rl.engagement_chain(0.5), max_sweeps=3)
    assert not found.converged
    assert found.sweeps == 3
    assert found.message.startswith("not converged: residual")


def test_single_precision_ends(xp):
    """Values that rounding keeps from the tolerance."""
    mdp = rl.engagement_chain(0.5, like=xp.asarray(0.0, dtype=xp.float32))
    found = rl.value_iteration(mdp, tol=1e-9)
    assert found.value.dtype == xp.float32
    assert int(values(found.sweeps)) < 200
    np.testing.assert_allclose(values(found.value), ENGAGED, rtol=4e-6)


def test_residuals_fall_by_the_discount():
    found = rl.value_iteration(rl.engagement_chain(0.5), record=True)
    falls = np.divide(found.history[1:], found.history[:-1])
    assert len(found.history) == found.sweeps
    assert falls.max() <= 0.75 + 1e-6  # Bellman's operator contracts


def test_tabular_processes_that_end():
    """Without discount: the number of steps to the end of a corridor."""
    n = 6
    step = np.eye(n, k=-1)
    step[0, 0] = 1
    stay = np.eye(n)
    mdp = rl.MDP(np.stack([stay, step]), -np.ones((2, n)), 1.0, np.arange(n) == 0)
    for plan in (
        rl.value_iteration,
        rl.gauss_seidel_value_iteration,
        rl.prioritized_value_iteration,
        rl.modified_policy_iteration,
    ):
        found = plan(mdp)
        np.testing.assert_allclose(found.value, -np.arange(n), atol=1e-6)
        assert found.converged
    with pytest.raises(ValueError, match="discount below 1"):
        rl.policy_iteration(mdp)
    with pytest.raises(ValueError, match="discount below 1"):
        rl.linear_program(mdp)


def test_the_dual_is_a_flow(xp64):
    """Occupancies satisfy the balance of flow, and earn the objective."""
    mdp = rl.engagement_chain(0.5, like=xp64.asarray(0.0, dtype=xp64.float64))
    found = rl.linear_program(mdp)
    x, table = values(found.occupancy), values(mdp.transition)
    np.testing.assert_allclose(x.sum(0), 1 + 0.75 * np.einsum("as,ast->t", x, table), rtol=1e-10)
    assert abs(float(values(found.gap))) < 1e-9
    np.testing.assert_allclose(float(values(found.objective)), sum(ENGAGED), atol=1e-5)


def test_policies_are_evaluated_by_sweeps_and_exactly(xp64):
    mdp = rl.engagement_chain(0.5, like=xp64.asarray(0.0, dtype=xp64.float64))
    policy = xp64.asarray([0, 1] * 5)
    mixed = xp64.full((2, 10), 0.5, dtype=xp64.float64)
    for p in (policy, mixed):
        assert_close(rl.evaluate_policy(mdp, p, tol=1e-10), rl.evaluate_policy(mdp, p), rtol=0, atol=1e-9)
    with pytest.raises(ValueError, match="`policy` must have shape"):
        rl.evaluate_policy(mdp, policy[:3])
    with pytest.raises(ValueError, match="integers of shape"):
        rl.evaluate_policy(mdp, mixed[:, :3])


def test_a_finite_horizon(xp64):
    """The last step takes what pays at once; many steps are as good as endless ones."""
    like = xp64.asarray(0.0, dtype=xp64.float64)
    mdp = rl.engagement_chain(0.5, like=like)
    found = rl.backward_induction(mdp, 80)
    assert found.value.shape == (81, 10)
    assert values(found.policy)[-1].tolist() == [0] * 10
    np.testing.assert_allclose(values(found.value)[0], ENGAGED, atol=1e-6)
    by_hand = xp64.max(mdp.action_value(found.value[1, :]), axis=-2)
    assert_close(found.value[0, :], by_hand)
    assert_equal(rl.backward_induction(mdp, 1, final=mdp.reward[0, :]).value[1, :], mdp.reward[0, :])
    with pytest.raises(ValueError, match="at least 1 step"):
        rl.backward_induction(mdp, 0)


def test_the_mean_reward(xp64):
    """The gain is what the policy's stationary distribution earns; a process in circles converges too."""
    like = xp64.asarray(0.0, dtype=xp64.float64)
    mdp = rl.engagement_chain(0.5, like=like)
    found = rl.relative_value_iteration(mdp, tol=1e-9)
    chain = np.asarray(values(mdp.transition))[values(found.policy), np.arange(10)]
    paid = values(mdp.reward)[values(found.policy), np.arange(10)]
    stationary = np.linalg.lstsq(np.vstack([chain.T - np.eye(10), np.ones(10)]), np.eye(11)[10], rcond=None)[
        0
    ]
    np.testing.assert_allclose(float(values(found.gain)), stationary @ paid, rtol=1e-8)
    assert values(found.converged)
    circle = rl.MDP(np.roll(np.eye(3), 1, axis=1)[None], np.asarray([[0.0, 3.0, 6.0]]), 0.5)
    np.testing.assert_allclose(rl.relative_value_iteration(circle).gain, 3.0, atol=1e-6)


def test_a_start_of_the_wrong_shape():
    with pytest.raises(ValueError, match=r"`initial` must have shape \(10,\), got \(3,\)"):
        rl.value_iteration(rl.engagement_chain(), initial=np.zeros(3))
    with pytest.raises(ValueError, match="`tol` must be positive"):
        rl.value_iteration(rl.engagement_chain(), tol=0.0)
