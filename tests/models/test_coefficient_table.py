import numpy as np
from asserts import assert_close, widest
from scipy.stats import norm

from xdl.models import CoefficientTable

B, S = np.asarray([1.5, -2.0, 0.0, 30.0]), np.asarray([0.5, 1.0, 2.0, 1.5])


def test_p_values_are_those_of_the_normal_distribution(xp):
    dtype = widest(xp)
    b, s = xp.asarray(B, dtype=dtype), xp.asarray(S, dtype=dtype)
    table = CoefficientTable(b, s)
    assert_close(table.statistic, B / S, like=b)
    assert_close(table.p_value, 2 * norm.sf(np.abs(B / S)), like=b, rtol=1e-5)


def test_what_is_printed():
    lines = str(CoefficientTable(B, S)).splitlines()
    assert lines[0].split() == ["estimate", "std.", "error", "z", "p"]
    assert lines[2].split() == ["1", "-2", "1", "-2.000", "0.0455"]
    assert len(lines) == 5


def test_an_error_of_zero_divides_nothing():
    table = CoefficientTable(np.asarray([1.0]), np.asarray([0.0]))
    assert np.isfinite(table.statistic).all()
