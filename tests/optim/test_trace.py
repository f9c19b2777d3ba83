import numpy as np
import pytest
from asserts import values
from optim.functions import rosenbrock

from xdl import optim


def test_points_and_probes_of_a_run(xp64, syncs):
    """Each point is a probe, and the run with its record is that without."""
    x0 = xp64.asarray([-1.2, 1.0])
    r = optim.minimize(rosenbrock, x0, record=True, max_iterations=8)
    trace = r.trace
    assert len(trace) == 9 == len(trace.value) == len(trace.gradient_norm) == len(trace.seconds)
    assert len(trace.probes) == int(values(r.evaluations)) == trace.evaluations[-1]
    probed = [tuple(values(x)) for x, _ in trace.probes]
    places = [probed.index(tuple(values(x))) for x in trace.x]
    assert places[0] == 0
    assert places == sorted(places)
    assert [n - 1 for n in trace.evaluations] == places
    np.testing.assert_allclose([trace.probes[k][1] for k in places], trace.value)
    assert sorted(trace.seconds) == trace.seconds
    plain = optim.minimize(rosenbrock, x0, max_iterations=8)
    np.testing.assert_allclose(values(plain.x), values(trace.x[-1]), rtol=1e-8)
    assert plain.trace is None


@pytest.mark.xp_only("numpy", reason="batches run alike everywhere")
def test_a_batch(xp64):
    r = optim.minimize(rosenbrock, xp64.asarray([[-1.2, 1.0], [0.9, 0.8]]), batched=True, record=True)
    assert r.trace.x[0].shape == (2, 2)
    assert r.trace.value[-1].shape == (2,)
    assert len(r.trace.probes) == values(r.evaluations).max()
