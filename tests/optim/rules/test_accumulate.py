import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from optim.catalogue import brief, example

import xdl
from xdl import optim

AFTER = [
    optim.Adam(0.1),
    optim.Adam(lambda count: 0.1 / (1 + count)),
    optim.chain(optim.clip_by_norm(0.5), optim.SGD(0.1), optim.exponential_average(0.5)),
    optim.partition({"a": optim.Momentum(0.1), "b": optim.Rprop()}, {"w": "a", "rest": "b"}),
]


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize("rule", AFTER, ids=brief)
@pytest.mark.xp_skip("jax-x64", reason="one of the two configurations is enough")
def test_it_is_one_step_by_the_mean(xp, rule, donate):
    """Counts, schedules and averages of what follows run by full steps."""
    params, slopes = example(xp)
    whole = optim.chain(optim.accumulate(3), rule)
    x, state = params, optim.init(whole, params)
    y, other = params, optim.init(rule, params)
    x = xdl.tree.map(lambda x: xp.asarray(x, copy=True), x)
    for _ in range(2):
        for factor in (1.0, 4.0, -2.0):
            if factor != 1.0:
                assert_equal(x, y)
            x, state = optim.update(
                whole, x, xdl.tree.map(lambda g, f=factor: f * g, slopes), state, donate=donate
            )
        y, other = optim.update(rule, y, slopes, other)
        assert_close(x, y)
        y = xdl.tree.map(lambda x: xp.asarray(x, copy=True), x)
    assert_close(optim.evaluation_params(state, x), optim.evaluation_params(other, y))


def test_what_comes_before_sees_every_gradient():
    x, grads = np.zeros(1), (np.asarray([8.0]), np.asarray([2.0]))
    before = optim.chain(optim.clip_by_value(4.0), optim.accumulate(2), optim.SGD(1.0))
    after = optim.chain(optim.accumulate(2), optim.clip_by_value(4.0), optim.SGD(1.0))
    for rule, expected in ((before, -3.0), (after, -4.0)):
        y, state = x, optim.init(rule, x)
        for grad in grads:
            y, state = optim.update(rule, y, grad, state)
        assert y == expected


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.xp_only("numpy", "torch", reason="steps in between are told apart on the host there")
@pytest.mark.xp_skip("numpy-readonly", reason="nothing can be written there")
def test_a_donated_step_in_between_computes_nothing(xp, donate):
    """The rules after it are called once for three gradients, not three times."""
    calls = []

    class Counted(optim.Rule):
        def step(self, state, x, grad, t, /):
            calls.append(None)
            return state, -grad

    rule, x = optim.chain(optim.accumulate(3), Counted()), xp.ones(2)
    state = optim.init(rule, x)
    for _ in range(6):
        x, state = optim.update(rule, x, xp.ones(2), state, donate=donate)
    assert len(calls) == (2 if donate else 6)
    np.testing.assert_allclose(values(x), -1.0)


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.xp_only("torch", reason="the standard has no half precision; one library is enough")
def test_half_precision_is_summed_in_single(xp, donate):
    """A thousandth, added to one in bfloat16, is lost."""
    rule, x = optim.chain(optim.accumulate(4), optim.SGD(1.0)), xp.zeros(1, dtype=xp.bfloat16)
    state = optim.init(rule, x)
    for grad in (4.0, 0.0078125, 0.0078125, 0.0078125):
        x, state = optim.update(rule, x, xp.asarray([grad], dtype=xp.bfloat16), state, donate=donate)
        assert state.leaves[0][0].dtype == xp.float32
    assert float(x) == float(xp.asarray(-(4 + 3 * 0.0078125) / 4, dtype=xp.bfloat16))


def test_it_belongs_before_the_step():
    with pytest.raises(ValueError, match="must come before the rule that makes the step"):
        optim.chain(optim.SGD(), optim.accumulate(2))
    with pytest.raises(ValueError, match="got none"):
        optim.chain(optim.accumulate(2), optim.clip_by_norm(1.0))
    with pytest.raises(ValueError, match="chain it with a rule"):
        optim.init(optim.accumulate(2), np.ones(2))
    with pytest.raises(ValueError, match="`steps` must be at least 1, got 0"):
        optim.accumulate(0)
    with pytest.raises(TypeError, match=r"`steps` must be an integer, got 2\.0"):
        optim.accumulate(2.0)


def test_a_chain_with_it_may_be_a_part_of_another():
    inner = optim.chain(optim.accumulate(2), optim.SGD(1.0))
    rule, x = optim.chain(optim.clip_by_value(1.0), inner, optim.exponential_average(0.5)), np.zeros(1)
    state = optim.init(rule, x)
    for _ in range(2):
        x, state = optim.update(rule, x, np.asarray([4.0]), state)
    assert x == -1
    assert optim.evaluation_params(state, x) == -0.5
    assert optim.adjust(state, learning_rate=0.5) != state
