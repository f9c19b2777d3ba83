import numpy as np
import pytest
from asserts import assert_equal, values

from xdl import nn


def test_all_axes_but_the_first_are_joined(xp):
    x = xp.asarray(np.arange(24).reshape(2, 3, 4))
    assert_equal(nn.flatten(x), values(x).reshape(2, 12), like=x)
    assert nn.flatten(x[:0, ...]).shape == (0, 12)
    assert nn.flatten(x[:, 0, 0]).shape == (2, 1)
    with pytest.raises(ValueError, match="at least one axis"):
        nn.flatten(x[0, 0, 0])
