import pytest
from asserts import assert_close, assert_equal

from xdl import optim


def test_each_rule_takes_what_the_one_before_returned(xp):
    """Clipping before the rule bounds the gradient, clipping after it bounds the step."""
    x, grad = xp.zeros((1,), dtype=xp.float32), xp.full((1,), 8.0, dtype=xp.float32)
    before = optim.chain(optim.clip_by_norm(1.0), optim.SGD(0.25))
    after = optim.chain(optim.SGD(0.25), optim.clip_by_norm(1.0))
    for donate in (False, True):
        y, _ = optim.update(before, x + 0, grad, optim.init(before, x), donate=donate)
        assert_close(y, xp.full((1,), -0.25, dtype=xp.float32))
        y, _ = optim.update(after, x + 0, grad, optim.init(after, x), donate=donate)
        assert_close(y, xp.full((1,), -1.0, dtype=xp.float32))


def test_chains_of_chains_are_flat():
    clip, rule = optim.clip_by_norm(1.0), optim.Adam()
    assert optim.chain(clip, optim.chain(clip, rule)) == optim.chain(clip, clip, rule)
    assert optim.chain(rule) == rule


def test_adjust_reaches_every_rule(xp):
    x = xp.zeros((2,), dtype=xp.float32)
    rule = optim.chain(optim.clip_by_norm(1.0), optim.clip_by_norm(2.0), optim.SGD(0.5))
    state = optim.adjust(optim.init(rule, x), max_norm=8.0, learning_rate=1.0)
    grad = xp.asarray([0.0, 4.0], dtype=xp.float32)
    new, _ = optim.update(rule, x, grad, state)
    assert_equal(new, -grad)
    with pytest.raises(ValueError, match="no hyperparameter 'eps'; it has max_norm, max_norm, learning_rate"):
        optim.adjust(state, eps=1.0)


def test_a_chain_has_one_rule_that_makes_a_step(xp):
    with pytest.raises(ValueError, match="got none"):
        optim.chain(optim.clip_by_norm(1.0))
    with pytest.raises(ValueError, match="got SGD and Adam"):
        optim.chain(optim.SGD(), optim.Adam())
    with pytest.raises(TypeError, match="takes rules"):
        optim.chain(optim.Adam, optim.SGD())
    with pytest.raises(ValueError, match="chain it with a rule"):
        optim.init(optim.clip_by_norm(1.0), xp.ones(2))
