import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdl.optim import Brent, GoldenSection
from xdl.optim._enclosure import look, outside, within
from xdl.optim._scalars import OfFloats

XS = OfFloats(np.zeros(1), np)
SEARCHES = [Brent(), GoldenSection()]


def stages(f, line, search, tolerances=(1e-8, 1e-10), most=400):
    """Lines and errors until the error is at most one."""
    found = []
    for _ in range(most):
        line, error = look(XS, line, f(line.step), search, tolerances)
        found.append((line, error))
        if error <= 1.0:
            return found
    raise AssertionError(f"no end: {found[-1]}")


@pytest.mark.parametrize("search", SEARCHES, ids=repr)
@given(
    center=st.floats(-1e3, 1e3),
    start=st.floats(-50, 50),
    step=st.floats(-10, 10).filter(lambda h: abs(h) > 1e-3),
    power=st.sampled_from([1.0, 1.5, 2.0, 4.0]),
)
def test_the_interval_holds_the_minimum_at_every_stage(search, center, start, step, power):
    f = lambda x: abs(x - center) ** power
    found = stages(f, outside(XS, start, f(start), start + step), search)
    slack = 1e-9 * (1 + abs(center))
    for line, _ in found:
        m = line.memory
        assert m.best.value <= m.second.value <= max(m.third.value, m.second.value)
        if m.enclosed:
            assert m.low - slack <= center <= m.high + slack
            assert m.low <= m.best.step <= m.high
            assert m.low <= line.step <= m.high
    # fourth powers are below the smallest numbers nearby: only the values say where the minimum is
    assert f(found[-1][0].memory.best.step) <= 1e-7 ** min(power, 2.0) * (1 + abs(center)) ** power


def test_a_walk_turns_where_the_second_point_is_higher():
    f = lambda x: (x + 3.0) ** 2
    found = stages(f, outside(XS, 0.0, f(0.0), 1.0), GoldenSection())
    first = found[0][0]
    assert (first.memory.best.step, first.memory.second.step) == (0.0, 1.0)
    assert first.step == pytest.approx(-(1 + math.sqrt(5)) / 2)
    assert found[-1][0].memory.best.step == pytest.approx(-3.0, abs=1e-7)


def test_a_walk_takes_the_parabola_that_lies_ahead():
    f = lambda x: (x - 1e4) ** 2
    found = stages(f, outside(XS, 0.0, f(0.0), 100.0), Brent())
    assert found[1][0].step == pytest.approx(1e4)
    assert len(found) < 10


def test_infinite_values_end_a_walk():
    f = lambda x: math.inf if x > 2 else -x
    found = stages(f, outside(XS, 0.0, 0.0, 1.0), Brent(), (1e-8, 1e-6))
    assert 2.0 - 1e-5 < found[-1][0].memory.best.step <= 2.0


@pytest.mark.parametrize("search", SEARCHES, ids=repr)
def test_within_ends_no_point_is_at_an_end(search):
    f = lambda x: x
    line = within(XS, 0.5, 0.5, 0.0, 1.0, search, 1e-9)
    found = stages(f, line, search, (1e-8, 1e-9))
    assert all(0.0 < line.step < 1.0 for line, _ in found)


def test_golden_sections_shrink_by_the_golden_ratio():
    f = lambda x: abs(x - 0.3)
    golden = (math.sqrt(5) - 1) / 2
    line = within(XS, 1 - golden, f(1 - golden), 0.0, 1.0, GoldenSection(), 1e-9)
    widths = [
        m.high - m.low for m in (line.memory for line, _ in stages(f, line, GoldenSection(), (1e-8, 1e-6)))
    ]
    np.testing.assert_allclose(np.divide(widths[1:20], widths[:19]), golden, rtol=1e-6)
