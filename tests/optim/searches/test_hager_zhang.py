import math

import pytest
from optim.searches.lines import SMOOTH, parabola, run

from xdl import optim


@pytest.mark.parametrize("step", [2.5, 30.0, 1e6])
def test_a_secant_solves_a_parabola(step):
    probe, _ = run(optim.HagerZhang(1e-3, 1e-3), parabola, step)
    assert abs(probe.step - 1) < 1e-9
    assert probe.count == 2


def test_steps_grow_until_the_slope_rises():
    _, steps = run(optim.HagerZhang(1e-3, 1e-3), parabola, 1e-3)
    assert steps[:5] == pytest.approx([1e-3, 5e-3, 25e-3, 125e-3, 625e-3])


def test_a_step_whose_value_is_higher_by_the_error_is_accepted():
    """It is the slope that tells; other searches would go on."""
    phi = lambda a: (1.0 + 1e-8 * a, -1.0 + a)
    assert run(optim.HagerZhang(), phi, 1.0)[0].count == 1
    assert run(optim.HagerZhang(error=1e-12), phi, 1.0)[0].count > 1


def test_two_secants_that_shrink_the_interval_too_little_are_followed_by_a_bisection():
    """Of a slope that is nearly constant and then rises at once, secants move one end alone."""
    phi = lambda a: (-a + 0.5 * max(a - 1, 0) ** 2 * 1e6, -1 + max(a - 1, 0) * 1e6)
    probe, steps = run(optim.HagerZhang(1e-4, 1e-3), phi, 1e4)
    assert probe.done
    assert len(steps) <= 2 * math.log2(1e4 / 1e-3)


@pytest.mark.parametrize("name", SMOOTH)
def test_fewer_probes_with_a_looser_curvature(name):
    loose = run(optim.HagerZhang(), SMOOTH[name], 1e-2)[0].count
    tight = run(optim.HagerZhang(curvature=0.1), SMOOTH[name], 1e-2)[0].count
    assert loose <= tight


def test_constants_are_checked():
    with pytest.raises(ValueError, match=r"`decrease` must be less than 0.5"):
        optim.HagerZhang(0.6, 0.9)
