import itertools

import numpy as np
import pytest
from asserts import assert_close, values
from optim.functions import rosenbrock
from optim.searches.lines import kink, parabola, run

import xdl
from xdl import optim


def test_the_line_of_figure_4_8(xp64, syncs):
    """Liquet, Moka & Nazarathy (2024), fig. 4.8; its minimum on a grid of 1e-5 is 0.28950581 at 0.00165."""
    x = xp64.asarray([0.8, 0.0], dtype=xp64.float64)
    value, grad = xdl.value_and_grad(rosenbrock)(x)
    assert_close(value, xp64.asarray(41.0, dtype=xp64.float64))
    assert_close(-grad, xp64.asarray([-204.4, 128.0], dtype=xp64.float64))
    r = optim.line_search(rosenbrock, x, -grad, search=optim.NewtonSearch(), step=1e-3)
    assert r.success
    np.testing.assert_allclose(values(r.step), 0.00165, atol=0.5e-5)
    at_grid = rosenbrock(x - 0.00165 * grad)
    np.testing.assert_allclose(values(at_grid), 0.28950581, atol=1e-8)
    np.testing.assert_allclose(values(x - 0.00165 * grad), [0.46274, 0.2112], atol=1e-5)
    assert 0 < values(at_grid) - values(r.value) < 1e-4
    dense = np.linspace(1e-3, 2e-3, 1001)
    assert values(r.value) <= min(float(rosenbrock(values(x) - a * values(grad))) for a in dense)


def test_consecutive_gradients_are_orthogonal():
    """Figure 4.9 of the book: the zig-zag of steepest descent with exact line searches."""
    method = optim.GradientDescent(search=optim.NewtonSearch())
    r = optim.minimize(rosenbrock, np.asarray([0.8, 0.0]), method=method, max_iterations=12, record=True)
    grads = [xdl.grad(rosenbrock)(x) for x in r.trace.x]
    assert len(grads) == 13
    for g, h in itertools.pairwise(grads):
        assert abs(g @ h) <= 1e-8 * np.linalg.norm(g) ** 2


@pytest.mark.parametrize("step", [1e-3, 1.0, 1e3])
def test_a_parabola_takes_two_probes(step):
    """And as many as it takes to come within ten times of it."""
    probe, steps = run(optim.NewtonSearch(), parabola, step)
    assert abs(probe.step - 1) < 1e-8
    assert len([s for s in steps if s >= 0.1]) <= 2


def test_at_a_kink_the_interval_shrinks():
    probe, _ = run(optim.NewtonSearch(), kink, 0.3)
    assert probe.done
    assert abs(probe.step - 1) < 1e-6


def test_an_interval_that_does_not_shrink_is_halved():
    """The slope is -1 up to 1, then rises at once: a chord from afar falls short again and again."""
    phi = lambda a: (-a + 0.5 * max(a - 1, 0) ** 2 * 1e6, -1 + max(a - 1, 0) * 1e6)
    probe, steps = run(optim.NewtonSearch(), phi, 1e4)
    assert probe.done
    assert abs(probe.step - 1 - 1e-6) < 1e-9
    assert len(steps) < optim.NewtonSearch.max_probes


def test_a_tolerance_of_zero_is_refused():
    with pytest.raises(ValueError, match="`tolerance` must be positive"):
        optim.NewtonSearch(0.0)
