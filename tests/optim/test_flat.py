"""Trees as vectors, and back."""

import numpy as np
import pytest
from asserts import assert_equal

from xdl.optim._flat import Flat


def params(xp, lead=()):
    make = lambda shape, value: xp.full((*lead, *shape), value, dtype=xp.float32)
    return {"b": (make((), 3.0), make((0, 2), 4.0)), "a": make((2, 3), 1.0), "c": [make((1,), 2.0)]}


@pytest.mark.parametrize("lead", [(), (5,)])
def test_there_and_back(xp, lead):
    tree = params(xp, lead)
    flat = Flat(tree, batched=bool(lead))
    x = flat.flatten(tree)
    assert flat.size == 8
    assert flat.batch == lead
    assert_equal(x, np.broadcast_to([1.0] * 6 + [3.0, 2.0], (*lead, 8)), like=tree["a"])
    assert_equal(flat.unflatten(x), tree)


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,)])
def test_a_single_array(xp, shape):
    x0 = xp.ones(shape, dtype=xp.float32)
    flat = Flat(x0)
    x = flat.flatten(x0)
    assert x.shape == (flat.size,)
    assert_equal(flat.unflatten(x), x0)


def test_a_vector_is_itself(xp):
    for x0, batched in ((xp.ones((3,)), False), (xp.ones((4, 3)), True)):
        flat = Flat(x0, batched=batched)
        assert flat.flatten(x0) is x0
        assert flat.unflatten(x0) is x0


def test_further_leading_axes_are_kept(xp):
    """Such as that of the directions of a Hessian."""
    tree = params(xp)
    flat = Flat(tree)
    x = flat.flatten(tree)
    found = flat.unflatten(xp.stack([x, x, x]))
    assert_equal(found, params(xp, (3,)))


def test_wrong_parameters_are_refused(xp):
    x = xp.ones((2,), dtype=xp.float32)
    whole = xp.ones((2,), dtype=xp.int32)
    with pytest.raises(TypeError, match=r"'w' of `x0` must be of a real floating-point dtype.*floats"):
        Flat({"w": whole})
    with pytest.raises(TypeError, match=r"`x0` must be of a real.*real and imaginary parts apart"):
        Flat(xp.ones((2,), dtype=xp.complex64))
    with pytest.raises(TypeError, match=r"'v' of `x0` must be an array, got 1.0"):
        Flat({"u": x, "v": 1.0})
    with pytest.raises(ValueError, match="at least one array"):
        Flat({})
    with pytest.raises(ValueError, match=r"one leading axis of equal length.*\(2,\) and \(3,\)"):
        Flat([x, xp.ones((3,), dtype=xp.float32)], batched=True)
    with pytest.raises(ValueError, match="one leading axis"):
        Flat(xp.ones((), dtype=xp.float32), batched=True)


def test_leaves_of_two_dtypes_are_refused(xp64):
    leaves = [xp64.ones((2,), dtype=xp64.float32), xp64.ones((2,), dtype=xp64.float64)]
    with pytest.raises(TypeError, match=r"one dtype.*'1'"):
        Flat(leaves)
