"""Products of matrices on the tape; the rule itself is scanned in test_registry.py."""

import numpy as np
import pytest

import xdl
from xdl.autodiff._product import product
from xdl.testing import mock


def test_dtypes_are_promoted_as_by_the_standard(xp64):
    a, b = xp64.ones((2, 3), dtype=xp64.float32), xp64.ones((3,), dtype=xp64.float64)
    with mock.allow("promotion"):
        assert product(a, b).dtype == product(b, xp64.ones((3, 2), dtype=xp64.float32)).dtype == xp64.float64


def test_large_products_get_memory_that_is_free_again():
    """And never memory that a part of the program still holds."""
    a, b = np.ones((300, 20)), np.ones((20, 200))

    def f(a):
        first = a @ b
        second = (2.0 * a) @ b
        kept = xdl.stop_gradient(first)._value
        assert not np.shares_memory(kept, second._value)
        return xdl.array_namespace(a).sum(first * second)

    value, slope = xdl.value_and_grad(f, engine="tape")(a)
    assert value == 2 * 300 * 200 * 20.0**2
    np.testing.assert_allclose(slope, 4 * 20 * 200 * np.ones_like(a))


def test_shapes_that_do_not_fit_are_refused_as_by_the_library():
    with pytest.raises(ValueError, match="matmul"):
        xdl.grad(lambda a: (a @ a)[0, 0], engine="tape")(np.ones((300, 200)))
