"""Rows written into tables."""

import numpy as np
import pytest

import xdl
from xdl.rl._slots import put_rows


@pytest.mark.xp_skip("jax-x32", reason="as with float64, and slow")
def test_rows_are_where_they_should_be(xp):
    """On every library, in place or not, and by the portable definition."""
    for shape in ((), (2,), (2, 3)):
        old = np.arange(6 * int(np.prod(shape)), dtype=np.float32).reshape(6, *shape)
        rows = -np.ones((4, *shape), np.float32)
        rows[1] = rows[3] = -2
        slots = np.asarray([4, 0, 5, 0])
        expected = old.copy()
        expected[slots] = rows
        for put in (put_rows, put_rows.definition):
            found = put(xp.asarray(old.copy()), xp.asarray(slots), xp.asarray(rows))
            np.testing.assert_array_equal(xdl.to_numpy(found), expected)
            flags = put(xp.asarray(old.copy() > 3), xp.asarray(slots), xp.asarray(rows > -2))
            written = np.where(expected < 0, expected > -2, old > 3)
            np.testing.assert_array_equal(xdl.to_numpy(flags), written)


def test_numpy_and_torch_write_in_place():
    import torch

    for table, slots in ((np.zeros(3), np.asarray([1])), (torch.zeros(3), torch.asarray([1]))):
        assert put_rows(table, slots, table[1:2] + 1) is table
        assert table[1] == 1
