import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl import optim

CASES = [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}]


def slope(x, k):
    return xdl.array_namespace(x).sin(3 * x + k) + x


def run(rule, x, *, donate=False):
    state = optim.init(rule, x)
    for k in range(200):
        x, state = optim.update(rule, x, slope(x, k), state, donate=donate)
    return values(x)


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize("options", CASES)
def test_two_hundred_steps_equal_torch(xp64, options, donate):
    torch = pytest.importorskip("torch")
    x = torch.linspace(-1, 2, 7, dtype=torch.float64).requires_grad_()
    optimizer = torch.optim.SGD([x], 0.02, **options)
    for k in range(200):
        x.grad = torch.sin(3 * x.detach() + k) + x.detach()
        optimizer.step()
    found = run(optim.SGD(0.02, **options), xp64.linspace(-1, 2, 7, dtype=xp64.float64), donate=donate)
    np.testing.assert_allclose(found, x.detach().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("options", CASES)
def test_two_hundred_steps_equal_optax(options):
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    with jax.enable_x64(True):
        x = jax.numpy.linspace(-1, 2, 7)
        reference = optax.sgd(0.02, **options)
        state = reference.init(x)
        step = jax.jit(lambda x, g, s: reference.update(g, s, x))
        for k in range(200):
            dx, state = step(x, slope(x, k), state)
            x = x + dx
    found = run(optim.SGD(0.02, **options), np.linspace(-1, 2, 7))
    np.testing.assert_allclose(found, np.asarray(x), rtol=1e-12, atol=1e-12)


def test_an_averaging_velocity_is_a_smaller_rate(xp):
    """The note in the docstring: v = mu v + (1 - mu) g takes the same steps at the rate divided by 1 - mu."""
    x = xp.asarray([1.0, -2.0], dtype=xp.float32)
    y, v = x, x * 0
    rule = optim.SGD(0.1, momentum=0.75)
    state = optim.init(rule, x)
    for k in range(5):
        x, state = optim.update(rule, x, slope(x, k), state)
        v = 0.75 * v + 0.25 * slope(y, k)
        y = y - 0.1 / 0.25 * v
    assert_close(x, y)


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match=r"`momentum` must be in \[0, 1\), got 1.0"):
        optim.SGD(momentum=1.0)
    with pytest.raises(ValueError, match="`nesterov` needs a positive `momentum`"):
        optim.SGD(nesterov=True)
    with pytest.raises(TypeError, match="`momentum` must be a number"):
        optim.SGD(momentum=True)
