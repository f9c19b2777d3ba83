import numpy as np
import pytest
from optim.searches.lines import level, run

from xdl import optim


def test_equal_factors_give_geometric_steps():
    search = optim.Backtracking(decrease=0.9, lowest=0.3, highest=0.3)
    probe, steps = run(search, lambda a: (a * a - a, 2 * a - 1), 8.0)
    np.testing.assert_allclose(steps, 8.0 * 0.3 ** np.arange(len(steps)))
    value = lambda a: a * a - a
    assert value(probe.step) <= -0.9 * probe.step
    assert value(steps[-2]) > -0.9 * steps[-2]


def test_the_parabola_through_what_is_known_is_minimized():
    """(3.57) of Nocedal & Wright (2006): exact for a parabola, if within the bounds."""
    _, steps = run(optim.Backtracking(), lambda a: (a * a - a, 2 * a - 1), 1.5)
    np.testing.assert_allclose(steps, [1.5, 0.5])
    _, steps = run(optim.Backtracking(), lambda a: (a * a - a, 2 * a - 1), 100.0)
    np.testing.assert_allclose(steps, [100.0, 10.0, 1.0, 0.5])


def test_failure_after_the_last_probe():
    probe, steps = run(optim.Backtracking(), lambda a: (1.0 if a else 0.0, -1.0), 1.0)
    assert probe.failed
    assert len(steps) == optim.Backtracking.max_probes


@pytest.mark.parametrize("numbers", [(0.0,), (1.0,), (0.1, 0.5, 0.1), (0.1, 0.0), (0.1, 0.1, 1.0)])
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(ValueError, match="`decrease` must be in"):
        optim.Backtracking(*numbers)


def test_below_rounding_errors_the_condition_is_that_of_a_parabola():
    """``phi'(a) <= (2 decrease - 1) phi'(0)``: here up to 1.5, for the minimum is at 1."""
    search = optim.Backtracking(decrease=0.25)
    assert run(search, level, 1.45)[0].count == 1
    assert run(search, level, 1.6)[0].count == 2
