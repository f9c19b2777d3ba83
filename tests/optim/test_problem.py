"""What methods ask of a function: its value and derivatives, for a vector or many, by hand or automatic."""

import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl.optim._flat import Flat
from xdl.optim._problem import Problem
from xdl.optim._scalars import OfArrays, OfFloats

pytestmark = pytest.mark.usefixtures("syncs")


def cubic(p, scale=1.0):
    """Function of a tree; its Hessian depends on the point."""
    xp = xdl.array_namespace(p["a"])
    return scale * (xp.sum(p["a"] ** 3, axis=-1) + p["b"] * p["a"][..., 0] + p["b"] ** 2)


def cubic_slope(p, scale=1.0):
    first = xdl.asarray([1.0, 0.0], like=p["a"], dtype=p["a"].dtype)
    return {
        "a": scale * (3 * p["a"] ** 2 + p["b"][..., None] * first),
        "b": scale * (p["a"][..., 0] + 2 * p["b"]),
    }


def cubic_hessian(p, scale=1.0):
    xp, a = xdl.array_namespace(p["a"]), p["a"]
    zero, one = xp.zeros_like(p["b"]), xp.ones_like(p["b"])
    rows = [[6 * a[..., 0], zero, one], [zero, 6 * a[..., 1], zero], [one, zero, 2 * one]]
    return scale * xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)


GIVEN = {
    "automatic": {},
    "gradient": {"gradient": cubic_slope},
    "both": {"gradient": True},
    "hessian": {"gradient": cubic_slope, "hessian": cubic_hessian},
}


def params(xp, batched):
    a, b = [[0.5, -1.0], [2.0, 0.25], [1.0, 3.0]], [3.0, -2.0, 0.5]
    if not batched:
        a, b = a[0], b[0]
    return {"a": xp.asarray(a, dtype=xp.float32), "b": xp.asarray(b, dtype=xp.float32)}


def problem_of(p, kind, batched, f=cubic):
    if kind == "both":
        f = lambda p, scale: (cubic(p, scale), cubic_slope(p, scale))
    flat = Flat(p, batched=batched)
    x = flat.flatten(p)
    xs = (OfArrays if batched else OfFloats)(x, xdl.array_namespace(x))
    return Problem(f, flat, (2.0,), xs, **GIVEN[kind]), x


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("kind", GIVEN)
def test_value_and_derivatives(xp, kind, batched):
    p = params(xp, batched)
    problem, x = problem_of(p, kind, batched)
    value, grad = problem.value_and_gradient(x)
    want = cubic(p, 2.0)
    assert type(value) is float or batched
    np.testing.assert_allclose(values(value) if batched else value, values(want), rtol=1e-5)
    np.testing.assert_allclose(
        np.asarray(values(problem.value(x)) if batched else problem.value(x)), values(want)
    )
    assert_close(problem.objective(x), want)
    slope = problem.flat.flatten(cubic_slope(p, 2.0))
    assert_close(grad, slope)
    for again in (problem.gradient_at(x), problem.condition(x)):
        assert_close(again, slope)
    hessian = cubic_hessian(p, 2.0)
    assert_close(problem.hessian(x), hessian)
    product = problem.curvature(x)
    for v in (slope, x):
        assert_close(product(v), xp.matmul(hessian, v[..., None])[..., 0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("batched", [False, True])
def test_problems_of_a_batch_do_not_mix(xp, batched):
    p = params(xp, True)
    problem, x = problem_of(p, "automatic", True)
    moved = xp.concat([x[:1, :], 10.0 * x[1:, :]])
    for ask in (problem.gradient_at, problem.hessian, lambda x: problem.value_and_gradient(x)[1]):
        assert_close(ask(moved)[0, ...], ask(x)[0, ...])


def test_every_evaluation_is_seen(xp):
    p = params(xp, False)
    problem, x = problem_of(p, "automatic", False)
    seen = []
    problem.watch = lambda x, value: seen.append((x, value))
    value, _ = problem.value_and_gradient(2 * x)
    assert len(seen) == 1
    assert seen[0][1] == value
    assert_close(seen[0][0], 2 * x)
    assert problem.value(x) == seen[1][1]
    problem.gradient_at(x)
    problem.hessian(x)
    assert len(seen) == 2


@pytest.mark.parametrize("kind", ["automatic", "gradient"])
def test_a_function_that_returns_no_number_is_refused(xp, kind):
    p = params(xp, False)
    for f, found in (
        (lambda p, scale: p["a"], r"array of shape \(2,\)"),
        (lambda p, scale: None, "a NoneType"),
        (lambda p, scale: 1.0, "a float"),
        (lambda p, scale: p["a"][:1], r"array of shape \(1,\)"),
    ):
        problem, x = problem_of(p, kind, False, f)
        with pytest.raises(ValueError, match=f"must return a 0-d array, got .*{found}"):
            problem.value_and_gradient(x)


def test_a_function_of_a_batch_that_returns_one_number_is_refused(xp):
    p = params(xp, True)
    problem, x = problem_of(p, "automatic", True, lambda p, scale: xdl.array_namespace(p["b"]).sum(p["b"]))
    with pytest.raises(
        ValueError, match=r"one number for each problem, shape \(3,\), got an array of shape \(\)"
    ):
        problem.value_and_gradient(x)
