import numpy as np
import pytest
from asserts import assert_close, assert_equal
from optim.catalogue import brief, each_rule, example, label

import xdl
from xdl import optim

WHICH = [
    "rest",
    ["rest.0", "rest.1"],
    {"rest": True, "w": False},
    lambda path, x: x.ndim < 2,
    {"rest": (True, True)},
]


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize("where", WHICH, ids=label)
def test_a_frozen_leaf_rests_with_what_is_remembered_of_it(xp, where, donate):
    params, grads = example(xp)
    rule = optim.Adam(0.1)
    start = xdl.tree.map(lambda x: xp.asarray(x, copy=True), params)
    new, state = optim.update(rule, start, grads, optim.init(rule, params), donate=donate)
    kept, memory = xdl.tree.map(lambda x: xp.asarray(x, copy=True), (new["rest"], state.leaves[:2]))
    frozen = optim.freeze(state, new, where)
    moved, frozen = optim.update(rule, new, grads | {"rest": None}, frozen, donate=donate)
    assert_equal(moved["rest"], kept)
    assert_equal(frozen.leaves[:2], memory)
    free, plain = optim.update(rule, params, grads, optim.init(rule, params))
    free, plain = optim.update(rule, free, grads, plain)
    assert_close(moved["w"], free["w"])


@each_rule
def test_a_thawed_leaf_goes_on(rule):
    params, grads = example(np)
    state = optim.init(rule, params)
    frozen = optim.freeze(optim.freeze(state, params, "w"), params, "rest.0")
    assert frozen.frozen == (0, 2)
    assert optim.thaw(frozen, params, "w").frozen == (0,)
    assert_equal(optim.thaw(frozen, params), state)
    assert optim.thaw(frozen, params).frozen == ()
    new, frozen = optim.update(rule, params, grads, frozen)
    assert_equal((new["w"], new["rest"][0]), (params["w"], params["rest"][0]))
    new, _ = optim.update(rule, new, grads, optim.thaw(frozen, new, "w"))
    if "Accumulate" not in brief(rule):
        assert not np.array_equal(new["w"], params["w"])


def test_all_may_rest():
    params = (np.ones(2), np.ones(2))
    rule = optim.chain(optim.clip_by_norm(1.0), optim.SGD(lambda count: 0.5))
    state = optim.freeze(optim.init(rule, params), params, "")
    new, state = optim.update(rule, params, (None, None), state)
    assert_equal(new, params)
    assert state.count == 1


def test_a_norm_is_that_of_what_moves():
    rule, params = optim.chain(optim.clip_by_norm(1.0), optim.SGD(1.0)), {"a": np.zeros(1), "b": np.zeros(1)}
    state = optim.freeze(optim.init(rule, params), params, "a")
    new, _ = optim.update(rule, params, {"a": np.asarray([1e9]), "b": np.asarray([0.5])}, state)
    assert_equal(new, {"a": np.asarray([0.0]), "b": np.asarray([-0.5])})


def test_a_compiled_step_does_without_a_frozen_leaf():
    jax = pytest.importorskip("jax")
    rule, params = optim.Adam(0.5), {"a": jax.numpy.ones(2), "b": jax.numpy.ones(2)}
    step = jax.jit(lambda p, s: optim.update(rule, p, p, s))
    state = optim.init(rule, params)
    new, _ = step(params, optim.freeze(state, params, "a"))
    np.testing.assert_array_equal(new["a"], 1.0)
    np.testing.assert_allclose(new["b"], 0.5, rtol=1e-5)
    assert "a" not in str(step(params, state)[1].frozen)


def test_what_is_not_updated_cannot_rest():
    params = {"w": np.ones(2), "n": np.asarray(3)}
    state = optim.freeze(optim.init(optim.SGD(), params), params, "")
    assert state.frozen == (1,)


def test_wrong_places_are_refused():
    params = {"layers": [np.ones(2), np.ones(2)], "head": np.ones(1)}
    state = optim.init(optim.SGD(), params)
    with pytest.raises(
        ValueError, match="`where` has path 'layer', where no leaf is; there are 'head', 'layers.0'"
    ):
        optim.freeze(state, params, "layer")
    with pytest.raises(TypeError, match="`where` must be a function or a tree of bool, got 1 at 'head'"):
        optim.freeze(state, params, {"head": 1})
    with pytest.raises(xdl.TreeError, match="made for 3 leaves, `params` has 1"):
        optim.freeze(state, np.ones(2), "")
