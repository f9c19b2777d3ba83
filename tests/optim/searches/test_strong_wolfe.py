import pytest
from optim.searches.lines import parabola, run

from xdl import optim


def test_steps_grow_to_the_minimum_of_the_cubic_or_tenfold():
    """The cubic of a parabola is the parabola: out to ten times the step, then to its minimum."""
    _, steps = run(optim.StrongWolfe(1e-4, 1e-3), parabola, 0.02)
    assert steps == pytest.approx([0.02, 0.2, 1.0])


def test_a_parabola_is_solved_by_the_second_probe():
    _, steps = run(optim.StrongWolfe(1e-4, 1e-3), parabola, 2.5)
    assert steps == pytest.approx([2.5, 1.0])


def test_a_step_that_is_far_too_long_for_a_polynomial_of_high_degree():
    """As Newton's steps are where the Hessian is nearly singular: the cubic alone would nearly halve each."""
    phi = lambda a: (-a + 1e90 * a**8, -1 + 8e90 * a**7)
    probe, steps = run(optim.StrongWolfe(), phi, 1.0)
    assert probe.done
    assert len(steps) <= 30


def test_the_longest_step_needs_decrease_alone():
    probe, steps = run(optim.StrongWolfe(1e-4, 0.1, longest=5.0), parabola, 0.1)
    assert probe.done
    assert probe.step == steps[-1] == 0.5
    assert len(set(steps)) == len(steps)


def test_constants_out_of_order_are_refused():
    with pytest.raises(ValueError, match="0 < decrease <= curvature < 1, got 0.1 and 1.0"):
        optim.StrongWolfe(0.1, 1.0)
