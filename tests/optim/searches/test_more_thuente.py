import numpy as np
import pytest
from optim.searches.lines import FLOATS, SMOOTH, kink, level, parabola, run

from xdl import optim

# Tables I-VI of Moré & Thuente (1994): function, decrease, curvature, and for the first steps 1e-3, 0.1, 10 and
# 1000 the number of evaluations, the step, and the slope there.
TABLES = {
    "rational": (1e-3, 0.1, [(6, 1.4, -9.2e-3), (3, 1.4, 4.7e-3), (1, 10, 9.4e-3), (4, 37, 7.3e-4)]),
    "quintic": (0.1, 0.1, [(12, 1.6, 3.8e-9), (8, 1.6, 1.0e-10), (8, 1.6, -5.0e-9), (11, 1.6, -2.3e-8)]),
    "wiggly": (0.1, 0.1, [(12, 1.0, -5.1e-5), (12, 1.0, -1.9e-4), (10, 1.0, -2.0e-6), (13, 1.0, -1.6e-5)]),
    "yanai1": (1e-3, 1e-3, [(4, 0.085, -6.9e-5), (1, 0.10, -4.9e-5), (3, 0.35, -2.9e-6), (4, 0.83, 1.6e-5)]),
    "yanai2": (1e-3, 1e-3, [(6, 0.075, 1.9e-4), (3, 0.078, 7.4e-4), (7, 0.073, -2.6e-4), (8, 0.076, 4.5e-4)]),
    "yanai3": (1e-3, 1e-3, [(13, 0.93, 5.2e-4), (11, 0.93, 8.4e-5), (8, 0.92, -2.4e-4), (11, 0.92, -3.2e-4)]),
}
FIRST = [1e-3, 0.1, 10.0, 1e3]


@pytest.mark.parametrize("name", TABLES)
def test_published_tables(name):
    decrease, curvature, rows = TABLES[name]
    phi, search = SMOOTH[name], optim.MoreThuente(decrease, curvature)
    for step, (evaluations, found, slope) in zip(FIRST, rows, strict=True):
        probe, _ = run(search, phi, step)
        assert probe.done
        assert probe.count == evaluations
        assert float(f"{probe.step:.2g}") == found
        assert float(f"{phi(probe.step)[1]:.2g}") == slope


@pytest.mark.parametrize("name", [*TABLES, "parabola", "waves", "kink"])
@pytest.mark.parametrize("curvature", [1e-3, 0.1, 0.9])
def test_probe_by_probe_as_minpack(name, curvature):
    """SciPy's translation of ``dcsrch``, until it stops for want of precision."""
    minpack = pytest.importorskip("scipy.optimize._dcsrch")
    phi, decrease = {**SMOOTH, "kink": kink}[name], min(curvature, 1e-2)
    for step in FIRST:
        theirs = []
        value = lambda a, seen=theirs: (seen.append(a), phi(a)[0])[1]
        peer = minpack.DCSRCH(value, lambda a: phi(a)[1], decrease, curvature, 1e-15, 0.0, 1e10 * step)
        result = peer(step, phi0=phi(0.0)[0], derphi0=phi(0.0)[1], maxiter=49)
        probe, steps = run(optim.MoreThuente(decrease, curvature), phi, step)
        if result[3][:4] == b"CONV":
            assert probe.count == len(theirs)
        together = min(len(steps), len(theirs)) - (
            name == "kink"
        )  # the end of an interval that cannot shrink
        np.testing.assert_allclose(steps[:together], theirs[:together], rtol=1e-9)


def test_a_bound_of_one_search():
    xs, search = FLOATS, optim.MoreThuente()
    probe = search.start(xs, *parabola(0.0), 1.0, longest=0.3)
    assert probe.step == 0.3
    assert search.next(xs, probe, *parabola(0.3)).done


def test_the_best_step_is_looked_at_again_where_no_other_is_left():
    probe, steps = run(optim.MoreThuente(0.1, 0.1), kink, 0.3)
    assert probe.done
    assert kink(probe.step)[0] < 1e-9
    assert len(set(steps)) in (len(steps), len(steps) - 1)


def test_below_rounding_errors_slopes_decide():
    probe, _ = run(optim.MoreThuente(1e-4, 0.1), level, 1e-3)
    assert probe.done
    assert abs(probe.step - 1) < 0.1


def test_constants_out_of_order_are_refused():
    with pytest.raises(ValueError, match="0 < decrease <= curvature < 1, got 0.5 and 0.1"):
        optim.MoreThuente(0.5, 0.1)
