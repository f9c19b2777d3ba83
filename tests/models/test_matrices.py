import numpy as np
import pytest
from asserts import assert_close, widest
from hypothesis import given, settings
from hypothesis import strategies as st

from xdl.models.matrices import diagonal, gram, inner, inverse, product, solve_positive, transposed_product

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 3))


@pytest.mark.parametrize(("n", "q"), [(7, 3), (8192, 17), (8193, 17), (20_000, 7), (300_000, 2)])
def test_gram_is_the_weighted_sum_of_outer_products(n, q):
    """In one piece, and in blocks, the last of which is shorter."""
    Z, w = RNG.normal(size=(n, q)), RNG.uniform(size=n)
    assert_close(gram(Z, w), (Z.T * w) @ Z, rtol=1e-11)
    assert_close(gram(Z, w), gram(Z, w).T, rtol=1e-13)


def test_gram_of_many_at_once(xp):
    Z = RNG.normal(size=(2, 7, 3))
    w = RNG.uniform(size=(2, 7))
    found = gram(*(xp.asarray(v, dtype=xp.float32) for v in (Z, w)))
    assert_close(found, np.einsum("bni,bn,bnj->bij", Z, w, Z), like=found, rtol=1e-5, atol=1e-5)


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(0, 4), st.integers(0, 10**6))
def test_singular_systems_have_one_of_their_solutions(q, rank, seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(min(rank, q), q))
    H = A.T @ A
    b = H @ rng.normal(size=q)
    x = solve_positive(H, b, np.zeros(q))
    assert np.all(np.isfinite(x))
    np.testing.assert_allclose(H @ x, b, atol=1e-8 * max(1, np.abs(H).max()))


def test_solutions_and_inverses_are_those_of_numpy(xp):
    dtype = widest(xp)
    H = X.T @ X
    h, g = xp.asarray(H, dtype=dtype), xp.asarray(X[0], dtype=dtype)
    penalty = xp.asarray([0.0, 1.0, 2.0], dtype=dtype)
    x = solve_positive(h, g, penalty)
    assert_close(x, np.linalg.solve(H + np.diag([0, 1, 2]), X[0]), like=g, rtol=1e-4)
    assert_close(solve_positive(h, g), np.linalg.solve(H, X[0]), like=g, rtol=1e-4)
    assert_close(inverse(h), np.linalg.inv(H), like=g, rtol=1e-3, atol=1e-5)
    assert_close(diagonal(penalty), np.diag([0.0, 1, 2]), like=g)


@pytest.mark.parametrize("lead", [(), (2,)])
def test_products_with_vectors_of_one_problem_and_of_many(xp, lead):
    Z, v, r = (RNG.normal(size=(*lead, *shape)) for shape in [(7, 3), (3,), (7,)])
    z, w, s = (xp.asarray(x, dtype=xp.float32) for x in (Z, v, r))
    assert_close(product(z, w), np.einsum("...np,...p->...n", Z, v), like=z, rtol=1e-4, atol=1e-5)
    assert_close(transposed_product(z, s), np.einsum("...np,...n->...p", Z, r), like=z, rtol=1e-4, atol=1e-5)
    assert_close(inner(s, s), np.einsum("...n,...n->...", r, r), like=z, rtol=1e-4)
