"""Trust regions with each way to minimize the model."""

import numpy as np
import pytest
import scipy.optimize
from asserts import values
from optim.functions import barrier, bowl, rosenbrock
from optim.problems import UNCONSTRAINED

import xdl
from xdl import optim
from xdl.optim import Status

METHODS = {
    "exact": optim.TrustRegion(),
    "steihaug": optim.TrustRegion(optim.Steihaug()),
    "dogleg": optim.TrustRegion(optim.Dogleg()),
}
# The modified factor keeps steps short along the curved valley, where the Hessian is indefinite.
LEFT_OUT = {("Powell badly scaled", "dogleg")}


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("name", UNCONSTRAINED)
def test_published_problems(name, kind):
    case = UNCONSTRAINED[name]
    if (name, kind) in LEFT_OUT:
        pytest.skip("more than 1000 iterations")
    found = optim.minimize(case.value, np.asarray(case.start), method=METHODS[kind])
    assert found.success, found.message
    assert np.abs(found.gradient).max() <= 1e-6


@pytest.mark.parametrize(
    ("kind", "theirs"), [("exact", "trust-exact"), ("steihaug", "trust-ncg"), ("dogleg", "dogleg")]
)
def test_no_more_evaluations_than_scipy(kind, theirs):
    """Geometric means over the published problems that both solve."""
    ratios = []
    for name, case in UNCONSTRAINED.items():
        x0, g, h = np.asarray(case.start), xdl.grad(case.value), xdl.hessian(case.value)
        try:
            with np.errstate(all="ignore"):
                reference = scipy.optimize.minimize(
                    lambda x: float(case.value(x)), x0, jac=g, hess=h, method=theirs,  # noqa: B023
                    options={"gtol": 1e-6, "maxiter": 300},
                )  # fmt: skip
        except (ValueError, np.linalg.LinAlgError):
            continue
        if np.abs(g(reference.x)).max() <= 1e-6 and (name, kind) not in LEFT_OUT:
            ours = optim.minimize(case.value, x0, method=METHODS[kind])
            ratios.append(
                [int(ours.evaluations) / reference.nfev, int(ours.iterations) / max(reference.nit, 1)]
            )
    assert len(ratios) >= 7
    assert (np.exp(np.mean(np.log(ratios), axis=0)) <= 1.0).all()


@pytest.mark.parametrize("kind", METHODS)
def test_a_batch_is_each_problem_alone(xp64, syncs, kind):
    x0 = np.random.default_rng(0).uniform(-2, 2, (4, 3))
    x0[1] = np.nan
    found = optim.minimize(rosenbrock, xp64.asarray(x0), method=METHODS[kind], batched=True)
    for k in (0, 2, 3):
        alone = optim.minimize(rosenbrock, x0[k], method=METHODS[kind])
        assert int(found.evaluations[k]) == int(alone.evaluations)
        assert int(found.products[k]) == int(alone.products)
        np.testing.assert_allclose(values(found.x)[k], alone.x, rtol=1e-6)
    assert values(found.status).tolist() == [0, Status.NOT_FINITE, 0, 0]


@pytest.mark.parametrize("kind", METHODS)
def test_values_never_rise_and_steps_stay_in_the_ball(kind):
    path = []
    optim.minimize(
        rosenbrock, np.asarray([-1.2, 1.0, 0.5]), method=METHODS[kind].replace(radius=0.1),
        callback=lambda state: path.append((state.x.copy(), float(state.value))),
    )  # fmt: skip
    xs, fs = (np.asarray(part) for part in zip(*path, strict=True))
    assert (np.diff(fs) <= 1e-14).all()
    lengths = np.linalg.norm(np.diff(xs, axis=0), axis=1)
    assert (lengths <= 0.1 * 2.0 ** np.arange(1, len(lengths) + 1) * 1.01).all()


@pytest.mark.parametrize("kind", METHODS)
def test_hard_starts(kind):
    """Hessians of NaN, steps beyond the domain, a function without a bound, and one variable."""
    method = METHODS[kind]
    nan = optim.minimize(
        lambda x: (x * x).sum(), np.ones(3), method=method, gradient=lambda x: 2 * x,
        hessian=lambda x: np.full((3, 3), np.nan), max_iterations=200,
    )  # fmt: skip
    assert nan.value < 1e-3
    found = optim.minimize(barrier, np.asarray([0.1, 5.0]), method=method)
    np.testing.assert_allclose(found.x, 1, rtol=1e-6)
    below = optim.minimize(lambda x: -xdl.array_namespace(x).sum(x**4), np.ones(2), method=method)
    assert below.status == Status.UNBOUNDED
    one = optim.minimize(bowl, np.asarray([3.0]), method=method)
    np.testing.assert_allclose(one.x, 1, rtol=1e-9)


def test_a_saddle_point_is_left_along_its_lowest_curvature():
    """The gradient has no part along it: the hard case."""

    def saddle(x):
        return x[0] ** 2 + x[1] ** 4 / 2 - x[1] ** 2

    found = optim.minimize(saddle, np.asarray([1.0, 0.0]), method=METHODS["exact"])
    np.testing.assert_allclose(np.abs(found.x), [0, 1], atol=1e-6)


def test_single_precision_stays(xp, syncs):
    found = optim.minimize(
        rosenbrock, xp.asarray([-1.2, 1.0], dtype=xp.float32), method=METHODS["exact"], gtol=1e-3
    )
    assert found.x.dtype == xp.float32
    assert found.success


def test_mistakes_are_told():
    with pytest.raises(ValueError, match="radius"):
        optim.TrustRegion(radius=0.0)
    with pytest.raises(ValueError, match="accept"):
        optim.TrustRegion(accept=0.3)
