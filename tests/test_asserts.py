"""The comparisons that every other test relies on fail where they should."""

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, widest

from xdl.testing import mock

WRONG = {
    "another value": lambda xp, x: (1.1 * x, x),
    "another value, hardly": lambda xp, x: (x * (1 + 1e-4), x),
    "another shape": lambda xp, x: (x[:1], x),
    "a shape that broadcasts": lambda xp, x: (x[None, :], x),
    "another dtype": lambda xp, x: (xp.astype(x, xp.int32), x),
    "a number for an array": lambda xp, x: (1.0, x[0]),
    "an array for a number": lambda xp, x: (x[0], 1.0),
    "an integer for a float": lambda xp, x: (1, 1.0),
    "a list for an array": lambda xp, x: ([1.0, 2.0], x),
    "another library": lambda xp, x: (
        np.ones(2, np.float32) if not isinstance(x, np.ndarray) else mock.ones(2),
        x,
    ),
    "NaN": lambda xp, x: (x * xp.nan, x),
    "another container": lambda xp, x: ((x,), [x, x]),
    "another key": lambda xp, x: ({"a": x}, {"b": x}),
    "a leaf missing": lambda xp, x: ((x, None), (x, x)),
}


@pytest.mark.parametrize("name", WRONG)
def test_fails_on(xp, name):
    actual, desired = WRONG[name](xp, xp.asarray([1.0, 2.0], dtype=xp.float32))
    for check in (assert_close, assert_equal):
        with pytest.raises(AssertionError):
            check(actual, desired)


def test_passes_on_the_same(xp):
    x = xp.asarray([1.0, xp.nan, xp.inf], dtype=xp.float32)
    for check in (assert_close, assert_equal):
        check(x, x + 0)
        check({"a": (x, 2.0, None)}, {"a": (x, 2.0, None)})
        check(x[:1], [1.0], like=x)
        check(x[:1], np.ones(1), like=x)
    assert_close(x * (1 + 1e-6), x)
    with pytest.raises(AssertionError):
        assert_equal(x * (1 + 1e-6), x)


def test_like_asks_for_library_dtype_and_device(xp):
    x = xp.asarray([1.0, 2.0], dtype=xp.float32)
    other = np.ones(2, np.float32) if not isinstance(x, np.ndarray) else mock.ones(2)
    for wrong in (xp.astype(x, xp.int32), other, x[:1], [1.0, 2.0]):
        with pytest.raises((AssertionError, TypeError)):
            assert_close(wrong, [1.0, 2.0], like=x)


def test_devices_are_told_apart():
    x = mock.ones(2)
    with pytest.raises(AssertionError, match="expected device"):
        assert_close(x.to_device(mock.Device("device1")), x)


def test_a_changed_argument_is_seen():
    def spoils(x):
        x += 1
        return x

    with pytest.raises(AssertionError, match="changed its own argument"):
        also_jit(spoils, np.ones(2))


@pytest.mark.xp_only("jax", reason="JAX compiles differently here on purpose")
def test_a_compiled_function_that_differs_is_seen(xp):
    import jax

    def differs(x):
        return x if isinstance(x, jax.core.Tracer) else 2 * x

    with pytest.raises(AssertionError):
        also_jit(differs, xp.ones(2))


def test_widest(xp):
    assert str(xp.ones(1, dtype=widest(xp)).dtype).split(".")[-1] in ("float32", "float64")
