import math

import numpy as np
import pytest
from asserts import assert_close, values
from oracles import widest

import xdl
from xdl.nn._erf import erfc


def test_definition_is_accurate_in_both_tails(xp64):
    """To a few units in the last place, relatively; `math.erfc` is the C library's."""
    x = xp64.asarray(np.linspace(-6, 26, 3001), dtype=xp64.float64)
    expected = np.asarray([math.erfc(v) for v in values(x)])
    with xdl.portable():
        assert_close(erfc(x), expected, like=x, rtol=1e-14, atol=0)


def test_values(xp):
    x = xp.asarray([-30.0, -4.0, -0.46875, 0.0, 0.46875, 0.5, 4.0, 4.5, 30.0], dtype=widest(xp))
    expected = [math.erfc(v) for v in values(x)]
    assert_close(erfc(x), expected, like=x, rtol=2e-6 if widest(xp) == xp.float32 else 1e-12)


def test_limits(xp):
    x = xp.asarray([-math.inf, math.inf, math.nan], dtype=xp.float32)
    for found in (erfc(x), erfc.definition(x)):
        np.testing.assert_array_equal(values(found), np.float32([2, 0, math.nan]))


@pytest.mark.xp_skip("mock", reason="check_grads compares values on the host")
def test_gradients(xp64):
    x = xp64.asarray([-2.0, -0.3, 0.0, 0.2, 1.0, 3.9, 4.1], dtype=xp64.float64)
    xdl.check_grads(erfc, (x,))
    with xdl.portable():
        xdl.check_grads(erfc, (x,), order=1)
