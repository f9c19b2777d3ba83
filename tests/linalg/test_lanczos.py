"""Lanczos's process and extreme eigenvalues against SciPy."""

import numpy as np
import pytest
import scipy.sparse.linalg
from asserts import assert_close, values
from linalg.operators import RNG, indefinite, spectrum

import xdl
from xdl import linalg

A, V = indefinite(20), RNG.normal(size=(3, 20))


def test_the_operator_on_the_space(xp64):
    """Rows are orthonormal, and the operator is tridiagonal on them."""
    for k in (1, 7, 20):
        found = linalg.lanczos(xp64.asarray(A), xp64.asarray(V), k)
        Q, T = values(found.vectors), values(found.matrix())
        assert Q.shape == (3, k, 20)
        np.testing.assert_allclose(Q @ Q.swapaxes(-1, -2), np.broadcast_to(np.eye(k), (3, k, k)), atol=1e-12)
        np.testing.assert_allclose(Q @ A @ Q.swapaxes(-1, -2), T, atol=1e-11)


def test_extremes_are_those_of_scipy(xp64):
    (low, u), (high, v) = linalg.extreme_eigenvalues(xp64.asarray(A), xp64.asarray(V[0]), 20)
    for value, vector, which in ((low, u, "SA"), (high, v, "LA")):
        expected = scipy.sparse.linalg.eigsh(A, k=1, which=which, return_eigenvectors=False)[0]
        assert_close(value, xp64.asarray(expected), rtol=1e-9)
        residual = A @ values(vector) - values(value) * values(vector)
        assert np.linalg.norm(residual) < 1e-7


def test_estimates_lie_within_the_spectrum_and_grow(xp64):
    found = [linalg.extreme_eigenvalues(xp64.asarray(A), xp64.asarray(V[0]), k)[1][0] for k in (2, 5, 9)]
    found = [float(values(x)) for x in found]
    assert found == sorted(found)
    assert found[-1] <= np.linalg.eigvalsh(A)[-1] + 1e-9


def test_an_invariant_space_ends_it(xp64):
    """An eigenvector, and two of them: what is beyond counts for nothing."""
    w, W = np.linalg.eigh(A)
    for v, low, high in ((W[:, 4], w[4], w[4]), (W[:, 4] + W[:, 9], w[4], w[9])):
        (least, u), (most, _) = linalg.extreme_eigenvalues(xp64.asarray(A), xp64.asarray(v), 6)
        assert_close(least, xp64.asarray(low), rtol=1e-9)
        assert_close(most, xp64.asarray(high), rtol=1e-9)
        assert abs(np.linalg.norm(values(u)) - 1) < 1e-9


@pytest.mark.xp_only("numpy", "torch", reason="one engine of each kind")
def test_eigenvalues_have_derivatives(xp64):
    """Of an operator given by what it depends on: the square of the vector's entries (Hellmann and Feynman)."""
    d = xp64.asarray(np.asarray([1.0, 2.0, 5.0, 9.0]))
    v = xp64.asarray(RNG.normal(size=4))

    def largest(d):
        def product(x, d):
            xp = xdl.array_namespace(x)
            return d * x + xp.sum(x, axis=-1, keepdims=True)

        return linalg.extreme_eigenvalues(product, v, 4, (d,))[1][0]

    w, W = np.linalg.eigh(np.diag(values(d)) + 1)
    assert_close(xdl.grad(largest)(d), xp64.asarray(W[:, -1] ** 2), rtol=1e-8)


def test_mistakes_are_told(xp):
    for steps in (0, 4, 1.5, True):
        with pytest.raises(ValueError, match="steps"):
            linalg.lanczos(xp.eye(3), xp.ones((3,)), steps)


def test_clusters_are_no_ghosts(xp64):
    matrix = spectrum([1.0] * 15 + [2.0, 3.0, 4.0, 50.0, 1000.0])
    found = values(linalg.lanczos(xp64.asarray(matrix), xp64.asarray(V[0]), 20).matrix())
    used = np.linalg.eigvalsh(found)
    assert np.sum(used > 500) == 1
