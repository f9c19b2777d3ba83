import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl import optim


def slope(x, k):
    return xdl.array_namespace(x).sin(3 * x + k) + x


def warm_up(count):
    return 0.1 * (1 + count) / 10 if count < 9 else 0.1


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize("weight_power", [0.0, 2.0])
def test_equations_2_to_4(donate, weight_power):
    """The three sequences written out, with a rate that warms up."""
    beta, start = 0.8, np.linspace(-1, 2, 5)
    z, x, weights, path = start, start, [], []
    for k in range(60):
        y = (1 - beta) * z + beta * x
        z = z - warm_up(k) * slope(y, k)
        weights.append(warm_up(k) ** weight_power)
        path.append(z)
        x = sum(w * z for w, z in zip(weights, path, strict=True)) / sum(weights)
    rule = optim.ScheduleFreeSGD(warm_up, beta, weight_power=weight_power)
    own = start.copy()
    state = optim.init(rule, own)
    for k in range(60):
        own, state = optim.update(rule, own, slope(own, k), state, donate=donate)
    np.testing.assert_allclose(own, (1 - beta) * z + beta * x, rtol=1e-12)
    np.testing.assert_allclose(optim.evaluation_params(state, own), x, rtol=1e-11)
    np.testing.assert_allclose(state.leaves[0][0], z, rtol=1e-12)


@pytest.mark.xp_only("numpy", "torch", reason="steps are taken in blocks there")
@pytest.mark.xp_skip("numpy-readonly", reason="nothing can be written there")
@pytest.mark.parametrize("name", ["ScheduleFreeSGD", "ScheduleFreeAdamW"])
def test_the_weights_of_many_blocks(xp, name):
    """Their sum is that of the leaf, and grows once in a step, not once in a block."""
    rule = getattr(optim, name)(0.5)
    grad = xp.asarray(np.sin(np.arange(200_000.0)))
    x, y = xp.ones_like(grad), xp.ones_like(grad)
    state, other = optim.init(rule, x), optim.init(rule, y)
    for _ in range(3):
        x, state = optim.update(rule, x, grad, state, donate=True)
        y, other = optim.update(rule, y, grad, other)
    assert_close((x, state.leaves), (y, other.leaves))
    assert state.leaves[0][2] == 0.75


def test_the_average_converges_where_the_parameters_do_not(xp):
    """On abs(x) with a constant rate, gradient descent ends in jumps about the minimum."""
    x = xp.asarray([1.03], dtype=xp.float32)
    for rule, end in ((optim.SGD(0.1), (0.01, 0.1)), (optim.ScheduleFreeSGD(0.1), (0.0, 0.01))):
        y, state = x, optim.init(rule, x)
        for _ in range(100):
            y, state = optim.update(rule, y, xp.sign(y), state)
        assert end[0] <= abs(float(values(optim.evaluation_params(state, y))[0])) < end[1]


def test_a_rate_of_zero_moves_nothing():
    rule, x = optim.ScheduleFreeSGD(0.0), np.ones(2)
    new, state = optim.update(rule, x, x, optim.init(rule, x))
    np.testing.assert_allclose(new, x, rtol=1e-15)
    np.testing.assert_allclose(optim.evaluation_params(state, new), x, rtol=1e-15)


def test_the_interpolation_is_positive():
    for make in (optim.ScheduleFreeSGD, optim.ScheduleFreeAdamW):
        with pytest.raises(
            ValueError, match="`interpolation` must be greater than 0, got 0: use SGD or AdamW"
        ):
            make(interpolation=0.0)
        with pytest.raises(ValueError, match=r"`interpolation` must be in \[0, 1\)"):
            make(interpolation=1.0)
    state = optim.init(optim.ScheduleFreeSGD(), np.ones(2))
    with pytest.raises(ValueError, match="`interpolation` must be greater than 0"):
        optim.adjust(state, interpolation=0.0)
