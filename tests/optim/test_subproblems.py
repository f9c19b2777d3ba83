"""Models in a ball: the minimum by each solver against its conditions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdl import optim
from xdl.optim._flat import Flat
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._scalars import OfArrays, OfFloats


def trial(solver, H, g, radius, host=True):
    x = np.zeros_like(g)
    xs = (OfFloats if host else OfArrays)(x, np)
    problem = Problem(
        lambda x: 0.0, Flat(x, batched=not host), (), xs, gradient=lambda x: g, hessian=lambda x: H
    )
    point = Iterate(x, 0.0, g, 0, 0, 0, 0, ())
    with np.errstate(all="ignore"):  # as the loop of a minimizer has it
        return solver.solve(problem, point, solver.prepare(problem, x, g), radius)


def model(H, g, p):
    return g @ p + 0.5 * p @ H @ p


def symmetric(n, seed):
    A = np.random.default_rng(seed).normal(size=(n, n))
    return A + A.T, np.random.default_rng(seed + 1).normal(size=n)


@given(st.integers(1, 6), st.integers(0, 2**16), st.floats(1e-3, 1e3))
def test_exact_satisfies_the_conditions_of_a_minimum(n, seed, radius):
    """Moré & Sorensen (1983): (H + s I) p = -g with s >= 0, H + s I semidefinite, and s = 0 or ‖p‖ = radius."""
    H, g = symmetric(n, seed)
    p, reduction, length, _ = trial(optim.Exact(), H, g, radius)
    assert length <= radius * 1.002
    np.testing.assert_allclose(reduction, -model(H, g, p), rtol=1e-6, atol=1e-9)
    shift = -(p @ (g + H @ p)) / (p @ p)
    size = np.linalg.norm(g) + np.linalg.norm(H) * radius
    np.testing.assert_allclose(H @ p + shift * p, -g, atol=1e-6 * size)
    assert np.linalg.eigvalsh(H)[0] + shift > -1e-3 * size
    assert length > radius * 0.998 or abs(shift) < 1e-6 * size


def test_the_hard_case_reaches_the_boundary():
    H, g = np.diag([-2.0, 1.0, 3.0]), np.asarray([0.0, 1.0, 1.0])
    p, reduction, length, _ = trial(optim.Exact(), H, g, 4.0)
    np.testing.assert_allclose(length, 4.0, rtol=1e-9)
    np.testing.assert_allclose(p[1:], -g[1:] / (np.diagonal(H)[1:] + 2.0), rtol=1e-9)
    assert reduction > 0


@pytest.mark.parametrize("solver", [optim.Exact(), optim.Steihaug(), optim.Dogleg()], ids=str)
@given(seed=st.integers(0, 2**16), radius=st.floats(1e-2, 1e2))
def test_no_worse_than_the_minimum_along_the_gradient(solver, seed, radius):
    """What global convergence needs; the dogleg's model is the modified one, so of positive Hessians alone."""
    H, g = symmetric(4, seed)
    if isinstance(solver, optim.Dogleg):
        H = H @ H + 0.1 * np.eye(4)
    p, reduction, length, _ = trial(solver, H, g, radius)
    gg, gHg = g @ g, g @ H @ g
    t = radius / np.sqrt(gg) if gHg <= 0 else min(gg / gHg, radius / np.sqrt(gg))
    assert length <= radius * 1.002
    assert -model(H, g, p) >= -model(H, g, -t * g) * (1 - 1e-3)
    np.testing.assert_allclose(reduction, -model(H, g, p), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("solver", [optim.Exact(), optim.Steihaug(), optim.Dogleg()], ids=str)
def test_a_batch_is_each_model_alone(solver):
    pairs = [symmetric(4, k) for k in range(8)]
    H, g = (np.stack(part) for part in zip(*pairs, strict=True))
    radius = np.geomspace(0.1, 100, 8)
    found = trial(solver, H, g, radius, host=False)
    for k in range(8):
        alone = trial(solver, H[k], g[k], float(radius[k]))
        np.testing.assert_allclose(found.p[k], alone.p, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(found.reduction[k], alone.reduction, rtol=1e-7)
        assert found.products[k] == alone.products


def test_steihaug_of_a_wide_ball_is_newtons_step():
    H, g = symmetric(5, 3)
    H = H @ H + np.eye(5)
    p, _, _, products = trial(optim.Steihaug(forcing=1e-10), H, g, 1e6)
    np.testing.assert_allclose(p, -np.linalg.solve(H, g), rtol=1e-6)
    assert products <= 6
