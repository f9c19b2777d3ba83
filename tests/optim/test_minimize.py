import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from optim.functions import barrier, bowl, cliff, rosenbrock

import xdl
from xdl import optim
from xdl.optim import Status

METHODS = [optim.BFGS(), optim.GradientDescent(), optim.Adam(0.1)]


def test_a_tree_of_leaves_of_all_shapes(xp64, syncs):
    def f(p):
        xp = xdl.array_namespace(p["w"])
        return xp.sum((p["w"] - 2) ** 2) + (p["b"][0] + 1) ** 2 + xp.sum(p["b"][1])

    x0 = {"w": xp64.zeros((2, 3)), "b": (xp64.asarray(4.0), xp64.zeros((0,)))}
    r = optim.minimize(f, x0)
    assert r.success
    assert r.status.shape == ()
    assert r.value.shape == ()
    assert_close(
        r.x, {"w": xp64.full((2, 3), 2.0), "b": (xp64.asarray(-1.0), xp64.zeros((0,)))}, rtol=0, atol=1e-6
    )
    assert xdl.tree.structure(r.gradient) == xdl.tree.structure(x0)


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_single_precision_stays_single(xp, syncs, method):
    r = optim.minimize(bowl, xp.asarray([3.0, -1.0], dtype=xp.float32), method=method, gtol=1e-3)
    assert r.success, r.message
    assert r.x.dtype == r.value.dtype == r.gradient.dtype == xp.float32
    np.testing.assert_allclose(values(r.x), 1.0, atol=1e-3)


def test_arguments_and_gradients_given(xp64, syncs):
    a, x0 = xp64.asarray([2.0, -3.0]), xp64.asarray([0.5, 0.5])
    f = lambda x, a: xdl.array_namespace(x).sum((x - a) ** 4)
    slope = lambda x, a: 4 * (x - a) ** 3
    plain = optim.minimize(f, x0, (a,))
    by_hand = optim.minimize(f, x0, (a,), gradient=slope)
    both = optim.minimize(lambda x, a: (f(x, a), slope(x, a)), x0, (a,), gradient=True)
    assert plain.success
    assert_close([by_hand.x, both.x, by_hand.iterations], [plain.x, plain.x, plain.iterations])


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_a_batch_is_each_problem_alone(xp64, syncs, method):
    """Also one that starts at its solution, and one that has none; neither touches the others."""
    x0 = np.random.default_rng(0).uniform(0.2, 1.9, (6, 3))
    x0[1], x0[2, 1], x0[4, 0] = 1.5, np.nan, 3.0
    r = optim.minimize(cliff, xp64.asarray(x0), batched=True, method=method, max_iterations=40)
    expected = {1: Status.CONVERGED, 2: Status.NOT_FINITE, 4: Status.NOT_FINITE}
    status = values(r.status)
    assert {k: status[k] for k in expected} == expected
    assert values(r.iterations)[1] == 0
    for k in (0, 3, 5):
        alone = optim.minimize(cliff, xp64.asarray(x0[k]), method=method, max_iterations=40)
        assert_close(r.x[k, :], alone.x, rtol=1e-9, atol=1e-9)
        assert_equal(
            [r.iterations[k], r.evaluations[k], r.status[k]],
            [alone.iterations, alone.evaluations, alone.status],
        )
    assert f"2 {Status.NOT_FINITE.message}" in r.message
    assert_equal(r.success, xp64.asarray([bool(s == 0) for s in status]))


def test_a_batch_of_trees(xp64, syncs):
    f = lambda p: bowl(p["a"]) + p["b"] ** 2
    x0 = {"a": xp64.asarray([[3.0, 0.0], [1.0, 1.0]]), "b": xp64.asarray([2.0, 0.0])}
    r = optim.minimize(f, x0, batched=True)
    assert_close(r.x, {"a": xp64.ones((2, 2)), "b": xp64.zeros((2,))}, rtol=0, atol=1e-6)
    assert values(r.iterations)[1] == 0


class TestBadInput:
    def test_the_start_is_the_solution(self, xp, syncs):
        r = optim.minimize(bowl, xp.ones((3,), dtype=xp.float32))
        assert r.success
        assert int(values(r.iterations)) == 0
        assert int(values(r.evaluations)) == 1

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_the_start_is_not_finite(self, xp, syncs, bad):
        x0 = xp.asarray([1.0, bad], dtype=xp.float32)
        r = optim.minimize(bowl, x0)
        assert not r.success
        assert int(values(r.status)) == Status.NOT_FINITE
        assert_equal(r.x, x0)

    @pytest.mark.parametrize("method", METHODS[:2], ids=str)
    def test_regions_without_values_are_stepped_back_from(self, xp64, syncs, method):
        r = optim.minimize(barrier, xp64.asarray([1e-3, 30.0], dtype=xp64.float64), method=method)
        assert r.success, r.message
        np.testing.assert_allclose(values(r.x), 1.0, atol=1e-5)

    def test_a_value_without_bound(self, xp64, syncs):
        r = optim.minimize(lambda x: -xdl.array_namespace(x).sum(x * x), xp64.asarray([1.0, 2.0]))
        assert not r.success
        assert np.all(np.isfinite(values(r.x)))
        assert int(values(r.status)) in (Status.UNBOUNDED, Status.NO_PROGRESS, Status.MAX_ITERATIONS)

    def test_no_parameters(self, xp, syncs):
        r = optim.minimize(lambda x: xdl.array_namespace(x).sum(x) + 1, xp.zeros((0,), dtype=xp.float32))
        assert r.success
        assert r.x.shape == (0,)
        with pytest.raises(ValueError, match="at least one array"):
            optim.minimize(lambda x: 0.0, {})

    def test_parameters_that_cannot_move(self, xp):
        with pytest.raises(TypeError, match="real floating-point dtype"):
            optim.minimize(bowl, xp.asarray([1, 2]))
        with pytest.raises(TypeError, match="must be an array, got 3.0"):
            optim.minimize(bowl, {"a": 3.0})
        with pytest.raises(TypeError, match="real and imaginary parts apart"):
            optim.minimize(bowl, xp.asarray([1.0 + 1j], dtype=xp.complex64))
        with pytest.raises(TypeError, match="one dtype"):
            optim.minimize(
                bowl,
                [
                    xp.zeros((1,), dtype=xp.float32),
                    xp.zeros((1,), dtype=xp.float16 if hasattr(xp, "float16") else xp.float64),
                ],
            )

    def test_a_function_that_is_no_number(self, xp):
        x = xp.ones((3,), dtype=xp.float32)
        with pytest.raises(ValueError, match=r"a 0-d array, got an array of shape \(3,\)"):
            optim.minimize(lambda x: x * x, x)
        with pytest.raises(
            ValueError, match=r"one number for each problem, shape \(3,\), got an array of shape \(\)"
        ):
            optim.minimize(lambda x: xdl.array_namespace(x).sum(x * x), x[:, None], batched=True)

    def test_a_method_that_is_none(self):
        x = np.ones(2)
        with pytest.raises(TypeError, match="call it"):
            optim.minimize(bowl, x, method=optim.BFGS)
        with pytest.raises(TypeError, match="for example optim.BFGS"):
            optim.minimize(bowl, x, method="BFGS")


def test_bounds_on_counts(xp64, syncs):
    x0 = xp64.asarray([-1.2, 1.0])
    r = optim.minimize(rosenbrock, x0, max_iterations=3)
    assert int(values(r.iterations)) == 3
    assert r.message == Status.MAX_ITERATIONS.message
    r = optim.minimize(rosenbrock, x0, max_evaluations=5)
    assert int(values(r.evaluations)) == 5
    assert r.message == Status.MAX_EVALUATIONS.message
    r = optim.minimize(rosenbrock, x0, max_iterations=0)
    assert_equal(r.x, x0)
    assert r.message == Status.MAX_ITERATIONS.message


def test_small_steps_and_small_changes_end(xp64, syncs):
    x0 = xp64.asarray([-1.2, 1.0])
    r = optim.minimize(rosenbrock, x0, method=optim.Adam(1e-3), xtol=1e-1)
    assert r.success
    assert int(values(r.status)) == Status.SMALL_STEP
    r = optim.minimize(rosenbrock, x0, ftol=1e-1, gtol=0.0)
    assert r.success
    assert int(values(r.status)) == Status.SMALL_CHANGE


def test_the_callback_sees_each_step_and_can_end_the_run(xp64, syncs):
    seen = []

    def look(result):
        seen.append(float(values(result.value)))
        return len(seen) == 4

    r = optim.minimize(rosenbrock, xp64.asarray([-1.2, 1.0]), callback=look)
    assert r.message == Status.STOPPED.message
    assert int(values(r.iterations)) == 4
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == float(values(r.value))


@pytest.mark.parametrize("batched", [False, True])
def test_progress_is_shown(capfd, batched):
    x0 = np.asarray([[-1.2, 1.0]]) if batched else np.asarray([-1.2, 1.0])
    optim.minimize(rosenbrock, x0, batched=batched, progress=True)
    shown = capfd.readouterr().err
    assert ("1/1" in shown) if batched else ("steps" in shown and "value" in shown)


def test_the_default_method_is_chosen_by_the_number_of_parameters():
    """A matrix of 201 rows would be kept, and changed in every step."""
    from xdl.optim._minimize import default_method

    assert default_method(np.zeros(200), False) == optim.BFGS()
    assert default_method([np.zeros((5, 200)), np.zeros((5, 1))], True) == optim.LBFGS()
    assert optim.minimize(rosenbrock, np.full(300, 0.5)).success
