"""Newton's method without a matrix."""

import numpy as np
import pytest
from asserts import values
from optim.functions import bowl, rosenbrock
from optim.problems import UNCONSTRAINED

import xdl
from xdl import optim
from xdl.optim import Status

LEFT_OUT = {
    "Gulf research and development": "SciPy's Newton-CG does not end there either, in 1000 iterations"
}


@pytest.mark.parametrize("name", [name for name in UNCONSTRAINED if name not in LEFT_OUT])
def test_published_problems(name):
    case = UNCONSTRAINED[name]
    found = optim.minimize(case.value, np.asarray(case.start), method=optim.NewtonCG())
    assert found.success, found.message
    assert np.abs(found.gradient).max() <= 1e-6


def test_a_quadratic_takes_as_many_products_as_it_has_curvatures():
    found = optim.minimize(bowl, np.zeros(6), method=optim.NewtonCG(forcing=1e-12))
    assert found.iterations == 1
    assert found.products <= 6 + 1


def test_a_batch_is_each_problem_alone(xp64, syncs):
    x0 = np.random.default_rng(0).uniform(-2, 2, (4, 3))
    x0[1] = np.nan
    found = optim.minimize(rosenbrock, xp64.asarray(x0), method=optim.NewtonCG(), batched=True)
    for k in (0, 2, 3):
        alone = optim.minimize(rosenbrock, x0[k], method=optim.NewtonCG())
        assert int(found.evaluations[k]) == int(alone.evaluations)
        assert int(found.products[k]) == int(alone.products)
        np.testing.assert_allclose(values(found.x)[k], alone.x, rtol=1e-6)
    assert values(found.status).tolist() == [0, Status.NOT_FINITE, 0, 0]


def test_negative_curvature_is_followed():
    """At the start the only direction is one of negative curvature."""
    found = optim.minimize(
        lambda x: xdl.array_namespace(x).sum(xdl.array_namespace(x).cos(x)),
        np.full(4, 0.1),
        method=optim.NewtonCG(),
    )
    assert found.success
    np.testing.assert_allclose(found.value, -4, rtol=1e-12)


def test_many_parameters_without_a_matrix():
    """A matrix of 4000 x 4000 would take 128 MB, and 4000 products."""
    found = optim.minimize(rosenbrock, np.full(4000, 0.8), method=optim.NewtonCG())
    assert found.success
    assert found.products < 400


def test_the_systems_are_solved_better_as_the_gradient_falls():
    """Convergence faster than linear (Eisenstat & Walker, 1996): the exponent of the gradient's decrease grows."""
    scale = np.arange(1.0, 31.0)

    def f(x):
        xp = xdl.array_namespace(x)
        return xp.sum(scale * (xp.exp(x) - x), axis=-1)

    found = optim.minimize(f, np.ones(30), method=optim.NewtonCG(), gtol=1e-10, record=True)
    norms = np.asarray(found.trace.gradient_norm)
    assert found.success
    assert norms[-1] < 1e-3 * norms[-2] < 1e-4 * norms[-3]
