import numpy as np
import pytest
from asserts import assert_close, assert_equal
from optim.catalogue import each_rule, example

import xdl
from xdl import optim

OTHER = ("ExponentialAverage", "ScheduleFree", "Lookahead")


@each_rule
def test_they_have_the_kind_of_the_parameters(xp, rule):
    params, grads = example(xp)
    state = optim.init(rule, params)
    assert_close(optim.evaluation_params(state, params), params)
    params, state = optim.update(rule, params, grads, state)
    found = optim.evaluation_params(state, params)
    for x, y in zip(xdl.tree.leaves(found), xdl.tree.leaves(params), strict=True):
        assert (type(x), x.dtype, x.shape) == (type(y), y.dtype, y.shape)
    if not any(name in repr(rule) for name in OTHER):
        assert_equal(found, params)


def test_what_is_not_updated_is_kept():
    rule = optim.chain(optim.SGD(1.0), optim.exponential_average(0.5))
    params = {"w": np.ones(2), "n": np.asarray(3), "name": "a"}
    new, state = optim.update(
        rule, params, {"w": np.ones(2), "n": None, "name": None}, optim.init(rule, params)
    )
    found = optim.evaluation_params(state, new)
    assert found["n"] is params["n"]
    assert found["name"] == "a"
    np.testing.assert_array_equal(found["w"], 0.5)


def test_a_compiled_program_may_ask_for_them():
    jax = pytest.importorskip("jax")
    rule, x = optim.ScheduleFreeSGD(0.5), jax.numpy.ones(3)
    found = jax.jit(lambda x: optim.evaluation_params(optim.update(rule, x, x, optim.init(rule, x))[1], x))(x)
    assert found.shape == (3,)


def test_parameters_of_another_tree_are_refused():
    state = optim.init(optim.SGD(), np.ones(2))
    with pytest.raises(xdl.TreeError, match="made for 1 leaves, `params` has 2"):
        optim.evaluation_params(state, (np.ones(2), np.ones(2)))
