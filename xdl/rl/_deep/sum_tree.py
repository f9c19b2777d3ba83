"""Draws with probabilities that change: a tree of sums, in one array."""

from xdl import nn
from xdl.core import Array, array_namespace
from xdl.core._namespace import device_of
from xdl.rl._slots import put_rows

__all__ = ["change_leaves", "draw_leaves", "leaves_of", "total"]

# A tree of n leaves, a power of two, is an array of 2n numbers: node k has the sum of nodes 2k and 2k + 1, the
# root is 1, leaf i is n + i. Node 0 is not used.


def total(sums: Array) -> Array:
    """Sum () of all leaves."""
    return sums[1]


def leaves_of(sums: Array, index: Array) -> Array:
    """Numbers of the leaves at an index (b,)."""
    return array_namespace(sums).take(sums, index + sums.shape[0] // 2)


def change_leaves(sums: Array, index: Array, values: Array) -> Array:
    """Set leaves, and the sums above them; the old tree is given up.

    Parameters
    ----------
    sums : (2 * n,) array
        Tree.
    index : (b,) array of integers
        Which leaves; of values for the same leaf the largest counts.
    values : (b,) array
        Numbers that are not negative.
    """
    xp = array_namespace(sums)
    half = sums.shape[0] // 2
    ordered = xp.sort(index)
    group = xp.searchsorted(ordered, index)
    largest = nn.segment_max(values, group, num_segments=index.shape[0])
    node = index + half
    sums = put_rows(sums, node, xp.take(largest, group))
    # what a node has is computed anew from below, never changed by a difference: no error adds up
    for _ in range(half.bit_length() - 1):
        node = node // 2
        sums = put_rows(sums, node, xp.take(sums, 2 * node) + xp.take(sums, 2 * node + 1))
    return sums


def draw_leaves(sums: Array, height: Array) -> Array:
    """Find the leaves in which heights fall, if all leaves are stacked.

    Parameters
    ----------
    sums : (2 * n,) array
        Tree, with at least one leaf that is not 0.
    height : (b,) array
        In [0, total).

    Returns
    -------
    (b,) array of integers
        Leaves, never one of 0.
    """
    xp = array_namespace(sums)
    half = sums.shape[0] // 2
    node = xp.full(height.shape, 1, device=device_of(height))
    for _ in range(half.bit_length() - 1):
        left = xp.take(sums, 2 * node)
        # by rounding a height may pass the left sum where there is nothing to the right
        right = (height >= left) & (xp.take(sums, 2 * node + 1) > 0)
        height = xp.where(right, height - left, height)
        node = 2 * node + xp.astype(right, node.dtype)
    return node - half
