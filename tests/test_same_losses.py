"""Training in float64 loses the same on every backend, by either engine: 20 steps, to 1e-10."""

import functools

import numpy as np
import pytest
from asserts import values

import xdl
from xdl import models, nn, optim

STEPS, N, SIZES = 20, 24, (6, 16, 16, 3)
RULES = {
    "sgd": optim.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": optim.Adam(1e-2),
    "adamw, clipped": optim.chain(optim.clip_by_norm(1.0), optim.AdamW(1e-2, weight_decay=0.1)),
}


def losses(rule, engine, *, compiled=True, donate=False):
    """Losses of the steps, by the current backend; ``compiled`` means nothing to most."""
    generator = np.random.default_rng(0)
    x = xdl.asarray(generator.normal(size=(N, SIZES[0])))
    y = xdl.asarray(generator.integers(0, SIZES[-1], size=N, dtype=np.int32))
    xp = xdl.array_namespace(x)
    key = xdl.random.key(1, like=x)
    model = models.MLP(key, SIZES, activation=nn.tanh, dropout=0.2, dtype=x.dtype)
    state = optim.init(rule, model)

    def loss(model, key):
        return nn.cross_entropy(model(x, key=key), y)

    def step(model, state, key):
        value, grads = xdl.value_and_grad(loss, engine=engine)(model, key)
        model, state = optim.update(rule, model, grads, state, donate=donate)
        return model, state, value

    if compiled:
        step = xdl.jit(step)
    found = []
    for i in range(STEPS):
        model, state, value = step(model, state, xdl.random.fold_in(key, i))
        found.append(value)
    result = xp.stack(found)
    assert result.dtype == xp.float64
    return values(result)


@functools.cache
def reference(name):
    with xdl.use_backend("numpy"):
        return losses(RULES[name], "tape")


def check(found, name):
    np.testing.assert_allclose(found, reference(name), rtol=0, atol=1e-10)
    assert found[-1] < found[0] - 0.1, "it learns"


@pytest.mark.parametrize("donate", [False, True], ids=["pure", "donated"])
@pytest.mark.parametrize("engine", ["tape", None], ids=["tape", "own engine"])
@pytest.mark.parametrize("name", RULES)
@pytest.mark.xp_skip("jax", reason="operation by operation JAX takes a minute: see the compiled steps")
def test_losses_of_20_steps(xp64, name, engine, donate):
    check(losses(RULES[name], engine, compiled=False, donate=donate), name)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["tape", None], ids=["tape", "own engine"])
@pytest.mark.parametrize("name", RULES)
@pytest.mark.xp_only("jax", reason="the others compile nothing, or take long")
def test_losses_of_20_compiled_steps(xp64, name, engine):
    check(losses(RULES[name], engine), name)


@pytest.mark.slow
@pytest.mark.xp_only("torch", reason="the others are compiled in the test before, or not at all")
def test_losses_of_20_steps_that_torch_compiles(xp64):
    check(losses(RULES["adam"], None), "adam")
