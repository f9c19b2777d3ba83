"""Equations with square matrices against NumPy."""

import numpy as np
import pytest
from asserts import assert_close

import xdl
from xdl.linalg._solve import solve

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("left", "right"), [((), ()), ((3,), (3,)), ((), (3,)), ((2, 3), (2, 3)), ((3,), ())]
)
def test_every_vector_is_solved_for(xp64, left, right):
    """Three matrices of three rows: a stack of vectors is not taken for the columns of one right-hand side."""
    A, b = RNG.normal(size=(*left, 3, 3)) + 3 * np.eye(3), RNG.normal(size=(*right, 3))
    found = solve(xp64.asarray(A), xp64.asarray(b))
    assert_close(found, np.linalg.solve(A, b[..., None])[..., 0], like=found, rtol=1e-12)


def test_derivatives_are_those_of_the_inverse(xp64):
    """x = A⁻¹ b has the pullback u = A⁻ᵀ dy, -u x'."""
    A, b, dy = RNG.normal(size=(4, 4)) + 4 * np.eye(4), RNG.normal(size=4), RNG.normal(size=4)
    for engine in (None, "tape"):
        x, pull = xdl.vjp(solve, xp64.asarray(A), xp64.asarray(b), engine=engine)
        dA, db = pull(xp64.asarray(dy))
        u = np.linalg.solve(A.T, dy)
        assert_close(db, u, like=x, rtol=1e-11)
        assert_close(dA, -np.outer(u, np.linalg.solve(A, b)), like=x, rtol=1e-11)
