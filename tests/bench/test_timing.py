"""Times are taken in turns, and what is reported of them."""

import gc

import pytest

from xdl.bench import Timing, in_turns
from xdl.bench import _timing as timing


@pytest.fixture
def clock(monkeypatch):
    """Clock that only functions move."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    return now


def taking(clock, seconds, calls, name):
    def function():
        calls.append(name)
        clock[0] += seconds[min(len(calls), len(seconds) - 1)]

    return function


def test_a_round_has_every_function(clock):
    calls = []
    a, b = (taking(clock, [1.0], calls, name) for name in "ab")
    found = in_turns([a, b], seconds=0.0)
    assert found == [Timing(1.0, 1.0, 1.0, 5)] * 2
    assert "".join(calls) == "aabb" + "ab" * 5


def test_short_calls_are_repeated_in_a_sample(clock):
    calls = []
    (found,) = in_turns([taking(clock, [1e-4], calls, "a")], seconds=0.01)
    assert found.seconds == pytest.approx(1e-4)
    assert len(calls) == 2 + 5 * 20


def test_the_median_and_the_quartiles(clock):
    calls = []
    durations = [9.0, 9.0, 9.0, 1.0, 2.0, 3.0, 4.0, 100.0]
    (found,) = in_turns([taking(clock, durations, calls, "a")], seconds=0.0)
    assert found == Timing(3.0, 2.0, 4.0, 5)


def test_the_collector_rests_and_comes_back():
    seen = []
    assert gc.isenabled()
    in_turns([lambda: seen.append(gc.isenabled())], seconds=0.0)
    assert gc.isenabled()
    assert not seen[-1]


def test_a_slow_one_has_fewer_samples_than_a_quick_one(clock):
    slow, quick = (taking(clock, [s], [], "") for s in (1.0, 1e-2))
    found = in_turns([slow, quick], seconds=1.0)
    assert [timing.samples for timing in found] == [5, 100]
