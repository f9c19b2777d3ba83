"""Rules of linear algebra."""

import numpy as np
import pytest
from asserts import values
from derivatives import (
    Case,
    check_against_jax,
    check_differences,
    check_single_precision,
    each,
    each_function,
)

import xdl
from xdl.autodiff._registry import RULES

inf = float("inf")


def _case(name, *args, **options):
    """Case of a function of ``linalg``; its tuple of outputs is left as it is."""
    words = " ".join(f"{k}={v}" for k, v in options.items())
    title = f"{name} {words} of {', '.join(args)}".replace("  ", " ")
    return Case(title, lambda xp, *xs: getattr(xp.linalg, name)(*xs, **options), args)


def _power(n, word):
    return Case(f"matrix_power {n} of {word}", lambda xp, x: xp.linalg.matrix_power(x, n), (word,))


def _pair(name):
    def f(xp, x):
        first, second = getattr(xp.linalg, name)(x)
        return first, second

    return f


PRODUCTS = [
    ("real 4", "real 4"),
    ("real 2 3", "real 3"),
    ("real 3", "real 3 2"),
    ("complex 2 3", "complex 3 4"),
    ("real 2 3 4", "real 4"),
    ("real 2 3 4", "real 4 5"),
    ("complex 3 4", "complex 2 4 5"),
    ("complex 4", "complex 2 4 5"),
    ("real 2 2 3 4", "real 1 2 4 2"),
    ("complex 3 1 2 3", "real 2 3 2"),
]
TENSORDOT = [
    (2, "real 2 3 4", "real 3 4 5"),
    (1, "complex 2 3", "complex 3 2"),
    (0, "real 2", "real 3 2"),
    (((0, 2), (2, 0)), "real 3 2 4", "real 4 2 3"),
    (((2, 0, 1), (-1, 1, 2)), "complex 3 4 2", "complex 5 3 4 2"),
]

# What libraries and JAX return alike; compared with all oracles.
CASES = [
    *(Case(f"matmul {a} {b}", lambda xp, a, b: xp.matmul(a, b), (a, b)) for a, b in PRODUCTS),
    *(_case("matmul", a, b) for a, b in PRODUCTS[3:6]),
    Case("operator @", lambda xp, a, b: a @ b, ("real 2 3 4", "real 4 5")),
    *(_case("tensordot", a, b, axes=axes) for axes, a, b in TENSORDOT),
    Case("tensordot default", lambda xp, a, b: xp.tensordot(a, b), ("real 2 3 4", "real 3 4")),
    _case("vecdot", "complex 2 3", "complex 3"),
    _case("vecdot", "real 4 1 3", "complex 2 3"),
    _case("vecdot", "real 3 2", "real 3 2", axis=-2),
    Case("vecdot main", lambda xp, a, b: xp.vecdot(a, b), ("complex 3", "complex 2 3")),
    _case("outer", "complex 2", "complex 3"),
    _case("outer", "real 3", "real 2"),
    _case("cross", "complex 2 3", "complex 2 3"),
    _case("cross", "real 4 1 3", "real 2 3"),
    _case("cross", "real 3 2", "real 3 2", axis=-2),
    *(_power(n, word) for n in (-2, -1, 0, 1, 2, 5, 6) for word in ("complex 2 3 3", "real 3 3")[n % 2 :]),
    _case("matrix_transpose", "complex 2 3 4"),
    Case("matrix_transpose main", lambda xp, x: xp.matrix_transpose(x) * x[..., :1], ("real 2 3 3",)),
    *(_case("diagonal", "complex 2 3 4", offset=k) for k in (0, 1, 3, -1, -2)),
    *(_case("diagonal", "real 4 2", offset=k) for k in (0, 1, -1, -3)),
    *(_case("trace", "complex 2 3 4", offset=k) for k in (0, 2, -1)),
    _case("trace", "real 3 2"),
    _case("solve", "complex 3 3", "complex 3"),
    _case("solve", "real 2 3 3", "real 3"),
    _case("solve", "real 2 3 3", "real 2 3 4"),
    _case("solve", "complex 3 3", "complex 2 3 1"),
    _case("solve", "real 2 1 3 3", "real 2 3 2"),
    _case("solve", "real 3 3 3", "real 3 3"),
    _case("inv", "complex 2 3 3"),
    _case("inv", "real 3 3"),
    _case("pinv", "complex 2 4 3"),
    _case("pinv", "complex 3 4"),
    _case("pinv", "real 3 3", rtol=1e-6),
    _case("det", "complex 2 3 3"),
    _case("det", "real 4 4"),
    Case("slogdet complex", _pair("slogdet"), ("complex 2 3 3",)),
    Case("slogdet real", _pair("slogdet"), ("real 2 3 3",)),
    *(
        _case("matrix_norm", word, ord=ord, keepdims=keepdims)
        for ord in ("fro", "nuc", 1, -1, 2, -2, inf, -inf)
        for word, keepdims in (("complex 2 3 4", False), ("real 4 3", True))
    ),
    *(
        _case("vector_norm", word, ord=ord, axis=axis, keepdims=keepdims)
        for ord in (2, 1, 0, inf, -inf, 3, 1.5, -2)
        for word, axis, keepdims in (("complex 2 3", None, False), ("real 2 3 4", (0, -1), True))
    ),
    _case("vector_norm", "complex 2 3", axis=-1),
    _case("vector_norm", "real 2 3", axis=0, keepdims=True),
    _case("vector_norm", "real 2 3", keepdims=True),
]
AGAINST_JAX = [
    Case("slogdet", _pair("slogdet"), ("complex 3 3",)),
    _case("vector_norm", "complex 2 3"),
]


@each(AGAINST_JAX)
def test_derivatives_agree_with_jax(case):
    check_against_jax(case)


@pytest.mark.slow
@each(CASES)
def test_all_derivatives_agree_with_jax(case):
    check_against_jax(case)


@each(CASES)
def test_derivatives_agree_with_differences(case):
    check_differences(case)


@each_function(CASES)
@pytest.mark.xp_skip("jax", reason="slow uncompiled; compared with JAX's own rules instead")
def test_every_library_runs_the_rules(xp, cases):
    for case in cases:
        check_single_precision(case, xp)


def test_every_function_has_a_rule():
    strict = pytest.importorskip("array_api_strict")
    assert {f"linalg.{name}" for name in strict.linalg.__all__} <= set(RULES)
    assert {"matmul", "matrix_transpose", "tensordot", "vecdot"} <= set(RULES)


# ---- where formulas divide by zero ----

SINGULAR = {
    "rank 2 of 3": [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]],
    "rank 1 of 3": [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [-1.0, -2.0, -3.0]],
    "nilpotent": [[0.0, 1.0], [0.0, 0.0]],
    "zero": [[0.0, 0.0], [0.0, 0.0]],
    "number": [[0.0]],
}


def _minors(x):
    """Cofactors by their definition."""
    n = x.shape[0]
    keep = lambda i: [k for k in range(n) if k != i]
    minor = lambda i, j: np.linalg.det(x[np.ix_(keep(i), keep(j))]) if n > 1 else 1.0
    return np.asarray([[(-1) ** (i + j) * minor(i, j) for j in range(n)] for i in range(n)])


@pytest.mark.parametrize("x", SINGULAR.values(), ids=SINGULAR)
def test_gradient_of_det_of_singular_matrix_is_its_cofactors(x):
    x = np.asarray(x)
    assert np.linalg.det(x) == 0
    f = lambda x: xdl.array_namespace(x).linalg.det(x)
    np.testing.assert_allclose(xdl.grad(f)(x), _minors(x), atol=1e-8)
    xdl.check_grads(f, (x,), order=2, rtol=1e-6, atol=1e-6)


def test_gradient_of_det_in_a_stack_with_a_singular_matrix():
    x = np.stack([np.asarray(SINGULAR["rank 2 of 3"]), np.eye(3)])
    f = lambda x: xdl.array_namespace(x).sum(xdl.array_namespace(x).linalg.det(x))
    np.testing.assert_allclose(xdl.grad(f)(x), np.stack([_minors(x[0]), np.eye(3)]), atol=1e-8)


@pytest.mark.parametrize("ord", [0, 1, 2, 3, 1.5, inf, -inf])
def test_gradient_of_norm_at_zero_is_zero(xp64, ord):
    x = xp64.zeros((2, 3), dtype=xp64.float64)
    f = lambda x: xdl.array_namespace(x).sum(xdl.array_namespace(x).linalg.vector_norm(x, axis=-1, ord=ord))
    assert not np.any(values(xdl.grad(f, engine="tape")(x)))
    assert not np.any(values(xdl.hvp(f, (x,), (x + 1,), engine="tape")))


def test_ties_share_the_gradient_of_the_largest():
    x = np.asarray([3.0, -3.0, 1.0])
    f = lambda x: xdl.array_namespace(x).linalg.vector_norm(x, ord=inf)
    np.testing.assert_array_equal(xdl.grad(f)(x), [0.5, -0.5, 0.0])


def test_norms_of_rank_one():
    x = np.outer([1.0, 2.0, 2.0], [0.6, 0.8])
    f = lambda x: xdl.array_namespace(x).linalg.matrix_norm(x, ord=2)
    np.testing.assert_allclose(xdl.grad(f)(x), x / 3, atol=1e-12)


def test_rank_is_a_constant():
    x = np.eye(3)
    f = lambda x: xdl.array_namespace(x).linalg.matrix_rank(x) * xdl.array_namespace(x).sum(x)
    np.testing.assert_array_equal(xdl.grad(f)(x), np.full((3, 3), 3.0))
