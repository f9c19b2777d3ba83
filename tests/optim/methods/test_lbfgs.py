import numpy as np
import pytest
import scipy.optimize
from asserts import assert_close, assert_equal, values
from optim.functions import barrier, bowl, rosenbrock
from optim.problems import SQUARES, UNCONSTRAINED

import xdl
from xdl import optim
from xdl.optim import Status
from xdl.optim._flat import Flat
from xdl.optim._problem import Problem
from xdl.optim._scalars import OfArrays, OfFloats


def two_loops(pairs, grad):
    """Nocedal & Wright (2006), algorithm 7.4, with (7.20)."""
    q, alphas = grad, []
    for s, y in reversed(pairs):
        alphas.append((s @ q) / (s @ y))
        q = q - alphas[-1] * y
    r = q * (pairs[-1][0] @ pairs[-1][1]) / (pairs[-1][1] @ pairs[-1][1]) if pairs else q
    for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
        r = r + s * (alpha - (y @ r) / (s @ y))
    return -r


@pytest.mark.parametrize("memory", [1, 3, 20])
def test_the_direction_is_that_of_the_two_loops(memory):
    """Also when old pairs have been written over several times."""
    x = np.random.default_rng(0).uniform(-2, 2, 8)
    problem = Problem(rosenbrock, Flat(x), (), OfFloats(x, xdl.array_namespace(x)))
    method, pairs = optim.LBFGS(memory=memory), []
    state = method.init(problem, x)
    for _ in range(40):
        after = method.step(problem, state)
        if after.iterations > state.iterations:
            pairs = [*pairs, (after.x - state.x, after.grad - state.grad)][-memory:]
            np.testing.assert_allclose(after.memory.p, two_loops(pairs, after.grad), rtol=1e-6, atol=1e-9)
        state = after
    assert state.iterations > 25


def test_in_a_batch_too(xp64, syncs):
    """Every problem has its own pairs, whose slots do not go round together."""
    memory, starts = 3, np.random.default_rng(1).uniform(-2, 2, (4, 6))
    x = xp64.asarray(starts)
    scalars = OfArrays(x, xdl.array_namespace(x))
    problem = Problem(rosenbrock, Flat(x, batched=True), (), scalars)
    method, pairs = optim.LBFGS(memory=memory), [[] for _ in starts]
    state = method.init(problem, x)
    seen = [(values(state.x), values(state.grad))] * len(starts)
    for _ in range(12):
        state = method.step(problem, state)
        x, grad, p, count = (values(a) for a in (state.x, state.grad, state.memory.p, state.iterations))
        for k, (old_x, old_grad) in enumerate(seen):
            if count[k] > len(pairs[k]):
                pairs[k].append((x[k] - old_x[k], grad[k] - old_grad[k]))
                np.testing.assert_allclose(p[k], two_loops(pairs[k][-memory:], grad[k]), rtol=1e-6, atol=1e-9)
                seen[k] = (x, grad)
    assert len({len(found) for found in pairs}) > 1


def test_a_batch_is_each_problem_alone(xp64, syncs):
    x0 = np.random.default_rng(2).uniform(-2, 2, (5, 4))
    x0[1], x0[3, 0] = 1.0, np.nan
    run = lambda x, **options: optim.minimize(rosenbrock, x, method=optim.LBFGS(memory=4), **options)
    r = run(xp64.asarray(x0), batched=True)
    assert list(values(r.status)) == [0, 0, 0, int(Status.NOT_FINITE), 0]
    assert values(r.iterations)[1] == 0
    for k in (0, 2, 4):
        alone = run(xp64.asarray(x0[k]))
        assert_close(r.x[k, :], alone.x, rtol=1e-5, atol=1e-5)
        assert_equal(alone.status, r.status[k])


def test_a_quadratic_of_few_curvatures_takes_few_steps():
    """With as many pairs as steps it is a method of conjugate directions."""
    scale = np.repeat([1.0, 10.0, 100.0], 30)
    r = optim.minimize(lambda x: xdl.array_namespace(x).sum(scale * x * x), np.ones(90), method=optim.LBFGS())
    assert r.success
    assert int(r.iterations) <= 12


def test_the_problems_of_more_garbow_and_hillstrom():
    """All are solved, with as many evaluations as SciPy's L-BFGS-B takes on those it solves, near each start."""
    logs = []
    for name in UNCONSTRAINED:
        case, rng, ratios = SQUARES[name], np.random.default_rng(0), []
        both = xdl.value_and_grad(case.value)
        for k in range(3):
            x0 = np.asarray(case.start) * (1 + 0.02 * (k > 0) * rng.standard_normal(case.n))
            ours = optim.minimize(both, x0, gradient=True, method=optim.LBFGS(), max_iterations=2000)
            assert ours.success, (name, ours.message)
            theirs = scipy.optimize.minimize(
                both, x0, jac=True, method="L-BFGS-B", options={"gtol": 1e-6, "ftol": 0.0, "maxfun": 10_000}
            )
            if np.abs(theirs.jac).max() <= 1e-6:
                ratios.append(np.log(int(ours.evaluations) / theirs.nfev))
        if ratios:
            logs.append(np.mean(ratios))
    assert len(logs) >= 16
    assert np.exp(np.mean(logs)) <= 1.02


class TestBadInput:
    def test_the_memory_must_be_positive(self):
        for wrong in (0, -1, 2.5, optim.MoreThuente()):
            with pytest.raises(ValueError, match="`memory` must be a positive integer"):
                optim.LBFGS(memory=wrong)
        with pytest.raises(TypeError, match="`search` must be a line search, got 20"):
            optim.LBFGS(20)

    @pytest.mark.xp_skip("jax", reason="a program would be compiled for each")
    def test_start_at_the_solution(self, xp, syncs):
        r = optim.minimize(bowl, xp.ones((3,), dtype=xp.float32), method=optim.LBFGS())
        assert r.success
        assert int(r.iterations) == 0

    @pytest.mark.xp_skip("jax", reason="a program would be compiled for each")
    def test_one_parameter_and_none(self, xp64, syncs):
        assert optim.minimize(bowl, xp64.asarray([4.0]), method=optim.LBFGS()).success
        assert optim.minimize(bowl, xp64.zeros((0,)), method=optim.LBFGS()).success
        r = optim.minimize(bowl, xp64.zeros((2, 0)), method=optim.LBFGS(), batched=True)
        assert list(values(r.status)) == [0, 0]

    def test_a_flat_function_and_one_without_a_minimum(self):
        flat = lambda x: 0.0 * xdl.array_namespace(x).sum(x) + 3.0
        assert optim.minimize(flat, np.ones(2), method=optim.LBFGS()).success
        fall = lambda x: -xdl.array_namespace(x).sum(x * x)
        r = optim.minimize(fall, np.ones(2), method=optim.LBFGS())
        assert int(r.status) == Status.UNBOUNDED
        assert np.isfinite(r.value)

    def test_a_domain_with_an_end(self, xp64, syncs):
        r = optim.minimize(barrier, xp64.asarray([1e-3, 30.0]), method=optim.LBFGS())
        assert r.success
        assert_close(r.x, xp64.ones((2,)), rtol=0, atol=1e-6)

    def test_single_precision_says_when_it_can_do_no_better(self):
        x0 = np.asarray([-1.2, 1.0, -0.5, 0.8], dtype=np.float32)
        r = optim.minimize(rosenbrock, x0, method=optim.LBFGS(), gtol=1e-9)
        assert r.x.dtype == np.float32
        assert int(r.status) == Status.NO_PROGRESS or np.abs(r.gradient).max() <= 1e-9
        np.testing.assert_allclose(r.x, 1.0, atol=5e-3)
