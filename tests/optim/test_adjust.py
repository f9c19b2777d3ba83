import numpy as np
import pytest
from asserts import assert_close, assert_equal
from optim.catalogue import RULES, brief, example

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


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if "fading" not in repr(rule) and "falling" not in repr(rule)], ids=brief
)
def test_every_number_of_every_rule(rule):
    """In the state it is what was asked for; a rule with that number from the start takes the same step."""
    params, grads = example(np)
    state = optim.init(rule, params)
    names = {
        path.split(".")[0] for path, _ in xdl.tree.leaves_with_path(rule) if not path.startswith("rules")
    }
    for name in names:
        old = getattr(rule, name)
        new = xdl.tree.map(lambda number: 0.75 * number, old)
        changed = optim.adjust(state, **{name: new})
        found, _ = optim.update(rule, params, grads, changed)
        other = type(rule)(**{**rule.__dict__, name: new})
        expected, _ = optim.update(other, params, grads, optim.init(other, params))
        assert_close(found, expected)


@pytest.mark.parametrize("donate", [False, True])
def test_adjust_reaches_into_rules_made_of_rules(donate):
    x = np.asarray([1.0, -2.0])
    for make in (
        lambda rule: optim.chain(optim.accumulate(1), rule),
        lambda rule: optim.chain(optim.mixed_precision(), optim.clip_by_value(9.0), rule),
        lambda rule: optim.partition({"a": optim.chain(optim.accumulate(1), rule)}, {"": "a"}),
        lambda rule: optim.chain(rule, optim.exponential_average(0.5), optim.lookahead()),
    ):
        rule = make(optim.SGD(1.0))
        state = optim.adjust(optim.init(rule, x), learning_rate=0.25)
        new, _ = optim.update(rule, x + 0, x, state, donate=donate)
        assert_equal(new, 0.75 * x)


def test_impossible_numbers_are_refused():
    """As by the constructor; arrays are taken as they are, since their values may not be known."""
    x = np.ones(2)
    state = optim.init(optim.chain(optim.clip_by_norm(1.0), optim.Adam()), x)
    with pytest.raises(ValueError, match="`learning_rate` must be at least 0 and finite, got -0.1"):
        optim.adjust(state, learning_rate=-0.1)
    with pytest.raises(ValueError, match=r"`decay` must be in \[0, 1\), got 1.5"):
        optim.adjust(state, decay=(0.9, 1.5))
    with pytest.raises(ValueError, match="`max_norm` must be at least 0"):
        optim.adjust(state, max_norm=float("nan"))
    assert optim.adjust(state, learning_rate=np.asarray(-0.1)).values.rules[1].learning_rate == -0.1


def test_schedules_of_the_rules_inside_cannot_be_set():
    x = np.ones(2)
    state = optim.init(optim.chain(optim.accumulate(2), optim.SGD(lambda count: 0.1)), x)
    with pytest.raises(ValueError, match="given by a schedule"):
        optim.adjust(state, learning_rate=0.1)
