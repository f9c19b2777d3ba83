"""Equations with triangular matrices against SciPy."""

import numpy as np
import pytest
import scipy.linalg
from asserts import assert_close

import xdl
from xdl import linalg

RNG = np.random.default_rng(0)


def factor(*shape):
    return np.tril(RNG.normal(size=(*shape, shape[-1]))) / shape[-1] + 2 * np.eye(shape[-1])


@pytest.mark.parametrize("n", [1, 5, 130])
@pytest.mark.parametrize("transpose", [False, True])
def test_solutions_are_those_of_scipy(xp64, n, transpose):
    L, b = factor(n), RNG.normal(size=(n, 3))
    expected = scipy.linalg.solve_triangular(L, b, lower=True, trans=int(transpose))
    noise = np.triu(RNG.normal(size=(n, n)), k=1)  # nobody looks there
    found = linalg.solve_triangular(xp64.asarray(L + noise), xp64.asarray(b), transpose=transpose)
    assert_close(found, xp64.asarray(expected), rtol=1e-11, atol=1e-13)
    vector = linalg.solve_triangular(xp64.asarray(L), xp64.asarray(b[:, 0]), transpose=transpose)
    assert_close(vector, xp64.asarray(expected[:, 0]), rtol=1e-11, atol=1e-13)


def test_cho_solve_in_a_batch_is_each_system_alone(xp64):
    L, b = factor(40, 4), RNG.normal(size=(40, 4))
    expected = np.stack([scipy.linalg.cho_solve((m, True), v) for m, v in zip(L, b, strict=True)])
    assert_close(
        linalg.cho_solve(xp64.asarray(L), xp64.asarray(b)), xp64.asarray(expected), rtol=1e-11, atol=1e-13
    )


def test_derivatives(xp64):
    if xp64.__name__.endswith("mock"):
        pytest.skip("finite differences read values")
    L, b = xp64.asarray(factor(3)), xp64.asarray(RNG.normal(size=3))
    for transpose in (False, True):
        xdl.check_grads(
            lambda L, b, t=transpose: linalg.solve_triangular(L, b, transpose=t), (L, b), compiled=True
        )


def test_shapes_are_checked(xp):
    for L, b in (((3, 2), (3,)), ((3, 3), (4,)), ((2, 3, 3), (3,)), ((3,), (3,))):
        with pytest.raises(ValueError, match="expected matrices"):
            linalg.solve_triangular(xp.ones(L), xp.ones(b))
