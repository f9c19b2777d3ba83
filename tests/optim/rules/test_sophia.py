import numpy as np
import pytest
from asserts import values

import xdl
from xdl import optim


def slope(x, k):
    return xdl.array_namespace(x).sin(3 * x + k) + x


@pytest.mark.parametrize("donate", [False, True])
def test_two_hundred_steps_equal_optax(donate):
    """Without an average of gradients, whose start optax corrects; the curvature is known in every step."""
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    start = np.linspace(-1, 2, 7)
    known = lambda x: 3 * xdl.array_namespace(x).cos(3 * x) + 1
    with jax.enable_x64(True):
        diagonal = optax.GradientTransformationExtraArgs(
            lambda params: (), lambda updates, state, params=None, **_: (known(params), state)
        )
        rule = optax.contrib.sophia(
            0.05, b1=0.0, gamma=0.5, weight_decay=0.1, update_interval=1, hessian_diagonal_fn=diagonal
        )
        x = jax.numpy.asarray(start)
        state = rule.init(x)
        step = jax.jit(lambda x, g, s: rule.update(g, s, x))
        for k in range(200):
            dx, state = step(x, slope(x, k), state)
            x = x + dx
    rule = optim.Sophia(0.05, (0.0, 0.99), scale=0.5, eps=1e-8, weight_decay=0.1)
    own = start.copy()
    state = optim.init(rule, own)
    for k in range(200):
        curvature = known(own)
        own, state = optim.update(rule, own, slope(own, k), state, donate=donate)
        state = optim.observe_curvature(state, own, curvature)
    np.testing.assert_allclose(own, np.asarray(x), rtol=1e-12, atol=1e-12)


def test_it_is_newtons_step_or_a_bounded_one(xp):
    """Curvatures 4 and 0.01, and a negative one: a Newton step, and two of the learning rate."""
    rule = optim.Sophia(0.5, (0.0, 0.0), scale=1.0)
    x = xp.asarray([0.1, 1.0, 1.0], dtype=xp.float32)
    state = optim.observe_curvature(optim.init(rule, x), x, xp.asarray([4.0, 0.01, -3.0], dtype=xp.float32))
    new, _ = optim.update(rule, x, xp.asarray([0.4, 0.01, 3.0], dtype=xp.float32), state)
    np.testing.assert_allclose(values(new), [0.05, 0.5, 0.5], rtol=1e-5)


def test_before_an_estimate_steps_are_those_of_the_sign():
    rule, x = optim.Sophia(0.25), np.zeros(3)
    new, _ = optim.update(rule, x, np.asarray([3.0, -1e-9, 0.0]), optim.init(rule, x))
    np.testing.assert_array_equal(new, [-0.25, 0.25, 0.0])


def test_complex_parameters_have_real_curvature(xp64):
    rule = optim.Sophia(0.5, (0.0, 0.0), scale=1.0)
    z = xp64.asarray([3 + 4j], dtype=xp64.complex128)
    state = optim.observe_curvature(optim.init(rule, z), z, xp64.asarray([10.0], dtype=xp64.float64))
    new, _ = optim.update(rule, z, xp64.conj(z), state)
    np.testing.assert_allclose(
        values(new), [0.95 * (3 + 4j) - 0 + 0.05 * (3 + 4j) - 0.025 * (6 + 8j)], rtol=1e-12
    )
