"""Numbers of both kinds are the same numbers: Python's floats, and arrays of one entry or of many."""

import math

import numpy as np
import pytest
from asserts import assert_equal, values, widest

from xdl.optim._scalars import OfArrays, OfFloats

NUMBERS = (0.0, -0.0, 1.0, -2.5, 1e-300, 1e300, math.inf, -math.inf, math.nan)
PAIRS = [(a, b) for a in NUMBERS for b in NUMBERS]
UNARY = ("sqrt", "abs", "isfinite", "constant", "expand")
BINARY = ("divide", "maximum", "minimum")


def kinds(xp):
    """Numbers of one problem on the host, and those of ``PAIRS`` and of ``NUMBERS`` side by side."""
    dtype = widest(xp)
    many = lambda n: OfArrays(xp.zeros((n, 3), dtype=dtype), xp)
    return OfFloats(xp.zeros((3,), dtype=dtype), xp), many(len(PAIRS)), many(len(NUMBERS))


def floats(numbers, dtype):
    """Python's numbers as an array of that precision holds them."""
    with np.errstate(over="ignore"):
        return np.asarray(numbers, dtype=np.float64).astype(dtype).astype(np.float64).tolist()


def array(xp, numbers):
    dtype = widest(xp)
    return xp.asarray(floats(numbers, "float64" if dtype == xp.float64 else "float32"), dtype=dtype)


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers(xp, name):
    host, many, _ = kinds(xp)
    x, y = (array(xp, [pair[k] for pair in PAIRS]) for k in (0, 1))
    with np.errstate(all="ignore"):
        found = getattr(many, name)(x, y)
    assert found.shape == (len(PAIRS),)
    assert found.dtype == x.dtype
    pairs = zip(floats(values(x), values(x).dtype), floats(values(y), values(y).dtype), strict=True)
    expected = [getattr(host, name)(a, b) for a, b in pairs]
    # the sign of a zero may differ, and single precision is not the host's
    np.testing.assert_allclose(values(found), floats(expected, values(found).dtype), rtol=1e-6)


@pytest.mark.parametrize("name", UNARY[:3])
def test_functions_of_one_number(xp, name):
    host, _, many = kinds(xp)
    x = array(xp, NUMBERS)
    with np.errstate(all="ignore"):
        found = getattr(many, name)(x)
    expected = [getattr(host, name)(a) for a in floats(values(x), values(x).dtype)]
    np.testing.assert_allclose(values(found), expected, rtol=1e-6)


def test_division_is_that_of_the_standard_for_floats(xp):
    host, many, _ = kinds(xp)
    assert host.divide(3.0, 0.0) == math.inf
    assert host.divide(-3.0, 0.0) == -math.inf
    assert math.isnan(host.divide(0.0, 0.0))
    assert host.divide(3.0, 2.0) == 1.5
    found = values(many.divide(array(xp, [1.0] * len(PAIRS)), 0.0))
    assert np.all(np.isposinf(found))


def test_numbers_out_of_vectors(xp, syncs):
    host, _, many = kinds(xp)
    x = xp.reshape(xp.linspace(-2.0, 3.0, 3 * len(NUMBERS), dtype=widest(xp)), (len(NUMBERS), 3))
    dots, largest = values(many.dot(x, 2.0 * x)), values(many.largest(x))
    for k, row in enumerate(values(x)):
        one = xp.asarray(row.tolist(), dtype=x.dtype)
        found = host.dot(one, 2.0 * one), host.largest(one)
        assert all(type(value) is float for value in found)
        np.testing.assert_allclose(found, (dots[k], largest[k]), rtol=1e-6)
        assert type(host.number(xp.sum(one))) is float


def test_vectors_without_entries(xp):
    x = xp.zeros((0,), dtype=xp.float32)
    assert OfFloats(x, xp).largest(x) == 0.0
    for batch in ((4,), ()):
        x = xp.zeros((*batch, 0), dtype=xp.float32)
        many = OfArrays(x, xp)
        assert_equal(many.largest(x), np.zeros(batch), like=xp.zeros(batch, dtype=xp.float32))
        assert_equal(many.constant(2.0), np.full(batch, 2.0), like=xp.zeros(batch, dtype=xp.float32))


def test_constants_are_of_the_batch_the_dtype_and_the_device(xp):
    x = xp.zeros((4, 3), dtype=xp.float32)
    many = OfArrays(x, xp)
    assert_equal(many.constant(0.1), np.full(4, np.float32(0.1)), like=x)
    assert_equal(many.integer(3), np.full(4, 3), like=xp.zeros(4, dtype=xp.int32))
    assert many.eps == OfFloats(x, xp).eps == float(np.finfo(np.float32).eps)


@pytest.mark.parametrize("one", [1.0, 2, True])
def test_where_takes_numbers_of_python_and_arrays(xp, one):
    host, _, many = kinds(xp)
    n = len(NUMBERS)
    yes = xp.asarray([k % 2 == 0 for k in range(n)])
    other = {float: 0.5, int: 7, bool: False}[type(one)]
    found = many.where(yes, one, other)
    expected = [host.where(k % 2 == 0, one, other) for k in range(n)]
    dtype = {float: widest(xp), int: xp.int32, bool: xp.bool}[type(one)]
    assert_equal(found, expected, like=xp.zeros(n, dtype=dtype))
    assert_equal(many.where(yes, found, other), expected, like=found)
    assert_equal(many.where(True, found, other), found)


def test_where_keeps_the_dtype_of_arrays(xp):
    many = kinds(xp)[2]
    counts = many.integer(2)
    found = many.where(counts > 1, counts, 0)
    assert_equal(found, counts)


def test_choice_among_trees(xp):
    host, _, many = kinds(xp)
    n = len(NUMBERS)
    yes = xp.asarray([k % 2 == 0 for k in range(n)])
    x = {"a": xp.ones((n, 2, 3), dtype=xp.float32), "b": (xp.ones((n,), dtype=xp.int32),)}
    y = {"a": xp.zeros((n, 2, 3), dtype=xp.float32), "b": x["b"]}
    found = many.select(yes, x, y)
    expected = np.where(np.arange(n)[:, None, None] % 2 == 0, 1.0, np.zeros((n, 2, 3)))
    assert_equal(found["a"], expected, like=x["a"])
    assert found["b"][0] is x["b"][0], "what is the same in both is not copied"
    assert host.select(True, x, y) is x
    assert host.select(False, x, y) is y


def test_conditions(xp):
    host, _, many = kinds(xp)
    n = len(NUMBERS)
    some = xp.asarray([k == 1 for k in range(n)])
    assert bool(values(many.any(some)))
    assert not bool(values(many.any(many.negate(some | many.negate(some)))))
    assert host.any(True)
    assert not host.negate(True)


def test_numbers_are_factors_of_vectors(xp):
    host, _, many = kinds(xp)
    x = xp.ones((len(NUMBERS), 3), dtype=widest(xp))
    assert_equal(many.expand(many.constant(2.0)) * x, 2.0 * x)
    assert_equal(many.expand(2.0) * x, 2.0 * x)
    assert host.expand(2.0) == 2.0
