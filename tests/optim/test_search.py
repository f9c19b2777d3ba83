"""Searches of the user's own: what a search must define is enough for every method of descent."""

from typing import Any

import numpy as np
import pytest
from asserts import values
from optim.functions import rosenbrock

from xdl import optim
from xdl.optim._search import LineSearch, Probe

pytestmark = pytest.mark.usefixtures("syncs")


class Halving(LineSearch):
    """Half the step until the value decreases."""

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        no = value != value
        return Probe(step, no, no, xs.integer(0), memory=value)

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        done = value < probe.memory
        count = probe.count + 1
        failed = xs.negate(done) & (count >= self.max_probes)
        return Probe(xs.where(done, probe.step, 0.5 * probe.step), done, failed, count, probe.memory)


@pytest.mark.parametrize("batched", [False, True])
def test_a_search_of_ones_own(xp64, batched):
    x0 = xp64.asarray([[-1.2, 1.0], [0.5, 2.0]], dtype=xp64.float64)
    x0 = x0 if batched else x0[0, :]
    r = optim.minimize(rosenbrock, x0, method=optim.BFGS(search=Halving()), batched=batched)
    assert np.all(values(r.status) == 0)
    np.testing.assert_allclose(values(r.x), 1.0, atol=1e-5)


def test_searches_are_parts():
    assert Halving() == Halving()
    assert Halving() != optim.Backtracking()
    assert optim.BFGS(search=Halving()) != optim.BFGS()


def test_a_search_defines_both_functions():
    with pytest.raises(NotImplementedError):
        LineSearch().start(None, 1.0, -1.0, 1.0)
    with pytest.raises(NotImplementedError):
        LineSearch().next(None, Probe(1.0, False, False, 0), 1.0, -1.0)
