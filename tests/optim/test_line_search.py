import numpy as np
import pytest
from asserts import assert_close, values
from optim.functions import bowl, cliff, rosenbrock

import xdl
from xdl import optim
from xdl.optim import Status


def test_every_probe_is_recorded(xp64, syncs):
    x = xp64.asarray([-1.2, 1.0], dtype=xp64.float64)
    p = xp64.asarray([1.0, -1.0], dtype=xp64.float64)
    r = optim.line_search(rosenbrock, x, p, search=optim.StrongWolfe(1e-4, 0.01), step=1e-3)
    assert r.success
    count = int(r.evaluations)
    assert r.steps.shape == r.values.shape == r.slopes.shape == (count,)
    steps = values(r.steps)
    assert steps[0] == 0
    assert steps[-1] == values(r.step)
    for k in range(count):
        value, grad = xdl.value_and_grad(rosenbrock)(x + float(steps[k]) * p)
        np.testing.assert_allclose(values(r.values)[k], values(value), rtol=1e-12)
        np.testing.assert_allclose(values(r.slopes)[k], values(grad) @ values(p), rtol=1e-10)
    assert_close(r.x, x + float(steps[-1]) * p)
    assert_close(r.value, rosenbrock(r.x))
    assert_close(r.gradient, xdl.grad(rosenbrock)(r.x), rtol=1e-10)


def test_trees_arguments_and_a_gradient_by_hand():
    f = lambda p, a: (p["a"] - a) ** 2 + xdl.array_namespace(p["b"]).sum(p["b"] ** 2)
    slope = lambda p, a: {"a": 2 * (p["a"] - a), "b": 2 * p["b"]}
    x = {"a": np.asarray(1.0), "b": np.asarray([1.0, -2.0])}
    p, a = xdl.tree.map(lambda v: -v, slope(x, 4.0)), np.asarray(4.0)
    search = optim.NewtonSearch()
    plain = optim.line_search(f, x, p, (a,), search=search)
    by_hand = optim.line_search(f, x, p, (a,), search=search, gradient=slope)
    both = optim.line_search(lambda x, a: (f(x, a), slope(x, a)), x, p, (a,), search=search, gradient=True)
    assert_close(plain.x, {"a": np.asarray(4.0), "b": np.zeros(2)}, rtol=1e-9, atol=1e-9)
    assert_close([by_hand.x, both.x], [plain.x, plain.x])


def test_the_same_step_as_scipy():
    """Both are translations of MINPACK-2's search."""
    so = pytest.importorskip("scipy.optimize._linesearch")
    slope = xdl.grad(rosenbrock)
    for k in range(20):
        x = np.random.default_rng(k).uniform(-2, 2, 5)
        p = -slope(x)
        theirs = so.line_search_wolfe1(rosenbrock, slope, x, p, slope(x), c1=1e-4, c2=0.4)
        r = optim.line_search(rosenbrock, x, p, search=optim.MoreThuente(1e-4, 0.4))
        assert r.success
        if theirs[0] is not None:
            np.testing.assert_allclose(r.step, theirs[0], rtol=1e-9)
            assert int(r.evaluations) == theirs[1]


def test_single_precision_stays_single(xp, syncs):
    x, p = xp.asarray([3.0, -1.0], dtype=xp.float32), xp.asarray([-1.0, 1.0], dtype=xp.float32)
    r = optim.line_search(bowl, x, p)
    assert r.success
    found = [r.step, r.x, r.value, r.gradient, r.steps, r.values, r.slopes]
    assert all(a.dtype == xp.float32 for a in found)
    assert r.status.dtype == r.evaluations.dtype == xp.int32


class TestNoStep:
    def test_uphill(self):
        x = np.asarray([3.0, -1.0])
        r = optim.line_search(bowl, x, xdl.grad(bowl)(x))
        assert not r.success
        assert int(r.status) == Status.NO_PROGRESS
        assert "does the direction descend?" in r.message
        np.testing.assert_array_equal(r.x, x)
        assert float(r.step) == 0
        assert int(r.evaluations) == 1

    def test_at_the_minimum(self):
        r = optim.line_search(bowl, np.ones(2), np.ones(2))
        assert r.success
        assert float(r.step) == 0

    def test_the_start_is_not_finite(self):
        r = optim.line_search(cliff, np.asarray([3.0]), np.asarray([1.0]))
        assert int(r.status) == Status.NOT_FINITE

    def test_a_message_counts_the_problems_of_a_batch(self):
        x = np.asarray([[0.0], [3.0], [1.5], [1.0]])
        r = optim.line_search(cliff, x, np.ones((4, 1)), batched=True, step=10.0)
        assert list(r.success) == [True, False, True, True]
        assert r.message.startswith("3 a step was found")
        assert "1 not started" in r.message
        assert (r.x < 2).all() or float(r.x[1, 0]) == 3


class TestRefused:
    x = np.asarray([1.0, 2.0])

    def test_a_class_for_a_search(self):
        with pytest.raises(TypeError, match="`search` must be a line search such as"):
            optim.line_search(bowl, self.x, self.x, search=optim.Brent)

    @pytest.mark.parametrize("step", [0.0, -1.0, float("nan")])
    def test_a_step_that_is_not_positive(self, step):
        with pytest.raises(ValueError, match="`step` must be positive"):
            optim.line_search(bowl, self.x, self.x, step=step)

    @pytest.mark.parametrize("p", [np.ones(3), np.ones(2, dtype=np.float32), {"a": np.ones(2)}, 1.0])
    def test_a_direction_of_another_kind(self, p):
        with pytest.raises(ValueError, match="`p` must be a tree of arrays of the shapes and dtypes"):
            optim.line_search(bowl, self.x, p)

    def test_a_function_that_returns_no_number(self):
        with pytest.raises(ValueError, match="must return a 0-d array"):
            optim.line_search(lambda x: x, self.x, self.x)
