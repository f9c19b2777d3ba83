"""Trees of sums against sums."""

import numpy as np
import pytest

import xdl
from xdl.rl._deep.sum_tree import change_leaves, draw_leaves, leaves_of, total


def brute_force(values, height):
    """First leaf whose running total is above the height."""
    return np.searchsorted(np.cumsum(values), height, side="right")


@pytest.mark.xp_skip("jax-x32", reason="as with float64, and slow")
def test_leaves_and_draws_are_those_of_a_list(xp):
    """After changes in which leaves repeat: the largest counts."""
    rng = np.random.default_rng(0)
    values = np.zeros(16, np.float32)
    sums = xp.zeros((32,), dtype=xp.float32)
    for _ in range(4):
        index, new = rng.integers(0, 13, 9), rng.integers(0, 9, 9).astype(np.float32)
        sums = change_leaves(sums, xp.asarray(index), xp.asarray(new))
        for i in set(index.tolist()):
            values[i] = new[index == i].max()
    assert float(total(sums)) == values.sum()
    np.testing.assert_array_equal(xdl.to_numpy(leaves_of(sums, xp.arange(16))), values)
    # integers too, where one leaf ends and the next begins
    height = np.arange(0, values.sum(), 0.5, dtype=np.float32)
    found = xdl.to_numpy(draw_leaves(sums, xp.asarray(height)))
    np.testing.assert_array_equal(found, brute_force(values, height))


def test_no_leaf_of_zero_is_drawn():
    """Also where rounding carries a height past all others."""
    sums = np.zeros(16, np.float32)
    sums = change_leaves(sums, np.asarray([0, 5]), np.asarray([1e-3, 1e4], np.float32))
    height = np.asarray([0.0, total(sums), 2 * total(sums)], np.float32)
    np.testing.assert_array_equal(draw_leaves(sums, height), [0, 5, 5])


@pytest.mark.parametrize("leaves", [1, 2])
def test_small_trees(leaves):
    sums = change_leaves(np.zeros(2 * leaves, np.float32), np.asarray([0]), np.asarray([2.0], np.float32))
    assert total(sums) == 2
    np.testing.assert_array_equal(draw_leaves(sums, np.asarray([0.0, 1.9], np.float32)), [0, 0])
