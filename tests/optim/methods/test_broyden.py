import numpy as np
from asserts import assert_close, assert_equal, values
from optim.problems import SQUARES

import xdl
from xdl import optim

METHOD = optim.Broyden()


def test_the_update_is_broydens(xp64, syncs):
    """B1 = B0 + (y - B0 s) s' / s's of the paper, by the second trial point; the first is Newton's."""
    f = SQUARES["Helical valley"].residuals
    x0 = np.asarray([0.9, 0.1, 0.1])
    r = optim.root(f, xp64.asarray(x0), method=METHOD, record=True)
    assert r.success
    probes = [values(x) for x, _ in r.trace.probes]
    J, f0 = xdl.jacobian(f)(x0), f(x0)
    s = -np.linalg.solve(J, f0)
    points = [probe for probe in probes if not np.array_equal(probe, x0)]
    np.testing.assert_allclose(points[0], x0 + s, rtol=1e-10)
    f1 = f(x0 + s)
    assert np.linalg.norm(f1) < np.linalg.norm(f0)
    J = J + np.outer(f1 - f0 - J @ s, s) / (s @ s)
    np.testing.assert_allclose(points[1], x0 + s - np.linalg.solve(J, f1), rtol=1e-9, atol=1e-12)


def test_one_unknown_is_the_secant_method():
    r = optim.root(lambda x: x**3 - 2 * x - 5, np.asarray([2.0]), method=METHOD, record=True)
    x = [float(p[0]) for p in r.trace.x]
    f = lambda x: x**3 - 2 * x - 5
    for a, b, c in zip(x, x[1:], x[2:], strict=False):
        np.testing.assert_allclose(c, b - f(b) * (b - a) / (f(b) - f(a)), rtol=1e-12)


def test_a_batch_is_each_problem_alone(xp64, syncs):
    """Also where one of them needs its Jacobian again, and one starts from nowhere."""
    f = SQUARES["Helical valley"].residuals
    x0 = np.asarray([[-1.0, 0.1, 0.3], [0.9, 0.1, 0.1], [np.nan, 0.0, 0.0], [-10.0, 0.5, 3.0]])
    r = optim.root(f, xp64.asarray(x0), method=METHOD, batched=True)
    assert values(r.status)[2] == optim.Status.NOT_FINITE
    for k in (0, 1, 3):
        alone = optim.root(f, xp64.asarray(x0[k]), method=METHOD)
        assert_close(r.x[k, :], alone.x, rtol=1e-7, atol=1e-8)
        assert_equal([r.evaluations[k], r.status[k]], [alone.evaluations, alone.status])


def test_no_zero_at_all_ends():
    r = optim.root(lambda x: x * x + 1.0, np.asarray([2.0]), method=METHOD)
    assert r.status == optim.Status.NO_PROGRESS
    assert np.isfinite(r.x[0])
