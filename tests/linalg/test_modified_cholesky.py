"""Modified factors: the plain ones where these exist, bounded and well conditioned where not."""

import numpy as np
import pytest
from asserts import assert_close, values
from hypothesis import given
from hypothesis import strategies as st
from linalg.operators import indefinite, positive, spectrum

from xdl import linalg


def test_nothing_is_changed_that_is_positive_definite(xp64):
    for n in (1, 6, 50):
        A = positive(n)
        assert_close(
            linalg.modified_cholesky(xp64.asarray(A)),
            xp64.asarray(np.linalg.cholesky(A)),
            rtol=1e-10,
            atol=1e-12,
        )


def test_badly_scaled_is_positive_definite(xp64):
    """Brown's badly scaled problem: the Hessian has entries 1 and 1e12, and a pivot must not be taken for zero."""
    A = np.diag([2e12, 2.0])
    assert_close(linalg.modified_cholesky(xp64.asarray(A)), xp64.asarray(np.sqrt(A)), rtol=1e-12)


@pytest.mark.parametrize("n", [2, 7, 40])
def test_what_is_added_is_diagonal_and_bounded(xp64, n):
    A = np.stack([indefinite(n), -positive(n), spectrum([0.0] * n), np.zeros((n, n)), positive(n)])
    L = values(linalg.modified_cholesky(xp64.asarray(A)))
    E = L @ L.swapaxes(-1, -2) - A
    diagonal = np.diagonal(E, axis1=-2, axis2=-1)
    np.testing.assert_allclose(E, diagonal[..., None] * np.eye(n), atol=1e-9)
    assert (diagonal >= -1e-9).all()
    # Gill, Murray & Wright (1981): no entry off the diagonal of the factor is larger than the bound
    beside = np.abs(np.tril(L, -1)).max(axis=(-2, -1)) ** 2
    size = np.abs(np.diagonal(A, axis1=-2, axis2=-1)).max(-1)
    apart = np.abs(np.tril(A, -1)).max(axis=(-2, -1)) / max(n * n - 1, 1) ** 0.5
    assert (beside <= np.maximum(size, apart) * (1 + 1e-9) + 1e-300).all()
    np.testing.assert_allclose(diagonal[-1], 0, atol=1e-9)


def test_only_the_lower_half_is_looked_at(xp64):
    A = indefinite(6)
    noise = np.triu(np.full((6, 6), 7.0), 1)
    assert_close(
        linalg.modified_cholesky(xp64.asarray(A + noise)),
        linalg.modified_cholesky(xp64.asarray(A)),
        rtol=1e-12,
    )


@given(st.integers(1, 6), st.integers(0, 2**16), st.floats(1e-8, 1e8))
def test_scaling_scales(n, seed, scale):
    A = np.random.default_rng(seed).normal(size=(n, n))
    A = A + A.T
    expected = np.sqrt(scale) * linalg.modified_cholesky(A)
    np.testing.assert_allclose(
        linalg.modified_cholesky(scale * A), expected, rtol=1e-6, atol=1e-9 * np.sqrt(scale)
    )


def test_nan_in_one_matrix_harms_no_other(xp64):
    A = np.stack([indefinite(4), np.full((4, 4), np.nan), positive(4)])
    found = values(linalg.modified_cholesky(xp64.asarray(A)))
    assert np.isnan(found[1]).any()
    for k in (0, 2):
        np.testing.assert_allclose(
            found[k], values(linalg.modified_cholesky(xp64.asarray(A[k]))), rtol=1e-10, atol=1e-12
        )


def test_matrices_must_be_square(xp):
    with pytest.raises(ValueError, match="square"):
        linalg.modified_cholesky(xp.ones((2, 3)))


def test_a_pivot_that_is_negative_is_turned(xp64):
    """Gill, Murray & Wright (1981), section 4.4.2.2: the largest of the bounds and the modulus of the pivot."""
    A = xp64.asarray(np.diag([-4.0, 9.0, -1.0]), dtype=xp64.float64)
    assert_close(linalg.modified_cholesky(A), xp64.asarray(np.diag([2.0, 3.0, 1.0]), dtype=xp64.float64))
