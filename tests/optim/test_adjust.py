import pytest
from asserts import assert_close, assert_equal

import xdl
from xdl import optim


def test_adjust_changes_what_a_compiled_step_does(xp):
    rule, x = optim.SGD(0.5), xp.ones((2,), dtype=xp.float32)
    step = xdl.jit(lambda x, g, s: optim.update(rule, x, g, s)) if "jax" in type(x).__module__ else None
    step = step or (lambda x, g, s: optim.update(rule, x, g, s))
    state = optim.init(rule, x)
    for rate in (0.5, 0.25, 2.0):
        y, _ = step(x, x, optim.adjust(state, learning_rate=rate))
        assert_equal(y, xp.full((2,), 1 - rate, dtype=xp.float32))


@pytest.mark.parametrize("rule", [optim.SGD(0.5, 0.5), optim.Adam(0.5), optim.AdamW(0.5)], ids=repr)
def test_compiled_once_for_every_value_of_a_hyperparameter(rule):
    """What is read from the state is not frozen, and changing it compiles nothing anew."""
    jax = pytest.importorskip("jax")
    traced = []
    x = jax.numpy.ones(3)

    @jax.jit
    def step(x, state):
        traced.append(None)
        return optim.update(rule, x, x, state)

    state = optim.init(rule, x)
    found = [float(step(x, optim.adjust(state, learning_rate=rate))[0][0]) for rate in (0.5, 0.25)]
    assert 1 - found[0] == pytest.approx(2 * (1 - found[1]), rel=1e-4)
    assert len(traced) == 1


@pytest.mark.slow
def test_hyperparameters_are_not_frozen_by_torch_compile():
    torch = pytest.importorskip("torch")
    from torch._dynamo.testing import CompileCounter

    rule, x = optim.Adam(0.5), torch.ones(3)
    torch._dynamo.reset()
    counter = CompileCounter()

    @torch.compile(backend=counter, fullgraph=True)
    def step(x, state):
        return optim.update(rule, x, x, state)[0]

    state = optim.init(rule, x)
    found = [float(step(x, optim.adjust(state, learning_rate=rate))[0]) for rate in (0.5, 0.25)]
    assert found == pytest.approx([0.5, 0.75], rel=1e-5)
    assert counter.frame_count == 1


def test_adjust_refuses_what_it_does_not_know(xp):
    x = xp.ones((2,), dtype=xp.float32)
    state = optim.init(optim.Adam(), x)
    with pytest.raises(ValueError, match=r"no hyperparameter 'lr'; it has learning_rate, decay, eps"):
        optim.adjust(state, lr=0.1)
    with pytest.raises(ValueError, match=r"`decay` cannot be set to 0\.5"):
        optim.adjust(state, decay=0.5)
    with pytest.raises(ValueError, match=r"0-d array, got an array of shape \(2,\)"):
        optim.adjust(state, eps=x)
    with pytest.raises(TypeError, match="number or a 0-d array, got 'fast'"):
        optim.adjust(state, learning_rate="fast")
    with pytest.raises(ValueError, match="no hyperparameter 'momentum'"):
        optim.adjust(optim.init(optim.SGD(), x), momentum=0.9)
    scheduled = optim.init(optim.Adam(lambda count: 0.1), x)
    with pytest.raises(ValueError, match="given by a schedule"):
        optim.adjust(scheduled, learning_rate=0.1)
    assert_close(optim.adjust(state, decay=(0.5, 0.75)).values.decay[1], 0.75, like=x)
