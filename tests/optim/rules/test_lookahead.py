import numpy as np
import pytest
from asserts import values

import xdl
from xdl import optim


def slope(x, k):
    return xdl.array_namespace(x).sin(3 * x + k) + x


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize("fraction", [0.5, lambda count: 0.5 + 0.01 * count], ids=["number", "schedule"])
@pytest.mark.xp_skip("jax", reason="by optax, below")
def test_algorithm_1(xp64, donate, fraction):
    """Two loops, as the paper has them."""
    period, inner = 4, optim.Adam(0.1)
    start = np.linspace(-1, 2, 5)
    slow, other, k = start, optim.init(inner, start), 0
    for _ in range(3):
        fast = slow
        for _ in range(period):
            fast, other = optim.update(inner, fast, slope(fast, k), other)
            k += 1
        slow = slow + (fraction(k - 1) if callable(fraction) else fraction) * (fast - slow)

    rule = optim.chain(inner, optim.lookahead(fraction, period=period))
    x = xp64.asarray(start, copy=True)
    state = optim.init(rule, x)
    for k in range(3 * period):
        x, state = optim.update(rule, x, slope(x, k), state, donate=donate)
    np.testing.assert_allclose(values(x), slow, rtol=1e-12)
    np.testing.assert_allclose(values(optim.evaluation_params(state, x)), slow, rtol=1e-12)
    x, state = optim.update(rule, x, slope(x, 0), state, donate=donate)
    np.testing.assert_allclose(values(optim.evaluation_params(state, x)), slow, rtol=1e-12)
    assert not np.allclose(values(x), slow)


def test_two_hundred_steps_equal_optax():
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    start = np.linspace(-1, 2, 5)
    with jax.enable_x64(True):
        reference = optax.lookahead(optax.adam(0.05), sync_period=6, slow_step_size=0.3)
        params = optax.LookaheadParams.init_synced(jax.numpy.asarray(start))
        state = reference.init(params)

        @jax.jit
        def step(params, state, k):
            changes, state = reference.update(slope(params.fast, k), state, params)
            return optax.apply_updates(params, changes), state

        for k in range(200):
            params, state = step(params, state, k)
    rule = optim.chain(optim.Adam(0.05), optim.lookahead(0.3, period=6))
    x, own = start, optim.init(rule, start)
    for k in range(200):
        x, own = optim.update(rule, x, slope(x, k), own)
    np.testing.assert_allclose(x, np.asarray(params.fast), rtol=1e-12)
    np.testing.assert_allclose(optim.evaluation_params(own, x), np.asarray(params.slow), rtol=1e-12)


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="`fraction` must be at least 0"):
        optim.lookahead(-0.5)
    with pytest.raises(ValueError, match="`period` must be at least 1, got 0"):
        optim.lookahead(period=0)
    with pytest.raises(TypeError, match="`period` must be an integer"):
        optim.lookahead(period=True)
