import math

import pytest
from optim.searches.lines import SMOOTH, run

from xdl import optim

so = pytest.importorskip("scipy.optimize")


@pytest.mark.parametrize("name", ["rational", "quintic", "steep", "wiggly", "waves"])
@pytest.mark.parametrize("step", [0.1, 1.0, 10.0])
def test_no_more_probes_than_scipy(name, step):
    """From the bracket (0, step), which theirs extends too; and the same minimum, where there is one."""
    phi = SMOOTH[name]
    if (name, step) == ("quintic", 10.0):
        pytest.skip("SciPy brackets towards minus infinity there")
    theirs, value, _, calls = so.brent(lambda a: phi(a)[0], brack=(0.0, step), full_output=True, tol=1e-8)
    probe, _ = run(optim.Brent(), phi, step)
    assert probe.done
    if name in ("rational", "quintic", "steep"):
        assert abs(probe.step - theirs) < 1e-6
    assert phi(probe.step)[0] <= value + 1e-9 or phi(probe.step)[0] < phi(0.0)[0]
    assert probe.count <= calls + 3


def test_parabolas_are_solved_at_once():
    probe, _ = run(optim.Brent(), lambda a: ((a - 0.3) ** 2, 2 * (a - 0.3)), 1.0)
    assert math.isclose(probe.step, 0.3, rel_tol=1e-7)
    assert probe.count <= 8
