import numpy as np
import pytest
from asserts import values
from optim.problems import SQUARES

from xdl import optim
from xdl.optim._scalars import OfArrays, OfFloats

S, B = np.asarray([3.0, 0.4, 0.01]), np.asarray([1.0, -2.0, 0.5])


@pytest.mark.parametrize("radius", [0.05, 0.5, 3.0, 1000.0])
def test_the_step_ends_on_the_boundary_or_is_that_of_gauss_and_newton(xp64, syncs, radius):
    """Of all steps of its length it makes the linearized residuals smallest: the multiplier is one for all entries."""
    s, b = xp64.asarray(S), xp64.asarray(B)
    q, damping = optim.LevenbergMarquardt().within(OfFloats(s, xp64), s, b, radius, 0.0)
    q = values(q)
    if radius == 1000.0:
        assert damping == 0.0
        np.testing.assert_allclose(q, -B / S)
        return
    assert abs(np.linalg.norm(q) - radius) <= 0.1 * radius
    np.testing.assert_allclose(-S * (S * q + B) / q, damping, rtol=1e-9)


def test_many_radii_at_once(xp64, syncs):
    s, b = (xp64.asarray(np.stack([v, v, v])) for v in (S, B))
    radii = xp64.asarray([0.05, 3.0, 1000.0])
    with np.errstate(all="ignore"):  # as while a method runs
        q, damping = optim.LevenbergMarquardt().within(OfArrays(s, xp64), s, b, radii, radii * 0.0)
    lengths = np.linalg.norm(values(q), axis=-1)
    np.testing.assert_allclose(lengths[:2], [0.05, 3.0], rtol=0.1)
    np.testing.assert_allclose(values(q)[2], -B / S)
    assert values(damping)[2] == 0


def test_directions_without_information_are_left_alone():
    """A zero singular value gives no step along its vector, nor a division by it."""
    s, b = np.asarray([2.0, 0.0]), np.asarray([1.0, 0.0])
    for radius in (0.1, 10.0):
        q, _ = optim.LevenbergMarquardt().within(OfFloats(s, np), s, b, radius, 0.0)
        assert q[1] == 0
        assert q[0] < 0


@pytest.mark.parametrize("units", [1e-6, 1e5])
def test_steps_do_not_depend_on_the_units_of_the_parameters(units):
    """The scaled problem takes as many evaluations, to a point that is the scaled one."""
    case = SQUARES["Bard"]
    scale = np.asarray([1.0, units, 1.0 / units])
    plain = optim.least_squares(case.residuals, np.asarray(case.start), gtol=0.0, xtol=0.0)
    scaled = optim.least_squares(
        lambda x: case.residuals(x * scale), np.asarray(case.start) / scale, gtol=0.0, xtol=0.0
    )
    assert int(plain.evaluations) == int(scaled.evaluations)
    np.testing.assert_allclose(scaled.x * scale, plain.x, rtol=1e-6)
