"""The engine of JAX: its own transforms in xdl's terms, and the rules that JAX has no word for."""

import jax
import jax.experimental
import jax.numpy as jnp
import numpy as np
import pytest
from programs import ARGS, PROGRAMS, grad

import xdl
import xdl_jax.autodiff as engine

wide = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64  # before JAX 0.8


@pytest.fixture(autouse=True)
def _wide():
    xdl.backend("jax")
    with wide(True):
        yield


def check(actual, desired):
    assert xdl.tree.structure(actual) == xdl.tree.structure(desired)
    for x, y in zip(xdl.tree.leaves(actual), xdl.tree.leaves(desired), strict=True):
        assert isinstance(x, jax.Array)
        np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=1e-11, atol=1e-13, strict=True)


# v holds x; the programs' functions are wave(x) = sin x exp x² and loss(x) = x0 Σ sin x exp x
def wave(x):
    return np.sin(x) * np.exp(x * x)


def wave1(x):
    return (np.cos(x) + 2 * x * np.sin(x)) * np.exp(x * x)


def wave2(x):
    return (4 * x * np.cos(x) + (1 + 4 * x * x) * np.sin(x)) * np.exp(x * x)


def loss1(x):
    slope = x[0] * (np.sin(x) + np.cos(x)) * np.exp(x)
    slope[0] += np.sum(np.sin(x) * np.exp(x))
    return slope


def loss2(x):
    first = (np.sin(x) + np.cos(x)) * np.exp(x)
    found = np.diag(2 * x[0] * np.cos(x) * np.exp(x))
    found[0, :] += first
    found[:, 0] += first
    return found


V, S, Z = ARGS["v"], ARGS["s"], ARGS["z"]
ANALYTIC = {
    "gradient": loss1(V),
    "second_derivative": wave2(S),
    "perturbation_of_a_closure": np.asarray(1.0),
    "inner_gradient_through_a_closure": 2 * S,
    "perturbation_of_an_argument": 6 * S**2,
    "pullback": (wave1(V) * V,),
    "forward": (wave(V), wave1(V) * 2 * V),
    "forward_with_integers": (
        (wave(V), (V > 0.5).astype(np.int32)),
        (wave1(V) * 2 * V, np.zeros(3, np.int32)),
        2 * V,
    ),
    "forward_over_reverse": (loss1(V), loss2(V) @ (2 * V)),
    "reverse_over_forward": 2 * wave1(V) + 2 * V * wave2(V),
    "linearized": (wave(V), wave1(V) * V, wave1(V) * 2 * V),
    "hessian_by_jacobian_of_gradient": (loss2(V),),
    "hessian_vector_product": (loss2(V) @ (2 * V),),
    "map_of_gradient": wave1(V),
    "gradient_of_map": 2 * wave(V) * wave1(V),
    "stopped": V,
    "second_derivative_with_checkpoint": wave2(S),
    "gradient_of_jit": loss1(V),
    "jit_of_map_of_gradient": wave1(V),
}


@pytest.mark.parametrize("name", ANALYTIC)
def test_program_has_the_analytic_value(name):
    args, make = PROGRAMS[name]
    found = make(engine, jnp)(*[jnp.asarray(ARGS[a]) for a in args])
    check(found, xdl.tree.map(jnp.asarray, ANALYTIC[name]))


def test_gradient_of_a_complex_argument_is_dx_minus_i_dy():
    h = 1e-6
    f = lambda z: np.sum(np.real(z * z * np.exp(z)) * np.imag(z))
    found = grad(engine, complex_loss)(jnp.asarray(Z))
    for k in range(Z.size):
        e = np.eye(Z.size)[k] * h
        dx, dy = (f(Z + e) - f(Z - e)) / (2 * h), (f(Z + 1j * e) - f(Z - 1j * e)) / (2 * h)
        np.testing.assert_allclose(found[k], dx - 1j * dy, rtol=1e-8)


def complex_loss(z):
    return jnp.sum(jnp.real(z * z * jnp.exp(z)) * jnp.imag(z))


# ---- modules and compilation ----


class Affine(xdl.Module):
    weight: object
    bias: object = None
    name: str = xdl.static(default="affine")

    def __call__(self, x):
        return x @ self.weight


def test_jit_takes_and_returns_modules():
    runs = []

    @lambda f: engine.jit(f, (2,), ())
    def step(model, x, kind):
        runs.append(kind)
        value, (slope,) = engine.value_and_grad(lambda m: jnp.sum(m(x) ** 2), (0,), False, (model,), {})
        return xdl.tree.map(lambda p, g: p - g, model, slope), value

    model, x = Affine(jnp.ones((2, 1))), jnp.ones((1, 2))
    for kind in ("a", "a", "b"):
        found, value = step(model, x, kind)
        assert type(found) is Affine
        assert found.name == "affine"
        check((found.weight, value), (jnp.full((2, 1), -3.0), jnp.asarray(4.0)))
    assert runs == ["a", "b"]
    assert step(model.replace(name="other"), x, "a")[0].name == "other"
    paths = jax.tree_util.tree_flatten_with_path(model)[0]
    assert jax.tree_util.keystr(paths[0][0]) == ".weight"


def test_donated_argument_is_given_up():
    x = jnp.ones(3)
    check(engine.jit(lambda x: x + 1, (), (0,))(x), jnp.full(3, 2.0))
    assert x.is_deleted()


def test_checkpoint_passes_what_is_not_an_array():
    f = lambda p, kind, *, c: jnp.sin(p["x"]) * c if kind == "sin" and p["n"] is None else None
    args = ({"x": jnp.asarray(2.0), "n": None}, "sin")
    saved = str(
        jax.make_jaxpr(jax.grad(lambda x: engine.checkpoint(f, ({"x": x, "n": None}, "sin"), {"c": 3})))(2.0)
    )
    check(engine.checkpoint(f, args, {"c": 3}), jnp.asarray(3 * np.sin(2.0)))
    assert "checkpoint" in saved or "remat" in saved


# ---- rules of the user's own ----


def rule_programs(pullback, pushforward):
    """A function with the given derivatives, differentiated in every way."""
    slope = lambda x, w: jnp.cos(x["a"] * w)
    back = lambda dy, y, x, w, k, n: (
        {"a": dy["y"] * slope(x, w) * w},
        jnp.sum(dy["y"] * slope(x, w) * x["a"]),
        None,
        None,
    )
    push = lambda d, y, x, w, k, n: {"y": slope(x, w) * (w * d[0]["a"] + x["a"] * d[1]), "n": d[3]}
    f = lambda x, w, k, n: {"y": jnp.sin(x["a"] * w), "n": n + 1}
    if pullback or pushforward:
        f = engine.custom_rule(f, back if pullback else None, push if pushforward else None)
    n = jnp.arange(2)
    loss = lambda v, s: jnp.sum(f({"a": v}, s, "k", n)["y"] ** 2)
    in_s = lambda v: lambda s: loss(v, s)
    return {
        "value": lambda v, s: f({"a": v}, s, "k", n),
        "gradient": lambda v, s: engine.value_and_grad(loss, (0, 1), False, (v, s), {}),
        "second": lambda v, s: grad(engine, grad(engine, in_s(v)))(s),
        "third": lambda v, s: grad(engine, grad(engine, grad(engine, in_s(v))))(s),
        "hessian": lambda v, s: engine.hessian(loss, (0, 1), (v, s)),
        "forward": lambda v, s: engine.jvp(loss, (v, s), (v, s), False),
        "forward twice": lambda v, s: engine.jvp(
            lambda s: engine.jvp(in_s(v), (s,), (s,), False)[1], (s,), (s,), False
        ),
        "linearize": lambda v, s: engine.linearize(loss, (v, s))[1](v, s),
        "reverse over forward": lambda v, s: grad(
            engine, lambda s: engine.jvp(in_s(v), (s,), (s,), False)[1]
        )(s),
        "map of gradient": lambda v, s: engine.vmap(grad(engine, loss, (0, 1)), (0, None), 0, (v, s)),
        "map of second": lambda v, s: engine.vmap(
            lambda s: grad(engine, grad(engine, in_s(v)))(s), 0, 0, (v,)
        ),
        "gradient of map": lambda v, s: grad(
            engine, lambda s: jnp.sum(engine.vmap(loss, (0, None), 0, (v, s)) ** 2)
        )(s),
        "jit": lambda v, s: engine.jit(grad(engine, loss, (0, 1)), (), ())(v, s),
        "jit forward": lambda v, s: engine.jit(lambda v, s: engine.jvp(loss, (v, s), (v, s), False), (), ())(
            v, s
        ),
    }


@pytest.mark.parametrize(
    "given", [(True, False), (False, True), (True, True)], ids=["pullback", "pushforward", "both"]
)
@pytest.mark.parametrize("way", list(rule_programs(False, False)))
def test_rule_equals_the_derivative_it_states(way, given):
    args = jnp.asarray(V), jnp.asarray(S)
    check(rule_programs(*given)[way](*args), rule_programs(False, False)[way](*args))


def test_rule_is_used_and_need_not_be_the_derivative():
    one = jnp.asarray(1.0)
    f = engine.custom_rule(lambda x: x * 1.0, lambda dy, y, x: (jnp.clip(dy, -1, 1),), None)
    assert grad(engine, lambda x: 5 * f(x))(one) == 1.0
    assert grad(engine, grad(engine, lambda x: f(0.25 * x**2)))(one) == 0.5
    assert grad(engine, grad(engine, lambda x: 5 * f(x**2)))(one) == 2.0
    both = engine.custom_rule(lambda x: x * 1.0, lambda dy, y, x: (7 * dy,), lambda d, y, x: 3 * d[0])
    assert grad(engine, both)(one) == 7.0
    assert engine.jvp(both, (one,), (one,), False)[1] == 3.0
    assert engine.vmap(grad(engine, both), 0, 0, (jnp.ones(2),)).tolist() == [7.0, 7.0]


def test_second_derivative_of_a_clipped_gradient_sees_the_clipping():
    f = engine.custom_rule(lambda x: x * 1.0, lambda dy, y, x: (jnp.clip(dy, -1, 1),), None)
    g = grad(engine, lambda x: 0.25 * f(x) ** 2)  # clip(x / 2)
    assert grad(engine, g)(jnp.asarray(0.5)) == 0.5
    assert grad(engine, g)(jnp.asarray(3.0)) == 0.0


@pytest.mark.parametrize(
    ("pullback", "error", "words"),
    [
        (lambda dy, y, x: dy, TypeError, "returns a tuple"),
        (lambda dy, y, x: (dy[:1],), ValueError, r"cotangent of shape \(1,\) for an array of shape \(3,\)"),
        (lambda dy, y, x: ([dy],), xdl.TreeError, "differ in structure"),
    ],
)
def test_rule_that_returns_the_wrong_thing(pullback, error, words):
    f = engine.custom_rule(lambda x: x * 1.0, pullback, None)
    with pytest.raises(error, match=words):
        grad(engine, lambda x: jnp.sum(f(x)))(jnp.ones(3))
