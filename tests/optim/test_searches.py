"""What holds for all line searches."""

import math

import numpy as np
import pytest
from asserts import assert_close, values
from hypothesis import given
from hypothesis import strategies as st
from optim.searches.lines import FLOATS, SMOOTH, barrier, falling, level, run, steep

import xdl
from xdl import optim

WOLFE = [
    optim.MoreThuente(),
    optim.MoreThuente(1e-3, 0.1),
    optim.StrongWolfe(),
    optim.StrongWolfe(1e-3, 0.1),
    optim.WeakWolfe(),
    optim.WeakWolfe(0.1, 0.4),
    optim.HagerZhang(),
    optim.HagerZhang(1e-3, 0.1),
]
EXACT = [optim.GoldenSection(), optim.Brent(), optim.NewtonSearch()]
SEARCHES = [*WOLFE, *EXACT, optim.Backtracking()]
each = pytest.mark.parametrize("search", SEARCHES, ids=repr)


def keeps_its_word(search, phi, probe):
    """Whether the conditions hold that the search is named after, or at the longest step, the first of them."""
    (value0, slope0), (value, slope), a = phi(0.0), phi(probe.step), probe.step
    decrease = getattr(search, "decrease", 0.0)
    by_slope = slope <= (2 * decrease - 1) * slope0
    if max(abs(value - value0), -a * slope0 / 8) <= 1e-13 * abs(value0) or (
        isinstance(search, optim.HagerZhang) and value <= value0 + search.error * abs(value0)
    ):
        enough = by_slope or value <= value0 + decrease * a * slope0
    else:
        enough = value <= value0 + decrease * a * slope0
    if isinstance(search, optim.MoreThuente | optim.StrongWolfe):
        return enough and abs(slope) <= search.curvature * abs(slope0)
    if isinstance(search, optim.WeakWolfe | optim.HagerZhang):
        return enough and slope >= search.curvature * slope0
    if isinstance(search, optim.NewtonSearch):
        return value <= value0 and abs(slope) <= search.tolerance * abs(slope0)
    return enough


numbers = lambda low, high: st.floats(low, high, allow_nan=False, allow_subnormal=False)
wave = st.tuples(numbers(0.0, 2.0), numbers(0.2, 6.0), numbers(0.0, 6.3))


@each
@given(
    drop=numbers(0.01, 10.0),
    bend=numbers(0.01, 10.0),
    waves=st.lists(wave, max_size=3),
    offset=numbers(-10.0, 10.0),
    power=st.integers(-4, 4),
)
def test_smooth_functions_that_are_bounded_below(search, drop, bend, waves, offset, power):
    turn = sum(h * w * math.cos(t) for h, w, t in waves)

    def phi(a):
        value = offset - (drop + turn) * a + 0.5 * bend * a * a
        slope = -(drop + turn) + bend * a
        for h, w, t in waves:
            value += h * (math.sin(w * a + t) - math.sin(t))
            slope += h * w * math.cos(w * a + t)
        return value, slope

    probe, _ = run(search, phi, 10.0**power)
    assert probe.done
    assert keeps_its_word(search, phi, probe)


@each
@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("step", [1e-3, 1.0, 1e3])
def test_hard_lines(search, name, step):
    phi = SMOOTH[name]
    probe, _ = run(search, phi, step)
    assert probe.done
    assert phi(probe.step)[0] < phi(0.0)[0] + getattr(search, "error", 0.0)
    if name not in ("barrier", "wiggly"):  # where what the search believes to be the wall may be the end
        assert keeps_its_word(search, phi, probe) or probe.count >= 30


@each
@pytest.mark.parametrize("phi", [barrier, steep])
def test_a_value_that_is_not_finite_is_a_step_too_long(search, phi):
    probe, steps = run(search, phi, 1e5)
    assert probe.done
    assert math.isfinite(phi(probe.step)[0])
    assert not math.isfinite(phi(steps[0])[0])


@each
def test_no_value_is_finite(search):
    probe, _ = run(search, lambda a: (math.nan if a else 1.0, -1.0), 1.0)
    assert probe.failed


@each
@pytest.mark.parametrize(
    "start", [(1.0, 0.0), (1.0, 0.5), (math.nan, -1.0), (1.0, math.nan), (math.inf, -1.0)]
)
def test_no_line_to_search_along(search, start):
    """At a minimum, uphill, or where nothing is known; also when the driver probes all the same."""
    probe = search.start(FLOATS, *start, 1.0)
    assert probe.failed
    assert not probe.done
    after = search.next(FLOATS, probe, 0.5, 0.0)
    assert after.failed
    assert not after.done


@each
@pytest.mark.parametrize("step", [1e-3, 1.0, 1e3])
def test_below_rounding_errors_a_step_is_let_through(search, step):
    probe, _ = run(search, level, step)
    assert probe.done
    assert abs(probe.step - 1) < 1 or isinstance(search, optim.Backtracking)
    assert probe.count <= 20


@each
def test_unbounded_below(search):
    probe, _ = run(search, falling, 2.0)
    assert probe.done
    assert probe.step == (2.0 if isinstance(search, optim.Backtracking) else 2e10)


@each
def test_noise_ends_in_a_bounded_number_of_probes(search):
    rng = np.random.default_rng(0)
    for scale in (1e-12, 1e-3, 10.0):
        seen = {0.0: (1.0, -1.0)}

        def phi(a, scale=scale, seen=seen):
            if a not in seen:
                seen[a] = (1.0 + scale * rng.standard_normal(), rng.standard_normal())
            return seen[a]

        for _ in range(20):
            probe, _ = run(search, phi, 1.0)
            assert probe.failed or phi(probe.step)[0] <= 1.0 + 1e-6
            seen = {0.0: (1.0, -1.0)}


@pytest.mark.parametrize("search", EXACT, ids=repr)
@pytest.mark.parametrize("step", [1e-3, 1.0, 1e3])
def test_exact_searches_find_minima(search, step):
    error = 1e-8 if isinstance(search, optim.NewtonSearch) else 1e-7
    for name, minimum in {"rational": math.sqrt(2.0), "parabola": 1.0, "steep": math.log(3.0)}.items():
        probe, _ = run(search, SMOOTH[name], step)
        assert abs(probe.step - minimum) < error * 10


def family(x, c):
    """A parabola, a wave, a line and a barrier at two, weighted for each problem; and the derivative."""
    xp = xdl.array_namespace(x)
    parabola, wave, line, wall = (c[:, k] for k in range(4))
    gap = xp.where(wall > 0, 2 - x, xp.ones_like(x))
    value = parabola * (x - 1) ** 2 + wave * xp.sin(5 * x) - line * x - wall * xp.log(gap)
    slope = 2 * parabola * (x - 1) + 5 * wave * xp.cos(5 * x) - line + wall / gap
    bad = gap <= 0
    return xp.where(bad, value * 0 + xp.inf, value), xp.where(bad, value * 0 + xp.nan, slope)


WEIGHTS = np.asarray(
    [
        (1.0, 0.0, 0.0, 0.0),
        (0.3, -1.0, 0.1, 0.0),
        (0.0, 0.0, 1.0, 0.2),
        (0.0, 0.0, 1.0, 0.0),
        (1e-17, 0.0, 0.0, 0.0),
        (1.0, 0.0, 0.0, 0.0),
        (np.nan, 0.0, 0.0, 0.0),
        (0.5, 0.4, 1.0, 1e-3),
    ]
)
STARTS = np.asarray([0.0, 0.1, 0.0, 0.0, 0.0, 1.0, 0.0, 0.5])


@pytest.mark.parametrize("search", [*WOLFE[::2], *EXACT, optim.Backtracking(), optim.Fixed(0.1)], ids=repr)
def test_a_batch_is_each_problem_alone(xp64, syncs, search):
    x, c = xp64.asarray(STARTS), xp64.asarray(WEIGHTS)
    p = xp64.asarray([1.0, 1e3, 100.0, 1e-3, 1.0, 1.0, 1.0, -1e3], dtype=xp64.float64)
    both = optim.line_search(family, x, p, (c,), search=search, gradient=True, batched=True)
    steps = values(both.steps)
    for k in range(8):
        host = np.asarray(STARTS[k : k + 1]), values(p)[k : k + 1], WEIGHTS[k : k + 1]
        alone = optim.line_search(
            lambda x, c: tuple(v[0] for v in family(x[0], c)), host[0][None], host[1][None], (host[2],),
            search=search, gradient=True,
        )  # fmt: skip
        count = int(alone.evaluations)
        assert int(values(both.evaluations)[k]) == count
        assert int(values(both.status)[k]) == int(alone.status)
        np.testing.assert_allclose(steps[:count, k], alone.steps, rtol=1e-6)
        assert np.isnan(steps[count:, k]).all()
        np.testing.assert_allclose(values(both.value)[k], alone.value, rtol=1e-9)
    assert_close(both.x, x + both.step * p)
