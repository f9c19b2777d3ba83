"""Trees: what is a container, what is a leaf, and what two trees that differ are told."""

import collections
from typing import Any, NamedTuple

import hypothesis.strategies as st
import pytest
from asserts import assert_equal
from hypothesis import given

import xdl
from xdl import tree


class Pair(NamedTuple):
    first: Any
    second: Any


class Layer(xdl.Module):
    weight: Any
    bias: Any
    units: int = xdl.static(default=3)


NESTED = {"b": [1, (2, None)], "a": Pair(3, Layer(4, None, units=5)), "c": {}}


def test_containers_and_leaves_in_order():
    assert tree.leaves(NESTED) == [3, 4, 1, 2]
    assert [path for path, _ in tree.leaves_with_path(NESTED)] == [
        "a.0",
        "a.1.weight",
        "b.0",
        "b.1.0",
    ]
    assert tree.leaves(None) == []
    assert tree.leaves(7) == [7]
    assert tree.leaves_with_path(7) == [("", 7)]


def test_map_keeps_the_structure():
    result = tree.map(lambda x: 10 * x, NESTED)
    assert tree.structure(result) == tree.structure(NESTED)
    assert tree.leaves(result) == [30, 40, 10, 20]
    assert type(result["a"]) is Pair
    assert result["a"].second.units == 5
    assert result["a"].second.bias is None
    assert list(result) == list(NESTED), "the caller's order of keys"
    assert tree.map(lambda x, y, z: x + y - z, NESTED, result, NESTED)["b"] == [10, (20, None)]


def test_map_with_path():
    assert tree.map_with_path(lambda path, x: f"{path}={x}", {"w": [1, 2]}) == {"w": ["w.0=1", "w.1=2"]}


def test_structures_hash_and_compare():
    assert hash(tree.structure(NESTED)) == hash(tree.structure(tree.map(str, NESTED)))
    assert tree.structure([1, 2]) != tree.structure((1, 2))
    assert tree.structure(Layer(1, 2)) != tree.structure(Layer(1, 2, units=4)), "static fields are structure"
    assert tree.structure(Layer(1, 2)) != tree.structure(Layer(1, None))


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ([1, 2], [1], "missing '1'"),
        ([1], [1, 2, 3], r"unexpected '1' \(and 1 more\)"),
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {}}, "missing 'b.c'"),
        ({"a": 1}, {"b": 1}, "missing 'a', unexpected 'b'"),
        ([1, 2], (1, 2), "containers or static fields differ"),
        (Layer(1, 2), Layer(1, 2, units=4), "containers or static fields differ"),
        (Layer(1, 2), Layer(1, None), "missing 'bias'"),
        (1, [1], "missing 'the leaf', unexpected '0'"),
    ],
)
def test_trees_that_differ_are_told_where(x, y, said):
    with pytest.raises(xdl.TreeError, match=said):
        tree.map(lambda a, b: a, x, y)
    with pytest.raises(ValueError, match="trees differ in structure"):
        tree.map(lambda a, b: a, x, y)


LEAVES = st.integers() | st.floats(allow_nan=False) | st.text(max_size=2)
TREES = st.recursive(
    LEAVES | st.none(),
    lambda children: (
        st.lists(children, max_size=3)
        | st.lists(children, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abcd"), children, max_size=3)
        | st.builds(Pair, children, children)
    ),
    max_leaves=12,
)


@given(TREES)
def test_unflatten_inverts_flatten(x):
    leaves, structure = tree.flatten(x)
    assert tree.unflatten(structure, leaves) == x
    assert leaves == tree.leaves(x) == [leaf for _, leaf in tree.leaves_with_path(x)] == list(tree.iterate(x))
    assert tree.structure(x) == structure
    paths = [path for path, _ in tree.leaves_with_path(x)]
    assert len(set(paths)) == len(paths)
    assert tree.map(lambda leaf: leaf, x) == x


def test_dictionaries_keep_their_class_and_sort_their_leaves():
    x = collections.OrderedDict(b=1, a=2)
    assert type(tree.map(str, x)) is collections.OrderedDict
    assert tree.leaves({"b": 1, "a": 2}) == tree.leaves({"a": 2, "b": 1}) == [2, 1]
    assert tree.leaves({2: "two", 10: "ten", 1: "one"}) == ["one", "two", "ten"]


def test_arrays_are_leaves(xp):
    x = {"w": xp.ones((2, 3)), "b": (xp.zeros(2), None)}
    assert_equal(tree.map(lambda a: a + 1, x), {"w": 2 * xp.ones((2, 3)), "b": (xp.ones(2), None)})


def test_unflatten_needs_as_many_leaves():
    _, structure = tree.flatten([1, 2])
    for leaves in ([1], [1, 2, 3]):
        with pytest.raises(ValueError, match=r"[Tt]oo (few|many) leaves"):
            tree.unflatten(structure, leaves)


@pytest.mark.xp_only("jax", reason="JAX's own pytrees")
def test_jax_takes_trees_of_modules(xp):
    import jax

    module = Layer(xp.ones(2), xp.zeros(2), units=7)
    result = jax.jit(lambda m: jax.tree.map(lambda x: x + 1, m))(module)
    assert_equal(result, Layer(2 * xp.ones(2), xp.ones(2), units=7))
    assert jax.tree.leaves(module)[0] is module.weight
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(module)]
    assert paths == [".weight", ".bias"]


@pytest.mark.xp_only("torch", reason="torch's own pytrees")
def test_torch_takes_trees_of_modules(xp):
    import torch

    module = Layer(xp.ones(2), xp.zeros(2), units=7)
    assert len(torch.utils._pytree.tree_leaves(module)) == 2
    grads = torch.func.grad(lambda m: torch.sum(m.weight**2) + torch.sum(m.bias))(module)
    assert_equal(grads, Layer(2 * xp.ones(2), xp.ones(2), units=7))
