import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from optim.catalogue import example, label

import xdl
from xdl import optim


def by_path(labels, rules=None):
    return optim.partition(rules or {"slow": optim.SGD(0.25), "fast": optim.SGD(1.0)}, labels)


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize(
    "labels",
    [
        {"w": "slow", "rest": "fast"},
        {"": "fast", "w": "slow"},
        {"w": "slow", "rest": ("fast", "fast")},
        {"w": "slow", "rest.0": "fast", "rest.1": "fast"},
        lambda path, x: "slow" if path == "w" and x.ndim == 2 else "fast",
    ],
    ids=label,
)
def test_each_rule_has_its_leaves(xp, labels, donate):
    params, grads = example(xp)
    expected = xdl.tree.map_with_path(
        lambda path, pair: pair, {"w": params["w"] - 0.25 * grads["w"], "rest": _minus(params, grads)}
    )
    rule = by_path(labels)
    params = xdl.tree.map(lambda x: xp.asarray(x, copy=True), params)
    new, _ = optim.update(rule, params, grads, optim.init(rule, params), donate=donate)
    assert_close(new, expected)


def _minus(params, grads):
    return tuple(x - g for x, g in zip(params["rest"], grads["rest"], strict=True))


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.xp_skip("jax", reason="the walk is the same, and each is a program")
def test_a_group_is_the_rule_for_its_leaves_alone(xp, donate):
    """With the state of each leaf, and in any order of the leaves."""
    params, grads = example(xp)
    rule = by_path({"w": "b", "rest.0": "a", "rest.1": "b"}, {"a": optim.RMSprop(0.1), "b": optim.Adam(0.1)})
    state = optim.init(rule, params)
    new = xdl.tree.map(lambda x: xp.asarray(x, copy=True), params)
    for _ in range(3):
        new, state = optim.update(rule, new, grads, state, donate=donate)
    for part, own in (
        (lambda p: (p["w"], p["rest"][1]), rule.rules[1]),
        (lambda p: p["rest"][0], rule.rules[0]),
    ):
        alone, other = part(params), optim.init(own, part(params))
        for _ in range(3):
            alone, other = optim.update(own, alone, part(grads), other)
        assert_close(part(new), alone)


def test_a_tree_of_labels_may_be_a_module():
    class Line(xdl.Module):
        slope: object
        offset: object

    line = Line(np.ones(2), np.ones(2))
    rule = by_path(Line("slow", "fast"))
    new, _ = optim.update(rule, line, line, optim.init(rule, line))
    assert_equal((new.slope, new.offset), (np.full(2, 0.75), np.zeros(2)))


@pytest.mark.parametrize("donate", [False, True])
def test_a_group_without_a_rule_rests(xp, donate):
    params, grads = example(xp)
    rule = by_path({"": "none", "w": "some"}, {"none": None, "some": optim.Adam()})
    state = optim.init(rule, params)
    assert [own is None for own in state.leaves] == [True, True, False]
    new, state = optim.update(rule, params, grads | {"rest": None}, state, donate=donate)
    assert new["rest"] is params["rest"] or new["rest"][0] is params["rest"][0]
    assert_equal(optim.evaluation_params(state, new), new)


def test_a_norm_is_that_of_the_group():
    clipped = optim.chain(optim.clip_by_norm(1.0), optim.SGD(1.0))
    params = {"a": np.zeros(1), "b": np.zeros(1)}
    grads = {"a": np.asarray([3.0]), "b": np.asarray([4.0])}
    apart = by_path({"a": "x", "b": "y"}, {"x": clipped, "y": clipped})
    together = optim.chain(optim.clip_by_norm(1.0), by_path({"a": "slow", "b": "fast"}))
    new, _ = optim.update(apart, params, grads, optim.init(apart, params))
    assert_equal(new, {"a": np.asarray([-1.0]), "b": np.asarray([-1.0])})
    new, _ = optim.update(together, params, grads, optim.init(together, params))
    assert_close(new, {"a": np.asarray([-0.15]), "b": np.asarray([-0.8])})


def test_numbers_of_one_group_are_adjusted(xp):
    params, grads = example(xp)
    rule = optim.chain(optim.clip_by_norm(1e9), by_path({"w": "slow", "rest": "fast"}))
    state = optim.init(rule, params)
    both = optim.adjust(state, learning_rate=0.5)
    one = optim.adjust(state, group="slow", learning_rate=0.5)
    for changed, rate in ((both, 0.5), (one, 1.0)):
        new, _ = optim.update(rule, params, grads, changed)
        assert_close(new["w"], params["w"] - 0.5 * grads["w"])
        assert_close(new["rest"][1], params["rest"][1] - rate * grads["rest"][1])
    with pytest.raises(ValueError, match="no group 'medium'"):
        optim.adjust(state, group="medium", learning_rate=0.5)
    with pytest.raises(
        ValueError, match="group 'slow' has no hyperparameter 'max_norm'; it has learning_rate"
    ):
        optim.adjust(state, group="slow", max_norm=0.5)


def test_a_schedule_in_a_group(xp):
    params, grads = example(xp)
    rule = by_path(
        {"w": "a", "rest": "b"}, {"a": optim.SGD(lambda count: 1 / (1 + count)), "b": optim.Adam(0.5)}
    )
    state = optim.init(rule, params)
    for _ in range(2):
        params, state = optim.update(rule, params, grads, state)
    first, _ = example(xp)
    np.testing.assert_allclose(
        values(params["w"]), values(first["w"] - 1.5 * grads["w"]), rtol=1e-5, atol=1e-6
    )


def test_wrong_groups_are_refused():
    params = {"encoder": np.ones(2), "head": np.ones(2)}
    for labels, match in [
        ({"encoder": "slow"}, "leaf 'head' has label None, and there are rules for slow, fast"),
        ({"encoder": "slow", "head": "medium"}, "leaf 'head' has label 'medium'"),
        (
            {"": "slow", "encodr": "fast"},
            "`labels` has path 'encodr', where no leaf is; there are 'encoder', 'head'",
        ),
        (lambda path, x: None, "leaf 'encoder' has label None"),
    ]:
        with pytest.raises(ValueError, match=match):
            optim.init(by_path(labels), params)
    with pytest.raises(TypeError, match="`labels` must be a function or a tree of str, got 3 at 'a'"):
        by_path({"a": 3})
    with pytest.raises(TypeError, match="rules or None for values, got 'a': 0.1"):
        by_path({"": "a"}, {"a": 0.1})
    with pytest.raises(TypeError, match="`rules` must be a dictionary"):
        optim.partition([optim.SGD()], {"": "a"})
    with pytest.raises(ValueError, match="rule 'a' changes the gradient but makes no step"):
        by_path({"": "a"}, {"a": optim.clip_by_norm(1.0)})
    with pytest.raises(ValueError, match="at least one leaf"):
        optim.init(by_path({"": "a"}, {"a": None}), params)


def test_partitions_are_compared_by_value():
    assert by_path({"a": "slow"}) == by_path({"a": "slow"})
    assert hash(by_path({"a": "slow"})) == hash(by_path({"a": "slow"}))
    assert by_path({"a": "slow"}) != by_path({"a": "fast"})
