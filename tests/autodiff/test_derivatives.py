"""Every transform that differentiates, on every array library, by the tape and by its own engine."""

import array_api_strict
import numpy as np
import pytest
from asserts import assert_close, values
from smooth import X, gradient_of_sin_exp, hessian_of_sin_exp, make, sin_exp, tolerance

import xdl
from xdl import array_namespace


def test_grad_is_the_analytic_one(xp, engine):
    x = make(xp, X)
    value, gradient = xdl.value_and_grad(sin_exp, engine=engine)(x)
    assert_close(gradient, gradient_of_sin_exp(X), like=x, **tolerance(xp))
    assert_close(value, sin_exp(x), **tolerance(xp))
    assert_close(xdl.grad(sin_exp, engine=engine)(x), gradient)


def test_several_arguments_over_trees(xp, engine):
    params = {"w": make(xp, X), "b": (make(xp, 2.0),)}
    x = make(xp, [1.0, 2.0, 3.0])

    def loss(params, x, *, scale):
        return scale * array_namespace(x).sum(params["w"] * x) * params["b"][0], {"more": x + 1}

    (value, more), (dp, dx) = xdl.value_and_grad(loss, (0, 1), has_aux=True, engine=engine)(
        params, x, scale=2.0
    )
    total = float((X * [1, 2, 3]).sum())
    assert_close(value, np.asarray(4 * total), like=x, **tolerance(xp))
    assert_close(more["more"], np.asarray([2.0, 3.0, 4.0]), like=x)
    assert_close(dp["w"], np.asarray([4.0, 8.0, 12.0]), like=x, **tolerance(xp))
    assert_close(dp["b"][0], np.asarray(2 * total), like=x, **tolerance(xp))
    assert_close(dx, 4 * X, like=x, **tolerance(xp))


def test_argument_that_does_not_matter_has_gradient_zero(xp, engine):
    x, unused = make(xp, 2.0), make(xp, [1.0, 2.0])
    gradients = xdl.grad(lambda x, u: x * x, (0, 1), engine=engine)(x, unused)
    assert_close(gradients[1], np.zeros(2), like=unused)


@pytest.mark.parametrize("deep", [1, 2, 3, 4])
def test_nested_grads_of_a_power(xp, engine, deep):
    f, expected = (lambda x: x * x * x * x), 1.0
    for k in range(deep):
        f, expected = xdl.grad(f, engine=engine), expected * (4 - k)
    x = make(xp, 1.5)
    assert_close(f(x), np.asarray(expected * 1.5 ** (4 - deep)), like=x, **tolerance(xp))


def test_perturbations_are_not_confused(xp, engine):
    one = make(xp, 1.0)
    inner = lambda x: x * xdl.grad(lambda y: x + y, engine=engine)(one)
    assert_close(xdl.grad(inner, engine=engine)(one), np.asarray(1.0), like=one)


def test_jvp_and_vjp_are_transposes(xp, engine):
    x, dx = make(xp, X), make(xp, [0.5, -1.0, 2.0])
    f = lambda x: {"y": array_namespace(x).sin(x) * x[0], "z": x[:2]}
    y, dy = xdl.jvp(f, (x,), (dx,), engine=engine)
    y2, pullback = xdl.vjp(f, x, engine=engine)
    assert_close(y, y2, **tolerance(xp))
    cotangent = {"y": make(xp, [1.0, 0.3, -0.2]), "z": make(xp, [2.0, 0.1])}
    (back,) = pullback(cotangent)
    (again,) = pullback(cotangent)
    assert_close(again, back)
    left = sum(float(np.sum(values(cotangent[k]) * values(dy[k]))) for k in "yz")
    right = float(np.sum(values(back) * values(dx)))
    assert left == pytest.approx(right, rel=1e-5)


def test_linearize_is_jvp_without_running_again(xp, engine):
    runs = []

    def f(x):
        runs.append(None)
        return array_namespace(x).exp(x) * x[0]

    x, dx = make(xp, X), make(xp, [0.5, -1.0, 2.0])
    y, pushforward = xdl.linearize(f, x, engine=engine)
    before = len(runs)
    assert_close(pushforward(dx), xdl.jvp(f, (x,), (dx,), engine=engine)[1], **tolerance(xp))
    assert_close(pushforward(2 * dx), 2 * pushforward(dx), **tolerance(xp))
    if engine == "tape":
        assert before == 1
        assert len(runs) == 2


def test_jacobian_hessian_and_hvp(xp, engine):
    x, v = make(xp, X), make(xp, [1.0, -2.0, 0.5])
    H = hessian_of_sin_exp(X)
    assert_close(xdl.hessian(sin_exp, engine=engine)(x), H, like=x, **tolerance(xp))
    assert_close(xdl.jacobian(xdl.grad(sin_exp, engine=engine), engine=engine)(x), H, like=x, **tolerance(xp))
    assert_close(xdl.hvp(sin_exp, (x,), (v,), engine=engine), H @ values(v), like=x, **tolerance(xp))
    reverse = xdl.grad(
        lambda x: array_namespace(x).sum(xdl.grad(sin_exp, engine=engine)(x) * v), engine=engine
    )
    assert_close(reverse(x), H @ values(v), like=x, **tolerance(xp))


def test_jacobian_of_trees(xp, engine):
    x, s = make(xp, X), make(xp, 2.0)
    found = xdl.jacobian(lambda x, s: {"a": x * s, "b": s * s}, (0, 1), engine=engine)(x, s)
    assert_close(found["a"][0], 2 * np.eye(3), like=x, **tolerance(xp))
    assert_close(found["a"][1], X, like=x, **tolerance(xp))
    assert_close(found["b"][0], np.zeros(3), like=x)
    assert_close(found["b"][1], np.asarray(4.0), like=x)


@pytest.mark.xp_float64
def test_complex_gradients_follow_jax(xp, engine):
    jax = pytest.importorskip("jax")

    def loss(z):
        xp = array_namespace(z)
        return xp.sum(xp.abs(z * z + 1) + xp.real(xp.exp(z)) * xp.imag(z))

    z = np.asarray([0.3 + 0.4j, -0.5 + 1.2j])
    with jax.enable_x64(True):
        expected = np.asarray(jax.grad(lambda z: loss(z))(jax.numpy.asarray(z)))
    ours = xp.asarray(z.tolist(), dtype=xp.complex128)
    assert_close(xdl.grad(loss, engine=engine)(ours), expected, like=ours, rtol=1e-10)


def test_stop_gradient_at_every_level(xp, engine):
    x = make(xp, 3.0)
    f = lambda x: x * xdl.stop_gradient(x)
    assert_close(xdl.grad(f, engine=engine)(x), np.asarray(3.0), like=x)
    assert_close(xdl.grad(xdl.grad(f, engine=engine), engine=engine)(x), np.asarray(0.0), like=x)
    assert xdl.stop_gradient({"n": 3})["n"] == 3


def test_an_exception_leaves_nothing_behind(xp, engine):
    x = make(xp, X)

    def broken(x):
        xdl.grad(sin_exp, engine=engine)(x)
        message = "planted"
        raise KeyError(message)

    for _ in range(3):
        with pytest.raises(KeyError, match="planted"):
            xdl.grad(broken, engine=engine)(x)
    assert_close(xdl.grad(sin_exp, engine=engine)(x), gradient_of_sin_exp(X), like=x, **tolerance(xp))


@pytest.mark.parametrize("space", [np, array_api_strict], ids=["numpy", "strict"])
def test_second_derivatives_where_the_cotangent_of_a_quotient_is_zero(space):
    """A zero wins over an infinite slope, but the product is linear in it all the same."""
    f = lambda x: x * ((x + 3.0) / 6.0)
    assert float(xdl.grad(xdl.grad(f, engine="tape"), engine="tape")(space.asarray(0.0))) == pytest.approx(
        1 / 3
    )
    g = lambda x: x / (x + 2.0)
    assert float(xdl.grad(xdl.grad(g, engine="tape"), engine="tape")(space.asarray(0.0))) == pytest.approx(
        -0.5
    )
