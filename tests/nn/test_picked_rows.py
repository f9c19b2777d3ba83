import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from hypothesis import given
from hypothesis import strategies as st

import xdl
from xdl.nn._picked_rows import pick_rows, sum_rows

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rows_are_taken_and_given_back(xp, axis):
    x = xp.asarray(RNG.normal(size=(4, 4, 4)), dtype=xp.float32)
    places = (3, 0, 0, 1, 2, 3, 3, 1, 0)
    y = pick_rows(x, axis=axis, places=places)
    assert_equal(y, np.take(values(x), places, axis=axis), like=x)
    matrix = np.eye(6)[:, list(places)]
    expected = np.moveaxis(np.tensordot(matrix, values(y), axes=(1, axis)), 0, axis)
    assert_close(sum_rows(y, axis=axis, places=places, size=6), expected, like=x)


@pytest.mark.xp_only("numpy", reason="of the method that cuts the places into runs")
@given(st.lists(st.integers(0, 5), max_size=12), st.booleans())
def test_sums_are_those_of_the_definition(xp, places, transposed):
    y = RNG.integers(-9, 9, size=(2, len(places), 3)).astype(float)
    y = np.asarray(y, order="F") if transposed else y
    expected = np.zeros((2, 6, 3))
    np.add.at(expected, (slice(None), places), y)
    assert_equal(sum_rows(y, axis=1, places=tuple(places), size=6), expected)


def test_each_is_the_derivative_of_the_other(xp):
    x = xp.asarray(RNG.normal(size=(2, 4, 3)), dtype=xp.float32)
    for engine in (None, "tape"):
        y, pull = xdl.vjp(lambda x: pick_rows(x, axis=1, places=(1, 1, 3)), x, engine=engine)
        assert_close(pull(y)[0], sum_rows(y, axis=1, places=(1, 1, 3), size=4))
        z, pull = xdl.vjp(lambda y: sum_rows(y, axis=1, places=(1, 1, 3), size=4), y, engine=engine)
        assert_close(pull(z)[0], pick_rows(z, axis=1, places=(1, 1, 3)))
