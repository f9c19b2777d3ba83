import numpy as np
from asserts import values

import xdl
from xdl import optim


def test_the_points_are_those_of_repeated_substitution(xp64, syncs):
    g = lambda x: xdl.array_namespace(x).cos(x)
    r = optim.fixed_point(g, xp64.asarray([1.0], dtype=xp64.float64), method=optim.Picard(), record=True)
    assert r.success
    x = 1.0
    for point in r.trace.x:
        np.testing.assert_allclose(values(point)[0], x, rtol=1e-13)
        x = np.cos(x)


def test_damping_turns_an_oscillation_into_convergence():
    """x -> 3 - 2 x grows by factors of -2; a third of the way is Newton's step."""
    g, x0 = (lambda x: 3.0 - 2.0 * x), np.asarray([0.0])
    assert int(optim.fixed_point(g, x0, method=optim.Picard(1 / 3)).iterations) == 1
    wild = optim.fixed_point(g, x0, method=optim.Picard(), max_iterations=5000)
    assert wild.status == optim.Status.NO_PROGRESS
    assert np.isfinite(wild.x[0])
