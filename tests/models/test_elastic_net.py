import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values, widest
from hypothesis import given
from hypothesis import strategies as st

from xdl.models.elastic_net import Quadratic, coordinate_descent, fista, soft_threshold

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6))
Y = X @ [3.0, 0, -2, 0, 0, 1] + RNG.normal(size=40)


def problem(xp, l1=0.5, l2=0.1, X=X, Y=Y):
    n = X.shape[0]
    parts = (X.T @ X / n, X.T @ Y / n, Y @ Y / n, l1, l2)
    return Quadratic(*(xp.asarray(part, dtype=widest(xp)) for part in parts))


def objective(w, l1=0.5, l2=0.1):
    r = Y - X @ w
    return r @ r / 80 + l1 * np.abs(w).sum() + 0.5 * l2 * w @ w


def test_soft_threshold_shrinks_towards_zero(xp):
    x = xp.asarray([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0], dtype=xp.float32)
    found = also_jit(lambda x: soft_threshold(x, 1.0), x)
    assert_equal(xp.abs(found), xp.abs(xp.asarray([-2.0, 0, 0, 0, 0, 0, 2], dtype=xp.float32)))
    assert_equal(found[0, ...], -2.0, like=x)


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(-10, 10))
def test_soft_threshold_is_the_proximal_map_of_the_modulus(x, t, other):
    """prox(x) = argmin t |u| + (u - x)²/2: no other point has a smaller value."""
    u = float(soft_threshold(np.asarray(x), t))
    value = lambda u: t * abs(u) + 0.5 * (u - x) ** 2
    assert value(u) <= value(other) + 1e-12


@pytest.mark.usefixtures("syncs")
@pytest.mark.parametrize("solver", [coordinate_descent, fista])
@pytest.mark.parametrize(("l1", "l2"), [(0.5, 0.0), (0.5, 0.1), (0.0, 0.3)])
def test_the_gap_bounds_what_is_left(xp64, solver, l1, l2):
    p = problem(xp64, l1, l2)
    solution = solver(p, xp64.zeros_like(p.c), 1e-12, 100_000)
    best = float(values(solution.value))
    assert best == pytest.approx(objective(values(solution.w), l1, l2), rel=1e-12)
    assert 0 <= float(values(solution.gap)) <= 1e-11 * float(values(p.yy))
    slope = p.subgradient(solution.w, p.H @ solution.w)
    assert np.max(np.abs(values(slope))) < 1e-5
    for scale in (1e-3, 0.1, 3.0):
        w = xp64.asarray(values(solution.w) + scale * RNG.normal(size=6))
        value, gap = p.value_and_gap(w, p.H @ w)
        assert float(values(value)) - best <= float(values(gap)) * (1 + 1e-9)
        assert float(values(value)) >= best


def test_features_that_are_constant_or_repeated():
    double = np.c_[X, np.zeros(40), X[:, 0]]
    for solver in (coordinate_descent, fista):
        p = problem(np, 0.5, 0.0, double)
        solution = solver(p, np.zeros(8), 1e-10, 100_000)
        assert solution.w[6] == 0
        alone = solver(problem(np, 0.5, 0.0), np.zeros(6), 1e-10, 100_000)
        assert solution.value == pytest.approx(alone.value, rel=1e-8)


def test_a_large_penalty_leaves_nothing_at_once():
    p = problem(np, l1=100.0)
    for solver in (coordinate_descent, fista):
        solution = solver(p, np.zeros(6), 1e-12, 1000)
        assert_equal(solution.w, np.zeros(6))
        assert int(solution.iterations) == 0


def test_a_warm_start_takes_fewer_sweeps():
    p = problem(np)
    cold = fista(p, np.zeros(6), 1e-12, 10_000)
    warm = fista(p, cold.w + 1e-6, 1e-12, 10_000)
    assert_close(warm.w, cold.w, rtol=1e-5)
    assert int(warm.iterations) < int(cold.iterations)
    assert int(coordinate_descent(p, cold.w, 1e-9, 1000).iterations) <= 2


def test_momentum_that_leads_astray_is_dropped():
    """On an ill-conditioned problem, momentum overshoots and comes back again and again unless it is restarted."""
    rng = np.random.default_rng(0)
    Q, _ = np.linalg.qr(rng.normal(size=(30, 30)))
    H, c = (Q * np.geomspace(1e-3, 1, 30)) @ Q.T, rng.normal(size=30)
    numbers = (np.asarray(v) for v in (np.vdot(c, np.linalg.solve(H, c)), 1e-3, 0.0))
    solution = fista(Quadratic(H, c, *numbers), np.zeros(30), 1e-12, 100_000)
    assert int(solution.iterations) < 2000  # and 6280 without


def test_it_is_cut_short():
    for solver in (coordinate_descent, fista):
        solution = solver(problem(np, 0.01, 0.0), np.zeros(6), 1e-15, 1)
        assert int(solution.iterations) == 1
        assert solution.gap > 1e-6
