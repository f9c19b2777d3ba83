import numpy as np
import pytest
from asserts import values

from xdl import optim
from xdl.optim._scalars import OfArrays, OfFloats

S, B = np.asarray([3.0, 0.4, 0.1]), np.asarray([1.0, -2.0, 0.5])
GRADIENT = S * B
CAUCHY = float(GRADIENT @ GRADIENT / np.sum((S * GRADIENT) ** 2) * np.linalg.norm(GRADIENT))


@pytest.mark.parametrize("radius", [0.5 * CAUCHY, 0.999 * CAUCHY, 2.0, 5.0, 1000.0])
def test_the_path(xp64, syncs, radius):
    """Down the gradient as far as the minimum along it, then straight to the step of Gauss and Newton."""
    s, b = xp64.asarray(S), xp64.asarray(B)
    q, _ = optim.PowellDogleg().within(OfFloats(s, xp64), s, b, radius, 0.0)
    q, newton = values(q), -B / S
    if radius == 1000.0:
        np.testing.assert_allclose(q, newton)
        return
    np.testing.assert_allclose(np.linalg.norm(q), radius)
    if radius < CAUCHY:
        np.testing.assert_allclose(q / radius, -GRADIENT / np.linalg.norm(GRADIENT))
    else:
        corner = -CAUCHY * GRADIENT / np.linalg.norm(GRADIENT)
        part = (q - corner) / (newton - corner)
        np.testing.assert_allclose(part, part[0], rtol=1e-9)
        assert 0 < part[0] < 1
    many = (
        xp64.asarray(np.stack([S, S])),
        xp64.asarray(np.stack([B, B])),
        xp64.asarray([radius, 1000.0], dtype=xp64.float64),
    )
    with np.errstate(all="ignore"):  # as while a method runs
        found, _ = optim.PowellDogleg().within(OfArrays(many[0], xp64), *many, many[2])
    np.testing.assert_allclose(values(found), [q, newton], rtol=1e-12)


def test_the_decrease_is_at_least_that_along_the_gradient():
    """Which is what makes the method converge from anywhere (Nocedal & Wright, 2006, theorem 4.5)."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        s, b, radius = np.exp(rng.normal(size=4) * 2), rng.normal(size=4), np.exp(rng.normal())
        q, _ = optim.PowellDogleg().within(OfFloats(s, np), s, b, radius, 0.0)
        g = s * b
        t = min(radius, g @ g / np.sum((s * g) ** 2) * np.linalg.norm(g)) / np.linalg.norm(g)
        along = 0.5 * np.sum((b - s * t * g) ** 2)
        assert 0.5 * np.sum((b + s * q) ** 2) <= along * (1 + 1e-12)
        assert np.linalg.norm(q) <= radius * (1 + 1e-12)
