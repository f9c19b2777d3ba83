"""Update rules as methods: the same steps as by hand, for one problem or many."""

import numpy as np
import pytest
from asserts import assert_close, values
from optim.functions import bowl

import xdl
from xdl import optim
from xdl.optim import Status

pytestmark = pytest.mark.usefixtures("syncs")

RULES = [optim.SGD(0.05), optim.Momentum(0.05, decay=0.5), optim.Adam(0.1)]


@pytest.mark.parametrize("rule", RULES)
def test_steps_are_those_of_the_rule(xp, rule):
    x0 = xp.asarray([2.0, -1.0, 0.5], dtype=xp.float32)
    r = optim.minimize(bowl, x0, method=rule, max_iterations=7, gtol=0.0)
    x, state = x0, optim.init(rule, x0)
    for _ in range(7):
        x, state = optim.update(rule, x, xdl.grad(bowl)(x), state)
    assert_close(r.x, x, rtol=1e-5, atol=1e-5)
    assert int(values(r.status)) == Status.MAX_ITERATIONS
    assert (int(values(r.iterations)), int(values(r.evaluations))) == (7, 8)


@pytest.mark.xp_skip("jax", reason="compiled one by one: the batch of the other libraries is the same code")
@pytest.mark.parametrize("rule", RULES)
def test_a_batch_is_each_problem_alone(xp, rule):
    x0 = xp.asarray([[2.0, -1.0], [1.0, 1.0], [1.5, 0.5]], dtype=xp.float32)
    r = optim.minimize(bowl, x0, method=rule, batched=True, gtol=1e-2, max_iterations=200)
    for k in range(3):
        alone = optim.minimize(bowl, x0[k, :], method=rule, gtol=1e-2, max_iterations=200)
        assert_close(r.x[k, :], alone.x, rtol=1e-4, atol=1e-5)
        assert values(r.iterations)[k] == int(values(alone.iterations))
    assert values(r.iterations)[1] == 0


def test_a_rule_that_looks_at_all_parameters_would_mix_problems(xp):
    rule = optim.chain(optim.clip_by_norm(1.0), optim.SGD(0.1))
    x0 = xp.ones((3, 2), dtype=xp.float32)
    with pytest.raises(ValueError, match="would mix the problems of a batch"):
        optim.minimize(bowl, x0, method=rule, batched=True)
    x0 = xp.asarray([3.0, 2.0], dtype=xp.float32)
    assert optim.minimize(bowl, x0, method=rule, gtol=1e-2).success


@pytest.mark.parametrize("batched", [False, True])
def test_a_step_to_nowhere_ends_at_the_point_before(xp, batched):
    """A rate that is too long doubles the error in every step, to infinity."""
    x0 = xp.asarray([[3.0, 2.0], [1.0, 1.0]], dtype=xp.float32)
    x0 = x0 if batched else x0[0, :]
    r = optim.minimize(bowl, x0, method=optim.SGD(10.0), batched=batched)
    statuses = np.ravel(values(r.status)).tolist()
    assert statuses == [Status.NOT_FINITE, Status.CONVERGED][: len(statuses)]
    assert np.all(np.isfinite(values(r.x)))
    assert np.all(np.isfinite(values(r.value)))
