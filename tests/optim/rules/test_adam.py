import numpy as np
import pytest
from asserts import values

import xdl
from xdl import optim


def slope(x, k):
    return xdl.array_namespace(x).sin(3 * x + k) + x


def run(rule, x, *, donate=False):
    state = optim.init(rule, x)
    for k in range(200):
        x, state = optim.update(rule, x, slope(x, k), state, donate=donate)
    return values(x)


def start():
    return np.linspace(-1, 2, 7)


CASES = [
    ("Adam", {}, {}),
    ("Adam", {"decay": (0.5, 0.75), "eps": 1e-3}, {"betas": (0.5, 0.75), "eps": 1e-3}),
    ("AdamW", {"weight_decay": 0.1}, {"weight_decay": 0.1}),
]


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize(("name", "ours", "theirs"), CASES)
def test_two_hundred_steps_equal_torch(xp64, name, ours, theirs, donate):
    torch = pytest.importorskip("torch")
    x = torch.tensor(start(), requires_grad=True)
    optimizer = getattr(torch.optim, name)([x], 0.05, **theirs)
    for k in range(200):
        x.grad = torch.sin(3 * x.detach() + k) + x.detach()
        optimizer.step()
    found = run(getattr(optim, name)(0.05, **ours), xp64.asarray(start()), donate=donate)
    np.testing.assert_allclose(found, x.detach().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "ours"), [("adam", {}), ("adamw", {"weight_decay": 0.1})])
def test_two_hundred_steps_equal_optax(name, ours):
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    rule = {"adam": optim.Adam, "adamw": optim.AdamW}[name](0.05, **ours)
    with jax.enable_x64(True):
        x = jax.numpy.asarray(start())
        reference = getattr(optax, name)(0.05, **ours)
        state = reference.init(x)
        step = jax.jit(lambda x, g, s: reference.update(g, s, x))
        for k in range(200):
            dx, state = step(x, slope(x, k), state)
            x = x + dx
    np.testing.assert_allclose(run(rule, start()), np.asarray(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_first_step_is_the_rate_times_the_sign(xp, scale):
    """Section 2.1 of the paper: the length of a step is about the learning rate, whatever the gradient's scale."""
    x = xp.zeros((4,), dtype=xp.float32)
    grad = scale * xp.asarray([1.0, -2.0, 0.5, 0.0], dtype=xp.float32)
    new, _ = optim.update(optim.Adam(0.125), x, grad, optim.init(optim.Adam(0.125), x))
    np.testing.assert_allclose(values(new), [-0.125, 0.125, -0.125, 0.0], rtol=1e-3)


def test_weight_decay_does_not_pass_through_the_moments(xp):
    """Without a gradient, the parameters shrink by the same factor at every step."""
    rule, x = optim.AdamW(0.5, weight_decay=0.5), xp.asarray([1.0, -8.0], dtype=xp.float32)
    state = optim.init(rule, x)
    for _ in range(3):
        x, state = optim.update(rule, x, x * 0, state)
    np.testing.assert_allclose(values(x), [0.75**3, -8 * 0.75**3], rtol=1e-6)


def test_a_complex_leaf_is_scaled_by_its_modulus(xp64):
    """Turning the gradient turns the step."""
    rule, z = optim.Adam(0.1), xp64.zeros((2,), dtype=xp64.complex128)
    new, state = optim.update(
        rule, z, xp64.asarray([3 + 4j, 5 + 0j], dtype=xp64.complex128), optim.init(rule, z)
    )
    assert state.leaves[0][1].dtype == xp64.float64
    np.testing.assert_allclose(np.abs(values(new)), 0.1, rtol=1e-6)


@pytest.mark.parametrize(
    "wrong", [{"learning_rate": -1.0}, {"decay": (0.9, 1.0)}, {"decay": (0.9,)}, {"eps": -1e-8}]
)
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be"):
        optim.AdamW(**wrong)
    with pytest.raises(TypeError, match="`learning_rate` must be a number"):
        optim.Adam("fast")
    with pytest.raises(ValueError, match="`weight_decay`"):
        optim.AdamW(weight_decay=-0.1)
    with pytest.raises(ValueError, match="`learning_rate` must be at least 0 and finite, got nan"):
        optim.Adam(float("nan"))
