"""What a rule of the user's own takes: two functions on one array."""

from typing import Any, ClassVar

import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl import optim


class Signs(optim.Rule):
    """Steps by the sign of an average of gradients."""

    learning_rate: Any = 0.25
    decay: Any = 0.5

    def init(self, x, /):
        return (xdl.array_namespace(x).zeros_like(x),)

    def step(self, state, x, grad, t, /):
        assert t.dtype == x.dtype == self.decay.dtype == grad.dtype
        m = self.decay * state[0] + (1 - self.decay) * grad
        return (m,), -self.learning_rate * xdl.array_namespace(x).sign(m)


@pytest.mark.parametrize("donate", [False, True])
def test_a_new_rule_is_two_functions(xp, donate):
    x, grad = xp.zeros((3,), dtype=xp.float32), xp.asarray([2.0, -1.0, 0.0], dtype=xp.float32)
    rule = Signs()
    state = optim.init(rule, x)
    for _ in range(2):
        x, state = optim.update(rule, x, grad, state, donate=donate)
    assert_close(x, xp.asarray([-0.5, 0.5, 0.0], dtype=xp.float32))
    assert_close(state.leaves[0][0], 0.75 * grad)


@pytest.mark.xp_only("numpy", reason="blocks are NumPy's")
@pytest.mark.xp_skip("numpy-readonly", reason="nothing can be written there")
def test_donated_blocks_of_a_new_rule_are_bitwise_the_pure_step(xp):
    rng = np.random.default_rng(0)
    x, grad = rng.standard_normal((2, 300, 257)).astype(np.float32)
    rule = optim.SGD(0.3, momentum=0.7, nesterov=True)
    for own in (Signs(), rule):
        state = optim.init(own, x)
        pure = optim.update(own, x, grad, optim.update(own, x, grad, state)[1])
        y = x.copy()
        state = optim.update(own, x.copy(), grad, state, donate=True)[1]
        donated = optim.update(own, y, grad, state, donate=True)
        for a, b in zip(xdl.tree.leaves(donated), xdl.tree.leaves(pure), strict=True):
            np.testing.assert_array_equal(a, b)


def test_rules_are_compared_by_value():
    assert optim.Adam(1e-3) == optim.Adam(0.001)
    assert hash(optim.Adam(1e-3)) == hash(optim.Adam(0.001))
    assert optim.Adam(1e-3) != optim.Adam(1e-4)
    assert optim.Adam() != optim.AdamW(weight_decay=0.0)


def test_states_of_one_rule_stack(xp):
    """A population: one state with hyperparameters along an axis, mapped over."""
    rule, x = optim.SGD(0.5), xp.ones((2,), dtype=xp.float32)
    state = optim.init(rule, x)
    rates = xp.asarray([0.5, 1.0], dtype=xp.float32)
    new = xdl.vmap(lambda rate: optim.update(rule, x, x, optim.adjust(state, learning_rate=rate))[0])(rates)
    np.testing.assert_array_equal(values(new), [[0.5, 0.5], [0.0, 0.0]])


class Numbered(optim.Rule):
    """With limits, and a pair."""

    learning_rate: Any = 0.5
    range: Any = (0.5, 2.0)

    limits: ClassVar = {"learning_rate": (0, 1), "range": (0.25, float("inf"))}


def test_limits_are_checked_when_a_rule_is_made_and_adjusted():
    rule = Numbered(0.25, [1, 3])
    assert rule.range == (1, 3)
    assert Numbered(lambda count: 5.0).range == (0.5, 2.0)
    for options, match in [
        ({"learning_rate": 1.0}, r"`learning_rate` must be in \[0, 1\), got 1.0"),
        ({"range": (0.5, 0.1)}, "`range` must be at least 0.25 and finite, got 0.1"),
        ({"range": 0.5}, "`range` must be a pair of numbers in .*, got 0.5"),
    ]:
        with pytest.raises(ValueError, match=match):
            Numbered(**options)
    with pytest.raises(
        TypeError, match="`learning_rate` must be a number or a function of the step count, got True"
    ):
        Numbered(True)
