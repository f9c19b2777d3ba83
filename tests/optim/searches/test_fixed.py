import numpy as np
import pytest
from asserts import assert_close
from optim.functions import bowl, cliff

import xdl
from xdl import optim
from xdl.optim import Status


def test_gradient_descent_with_a_learning_rate(xp64, syncs):
    """θ ← θ - α ∇C(θ), one evaluation for each step."""
    x = x0 = xp64.asarray([3.0, -1.0], dtype=xp64.float64)
    method = optim.GradientDescent(search=optim.Fixed(0.05))
    r = optim.minimize(bowl, x0, method=method, max_iterations=7)
    for _ in range(7):
        x = x - 0.05 * xdl.grad(bowl)(x)
    assert_close(r.x, x)
    assert (int(r.iterations), int(r.evaluations)) == (7, 8)
    assert int(r.status) == Status.MAX_ITERATIONS


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ({"gtol": 1e-5}, Status.CONVERGED),
        ({"xtol": 1e-4, "gtol": 0.0}, Status.SMALL_STEP),
        ({"ftol": 1e-6, "gtol": 0.0}, Status.SMALL_CHANGE),
        ({"max_iterations": 5}, Status.MAX_ITERATIONS),
    ],
)
def test_termination_rules(rule, status):
    """Those of section 4.1 of Liquet, Moka & Nazarathy (2024)."""
    method = optim.GradientDescent(search=optim.Fixed(0.1))
    r = optim.minimize(bowl, np.asarray([3.0, -1.0]), method=method, **rule)
    assert int(r.status) == status


def test_a_step_that_is_too_long_diverges_and_says_so():
    method = optim.GradientDescent(search=optim.Fixed(10.0))
    r = optim.minimize(bowl, np.asarray([3.0, -1.0]), method=method)
    assert not r.success
    assert np.isfinite(r.x).all()


def test_a_value_that_is_not_finite_ends_at_the_point_before():
    method = optim.GradientDescent(search=optim.Fixed(10.0))
    r = optim.minimize(cliff, np.asarray([0.5]), method=method)
    assert int(r.status) == Status.NO_PROGRESS
    np.testing.assert_array_equal(r.x, [0.5])


def test_a_length_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="`length` must be positive, got 0"):
        optim.Fixed(0)
