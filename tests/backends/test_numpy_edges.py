"""Products of large sparse matrices by SciPy, by blocks without it, and by the definition are the same."""

import numpy as np
import pytest
from asserts import assert_close

from xdl.rl._edges import expected_next
from xdl_numpy import edges

RNG = np.random.default_rng(0)


def process(dtype, counts):
    """Arguments of a matrix with so many entries in each row."""
    start = np.concatenate([[0], np.cumsum(counts)])
    n = int(start[-1])
    row, target = np.repeat(np.arange(len(counts)), counts), RNG.integers(0, 500, n)
    return RNG.random(n).astype(dtype), target, row, start, RNG.normal(size=500).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
def test_sparse_products(monkeypatch, dtype):
    args = process(dtype, RNG.integers(0, 4, edges.LARGE))
    expected = expected_next.definition(*args)
    found = expected_next(*args)
    assert edges._scipys() is not None
    assert found.dtype == dtype
    assert_close(found, expected)
    monkeypatch.setattr(edges, "_scipys", lambda: None)
    assert_close(expected_next(*args), expected)


@pytest.mark.parametrize(("rows", "length"), [(5000, 1), (1001, 70), (3, edges.BLOCK + 1)])
def test_rows_of_one_length(monkeypatch, rows, length):
    """More than a block of them, and rows longer than a block."""
    monkeypatch.setattr(edges, "_scipys", lambda: None)
    args = process(np.float64, [length] * rows)
    assert_close(expected_next(*args), expected_next.definition(*args))


def test_parts_that_threads_share():
    """Rows from the middle, whose entries begin elsewhere."""
    args = probability, target, _, start, value = process(np.float64, RNG.integers(0, 4, 1000))
    sums, expected = np.zeros(1000), expected_next.definition(*args)
    for first, last in ((0, 300), (300, 301), (301, 1000)):
        edges._by_scipy(edges._scipys(), probability, target, start, value, sums, first, last)
    assert_close(sums, expected)


def test_small_matrices_do_not_wait_for_scipy(monkeypatch):
    monkeypatch.setattr(edges, "_scipys", lambda: pytest.fail("SciPy was sought"))
    args = process(np.float32, [2, 0, 3])
    assert_close(expected_next(*args), expected_next.definition(*args))
