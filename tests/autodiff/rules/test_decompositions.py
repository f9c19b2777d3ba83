"""Rules of the decompositions of matrices."""

import numpy as np
import pytest
from derivatives import (
    Case,
    check_against_jax,
    check_differences,
    check_single_precision,
    each,
    each_function,
)

import xdl


def _case(name, *args, **options):
    """Case of a function of ``linalg``; its tuple of outputs is left as it is."""
    words = " ".join(f"{k}={v}" for k, v in options.items())
    title = f"{name} {words} of {', '.join(args)}".replace("  ", " ")
    return Case(title, lambda xp, *xs: getattr(xp.linalg, name)(*xs, **options), args)


def _adjoint(xp, x):
    x = xp.matrix_transpose(x)
    return xp.conj(x) if xp.isdtype(x.dtype, "complex floating") else x


# Functions of factors that do not depend on signs and phases, for differences and other libraries.


def _eigh(xp, x):
    w, V = xp.linalg.eigh(x)[:2]
    return w, xp.abs(V) ** 2, xp.matmul(V * xp.expand_dims(xp.exp(w), axis=-2), _adjoint(xp, V))


def _eig(xp, x):
    w, V = xp.linalg.eig(x)[:2]
    exponential = xp.matmul(V * xp.expand_dims(xp.exp(w), axis=-2), xp.linalg.inv(V))
    return exponential, xp.sum(xp.abs(V) ** 4, axis=(-2, -1))


def _svd(full_matrices):
    def f(xp, x):
        U, s, Vh = xp.linalg.svd(x, full_matrices=full_matrices)
        return s, xp.abs(U) ** 2, xp.abs(Vh) ** 2, xp.matmul(U * xp.expand_dims(xp.sin(s), axis=-2), Vh)

    return f


def _qr(mode):
    def f(xp, x):
        Q, R = xp.linalg.qr(x, mode=mode)[:2]
        return Q, R

    return f


def _pair(name):
    def f(xp, x):
        first, second = getattr(xp.linalg, name)(x)
        return first, second

    return f


# What libraries and JAX return alike; compared with all oracles.
CASES = [
    *(
        _case("cholesky", word, upper=u)
        for u in (False, True)
        for word in ("hermitian 2 3 3", "symmetric 3 3")
    ),
    *(
        Case(f"qr {w}", _qr("reduced"), (w,))
        for w in ("complex 2 4 3", "real 4 2", "complex 3 3", "real 2 2 4")
    ),
    Case("qr wide", _qr("complete"), ("complex 2 4",)),
    Case("eigh hermitian", _eigh, ("hermitian 2 3 3",)),
    Case("eigh symmetric", _eigh, ("symmetric 3 3",)),
    _case("eigvalsh", "hermitian 2 3 3"),
    _case("eigvalsh", "symmetric 3 3"),
    *(
        Case(f"svd {w}", _svd(False), (w,))
        for w in ("complex 2 4 3", "complex 2 3", "real 4 2", "real 2 2 3")
    ),
    Case("svd square", _svd(True), ("complex 3 3",)),
    _case("svdvals", "complex 2 4 3"),
    _case("svdvals", "real 3 4"),
]
# JAX has no derivative of general eigenvectors unless asked.
EIGENVALUES = [
    Case("eig complex", _eig, ("complex 2 3 3",)),
    Case("eig real", _eig, ("real 4 4",)),
    _case("eigvals", "complex 2 3 3"),
    _case("eigvals", "real 4 4"),
]
# LAPACK's lengths and phases.
EIGENVECTORS = [
    Case("eig complex factors", _pair("eig"), ("complex 2 3 3",)),
    Case("eig real factors", _pair("eig"), ("real 4 4",)),
]
# Factors with their signs and phases, which are JAX's on JAX's arrays.
AGAINST_JAX = [
    Case("eigh", _pair("eigh"), ("hermitian 2 3 3",)),
    Case("svd tall", lambda xp, x: tuple(xp.linalg.svd(x, full_matrices=False)), ("complex 2 4 3",)),
    Case("svd wide", lambda xp, x: tuple(xp.linalg.svd(x, full_matrices=False)), ("complex 3 4",)),
    _case("cholesky", "hermitian 3 3"),
    Case("qr", _qr("reduced"), ("complex 4 3",)),
]


@each(AGAINST_JAX)
def test_derivatives_agree_with_jax(case):
    check_against_jax(case)


@pytest.mark.slow
@each(CASES)
def test_all_derivatives_agree_with_jax(case):
    check_against_jax(case)


@each(CASES + EIGENVALUES + EIGENVECTORS)
def test_derivatives_agree_with_differences(case):
    check_differences(case)


@each_function(CASES + EIGENVALUES)
@pytest.mark.xp_skip("jax", reason="slow uncompiled; compared with JAX's own rules instead")
def test_every_library_runs_the_rules(xp, cases):
    for case in cases:
        check_single_precision(case, xp)


# ---- what is not determined ----

REPEATED = np.diag([1.0, 2.0, 2.0, 2.0])


def _sum_of_squared_eigenvalues(xp, x):
    w, V = xp.linalg.eigh(x)
    return xp.sum(w * w) + 0.0 * xp.sum(V)


def _sum_of_squared_singular_values(xp, x):
    U, s, Vh = xp.linalg.svd(x, full_matrices=False)
    return xp.sum(s * s) + 0.0 * (xp.sum(U) + xp.sum(Vh))


def _sum_of_squares_of_projection(xp, x):
    """Of the part in the space of the eigenvectors of 2, whatever their basis."""
    V = xp.linalg.eigh(x)[1][:, 1:]
    return xp.sum(xp.matmul(V, xp.matrix_transpose(V)) ** 2)


@pytest.mark.parametrize("f", [_sum_of_squared_eigenvalues, _sum_of_squared_singular_values])
@pytest.mark.parametrize("x", [REPEATED, np.eye(3), np.zeros((2, 2)), np.diag([1.0, 0.0, 0.0])])
def test_gradient_is_finite_where_factors_are_not_determined(f, x):
    np.testing.assert_allclose(xdl.grad(lambda x: f(xdl.array_namespace(x), x))(x), 2 * x, atol=1e-12)


def test_gradient_of_projection_on_repeated_eigenvalues():
    """The square of the norm of a projection is its rank: constant."""
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    x = rotation @ REPEATED @ rotation.T
    f = lambda x: _sum_of_squares_of_projection(xdl.array_namespace(x), (x + x.mT) / 2)
    np.testing.assert_allclose(xdl.grad(f)(x), np.zeros((4, 4)), atol=1e-12)


@pytest.mark.parametrize(
    ("f", "advice"),
    [
        (lambda xp, x: xp.linalg.svd(x)[1], "full_matrices=False"),
        (lambda xp, x: xp.linalg.qr(x, mode="complete")[1], "mode='reduced'"),
    ],
)
def test_arbitrary_columns_have_no_derivative(f, advice):
    x = np.ones((3, 2)) + np.eye(3, 2)
    g = lambda x: xdl.array_namespace(x).sum(f(xdl.array_namespace(x), x))
    with pytest.raises(xdl.NoRuleError, match=advice):
        xdl.grad(g)(x)
    with pytest.raises(xdl.NoRuleError, match=advice):
        xdl.jvp(g, (x,), (x,))
