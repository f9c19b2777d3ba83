import numpy as np
import pytest
from asserts import assert_equal

from xdl.nn._precision import narrow, widen


def test_what_is_wide_stays(xp):
    x = xp.ones(2, dtype=xp.float32)
    assert widen(xp, x) is x
    assert narrow(xp, x, x) is x


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_is_widened_and_back(xp):
    x = xp.asarray([1.0, 3e-8], dtype=xp.float16)
    y = widen(xp, x)
    assert_equal(
        y, np.asarray([1, 3e-8], dtype=np.float16).astype(np.float32), like=xp.ones(1, dtype=xp.float32)
    )
    assert_equal(narrow(xp, y, x), x)


@pytest.mark.xp_only("torch", "jax", reason="NumPy has no bfloat16")
def test_bfloat16_is_half_precision(xp):
    assert widen(xp, xp.ones(2, dtype=xp.bfloat16)).dtype == xp.float32


@pytest.mark.parametrize("dtype", ["int32", "bool", "complex64"])
def test_other_types_are_refused(xp, dtype):
    with pytest.raises(TypeError, match="real floating-point"):
        widen(xp, xp.ones(2, dtype=getattr(xp, dtype)))
