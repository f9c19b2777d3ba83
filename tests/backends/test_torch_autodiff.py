"""The engine of torch: every mixture of transforms against JAX, and what torch alone can get wrong."""

import array_api_compat.torch as xp
import jax
import jax.experimental
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from asserts import values
from programs import ARGS, PROGRAMS, grad

import xdl
import xdl_jax.autodiff
import xdl_torch.autodiff as engine
from xdl_torch._reverse import depth

wide = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64  # before JAX 0.8
SLOW = {name for name in PROGRAMS if "jit" in name and name != "map_of_jit"}


@pytest.fixture(autouse=True, scope="module")
def _forward_mode():
    """Forward mode, loaded before torch.compile is the first to need it: torch warns about its own code then."""
    x = torch.ones(())
    xdl.jvp(lambda x: x * x, (x,), (x,))


@pytest.fixture(autouse=True)
def _loaded():
    xdl.backend("torch")
    yield
    assert depth() == 0
    assert torch.is_grad_enabled()


def check(actual, desired):
    """Compare a tree of tensors with one of JAX's arrays."""
    found, wanted = xdl.tree.leaves_with_path(actual), xdl.tree.leaves_with_path(desired)
    assert [p for p, _ in found] == [p for p, _ in wanted]
    for (path, x), (_, y) in zip(found, wanted, strict=True):
        assert isinstance(x, torch.Tensor), path
        assert not x.requires_grad, f"{path} is still part of a graph"
        np.testing.assert_allclose(
            values(x), np.asarray(y), rtol=1e-11, atol=1e-13, strict=True, err_msg=path
        )


def run_on_torch(name):
    args, make = PROGRAMS[name]
    return make(engine, xp)(*[torch.asarray(ARGS[a]) for a in args])


def run_on_jax(name):
    xdl.backend("jax")
    args, make = PROGRAMS[name]
    with wide(True):
        return make(xdl_jax.autodiff, jnp)(*[jnp.asarray(ARGS[a]) for a in args])


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in PROGRAMS]
)
def test_torch_agrees_with_jax(name):
    check(run_on_torch(name), run_on_jax(name))


@pytest.mark.parametrize(
    "name", ["gradient", "third_derivative", "pullback", "hessian", "reverse_over_forward"]
)
def test_no_grad_outside_changes_nothing(name):
    with torch.no_grad():
        found = run_on_torch(name)
        assert not torch.is_grad_enabled()
    check(found, run_on_jax(name))


def test_result_stays_differentiable_where_an_argument_was():
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    value, (slope,) = engine.value_and_grad(lambda x: x**3, (0,), False, (x,), {})
    assert torch.autograd.grad(slope, x)[0] == 12.0
    assert torch.autograd.grad(value, x)[0] == 12.0
    with torch.no_grad():
        assert not engine.value_and_grad(lambda x: x**3, (0,), False, (x,), {})[1][0].requires_grad


def test_result_stays_differentiable_where_a_closure_was():
    w = torch.nn.Parameter(torch.tensor(3.0, dtype=torch.float64))
    x = torch.tensor(2.0, dtype=torch.float64)
    value, (slope,) = engine.value_and_grad(lambda x: w * x**2, (0,), False, (x,), {})
    assert torch.autograd.grad(slope, w)[0] == 4.0
    assert torch.autograd.grad(value, w)[0] == 4.0
    y, pull = engine.vjp(lambda x: w * x**2, (x,), False)
    assert torch.autograd.grad(pull(torch.ones_like(y))[0], w)[0] == 4.0
    assert x.grad is None


def test_pullback_of_constants_leaves_no_graph():
    x = torch.tensor([2.0, 3.0], dtype=torch.float64)
    y, pull, aux = engine.vjp(lambda x: (x**2, {"cube": x**3, "n": torch.arange(2)}), (x,), True)
    found = [y, aux["cube"], aux["n"], *pull(torch.ones_like(y))]
    assert [x.tolist() for x in found] == [[4.0, 9.0], [8.0, 27.0], [0, 1], [4.0, 6.0]]
    assert not any(x.requires_grad for x in found)


def test_cotangents_of_what_has_no_derivative_are_zero():
    x, n = torch.tensor([2.0, 3.0]), torch.tensor([5, 7])
    (y, whole), pull = engine.vjp(lambda p: (p["x"] * p["n"], p["n"] + 1), ({"x": x, "n": n, "k": 4},), False)
    (found,) = pull((torch.ones_like(y), torch.zeros_like(whole)))
    assert found["k"] == 0
    assert torch.equal(found["n"], torch.zeros_like(n))
    assert torch.equal(found["x"], torch.tensor([5.0, 7.0]))


def test_parameters_are_arguments_like_others():
    layer = torch.nn.Linear(2, 1, dtype=torch.float64)
    x = torch.ones(3, 2, dtype=torch.float64)
    f = lambda p: torch.func.functional_call(layer, p, x).sum()
    grads = engine.value_and_grad(f, (0,), False, (dict(layer.named_parameters()),), {})[1][0]
    assert torch.equal(grads["weight"].detach(), torch.full((1, 2), 3.0, dtype=torch.float64))
    assert layer.weight.grad is None


def test_tied_leaves_are_separate_arguments():
    x = torch.tensor(2.0, dtype=torch.float64)
    grads = engine.value_and_grad(lambda p: p[0] * p[1] ** 2, (0,), False, ([x, x],), {})[1][0]
    assert [float(g) for g in grads] == [4.0, 8.0]


class BrokenError(Exception):
    pass


def fail(*args):
    raise BrokenError


@pytest.mark.parametrize(
    "transform",
    [
        lambda x: engine.value_and_grad(fail, (0,), False, (x,), {}),
        lambda x: engine.vjp(fail, (x,), False),
        lambda x: engine.jvp(fail, (x,), (x,), False),
        lambda x: engine.hessian(fail, (0,), (x,)),
        lambda x: engine.vmap(fail, 0, 0, (x,)),
        lambda x: engine.jit(fail, (), ())(x),
        lambda x: engine.checkpoint(fail, (x,), {}),
        lambda x: engine.scan(fail, x, x, None, False),
        lambda x: grad(engine, lambda x: engine.vmap(fail, 0, 0, (x,)))(x),
    ],
)
def test_exception_leaves_nothing_behind(transform):
    x = torch.ones(3, dtype=torch.float64)
    with torch.no_grad():
        with pytest.raises(BrokenError):
            transform(x)
        assert not torch.is_grad_enabled()
    check(run_on_torch("third_derivative"), run_on_jax("third_derivative"))
    assert grad(engine, lambda x: torch.sum(x * x))(x).equal(2 * x)


def test_no_tensor_survives_a_gradient():
    import gc
    import weakref

    x, seen = torch.ones(3), []

    def f(x):
        seen.append(weakref.ref(x))
        return torch.sum(x * x)

    gc.disable()
    try:
        grad(engine, f)(x)
        grad(engine, lambda x: torch.sum(grad(engine, f)(x)))(x)
    finally:
        gc.enable()
    assert [r() for r in seen] == [None, None]


@pytest.mark.parametrize(
    ("f", "x", "words"),
    [
        (torch.sum, torch.arange(3), "torch.int64"),
        (lambda x: x, 1.0, "got float 1.0"),
        (lambda x: x, torch.ones(2), "scalar, got shape"),
        (lambda x: torch.sum(x), torch.ones(2, dtype=torch.complex64), "complex64"),
        (lambda x: 1.0, torch.ones(2), "builtins.float"),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_refusals(f, x, words, inside):
    run = lambda: engine.value_and_grad(f, (0,), False, (x,), {})
    with pytest.raises(TypeError, match=words):
        engine.vmap(lambda _: run(), 0, 0, (torch.ones(2),)) if inside else run()


def test_cotangent_must_have_the_structure_of_the_result():
    _, pull = engine.vjp(lambda x: {"a": x}, (torch.ones(2),), False)
    with pytest.raises(xdl.TreeError, match="structure"):
        pull([torch.ones(2)])


def test_axes_must_fit():
    with pytest.raises(xdl.TreeError, match="in_axes"):
        engine.vmap(lambda p: p["a"], ({"b": 0, "c": 0},), 0, ({"a": torch.ones(2)},))


def test_scan_needs_one_structure():
    steps = iter([{"a": torch.ones(1)}, {"b": torch.ones(1)}])
    with pytest.raises(xdl.TreeError, match="one structure"):
        engine.scan(lambda c, x: (c, next(steps)), torch.ones(1), None, 2, False)


# ---- modules ----


class Affine(xdl.Module):
    weight: object
    bias: object
    name: str = xdl.static(default="affine")

    def __call__(self, x):
        return x @ self.weight + self.bias


class Net(xdl.Module):
    layers: tuple
    scales: dict
    nothing: object = None

    def __call__(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x)) * self.scales["a"]
        return torch.sum(x * x)


def net():
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(shape, generator=generator, dtype=torch.float64)
    return Net((Affine(draw(2, 3), draw(3)), Affine(draw(3, 2), draw(2))), {"a": draw()}), draw(4, 2)


def test_modules_are_torch_pytrees():
    model, x = net()
    grads = torch.func.grad(lambda m: m(x))(model)
    ours = engine.value_and_grad(lambda m: m(x), (0,), False, (model,), {})[1][0]
    assert type(grads) is Net
    assert grads.layers[0].name == "affine"
    for a, b in zip(xdl.tree.leaves(grads), xdl.tree.leaves(ours), strict=True):
        torch.testing.assert_close(a, b)
    paths = [torch.utils._pytree.keystr(p) for p, _ in torch.utils._pytree.tree_flatten_with_path(model)[0]]
    assert paths[0] == ".layers[0].weight"


def step(model, x, rate):
    value, (grads,) = engine.value_and_grad(lambda m: m(x), (0,), False, (model,), {})
    model = xdl.tree.map(lambda p, g: p - rate * g, model, grads)
    return model.replace(nothing=None), Affine(value, grads.layers[0].bias)


def check_step(run):
    model, x = net()
    wanted, found = step(model, x, 0.1), run(model, x, 0.1)
    assert xdl.tree.structure(found) == xdl.tree.structure(wanted)
    for a, b in zip(xdl.tree.leaves(found), xdl.tree.leaves(wanted), strict=True):
        torch.testing.assert_close(a, b)
    return found


@pytest.mark.slow
def test_jit_of_a_training_step():
    check_step(engine.jit(step, (), ()))


@pytest.mark.slow
def test_torch_compile_follows_a_training_step():
    torch._dynamo.reset()
    check_step(torch.compile(step, fullgraph=True, backend="eager"))


FOLLOWED = [
    "second_derivative",
    "perturbation_of_a_closure",
    "auxiliary",
    "pullback",
    "forward",
    "forward_over_reverse",
    "jacobian_of_trees",
    "hessian",
    "map_of_gradient",
    "scan_backwards",
    "gradient_with_checkpoint",
    "complex_gradient",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLLOWED)
def test_torch_compile_follows_the_engine(name):
    torch._dynamo.reset()
    args, make = PROGRAMS[name]
    compiled = torch.compile(make(engine, xp), fullgraph=True, backend="eager")
    check(compiled(*[torch.asarray(ARGS[a]) for a in args]), run_on_jax(name))


# ---- compilation ----


def counted(f, **options):
    runs = []

    def g(*args, **more):
        runs.append(args)
        return f(*args, **more)

    return engine.jit(g, options.get("static", ()), ()), runs


@pytest.mark.slow
def test_jit_traces_once_for_each_kind_of_arguments():
    f, runs = counted(lambda x, k: x * k)
    a, b = torch.ones(4), torch.ones(3)
    for x in (a, a + 1, b, a, a.double(), torch.ones(8)[::2]):
        assert torch.equal(f(x, 2.0), x * 2.0)
    assert len(runs) == 4
    assert f(a, 2).dtype == torch.float32
    assert f(torch.arange(3), 2).dtype == torch.int64  # 2 and 2.0 are different programs
    assert f(torch.arange(3), 2.0).dtype == torch.float32


@pytest.mark.slow
def test_jit_keeps_arguments_apart_that_were_one_at_first():
    f = engine.jit(lambda a, b: a - 2 * b, (), ())
    a, b = (torch.full((3,), k, requires_grad=True) for k in (3.0, 1.0))
    assert torch.equal(f(a, a), torch.full((3,), -3.0))
    y = f(a, b)
    assert torch.equal(y, torch.ones(3))
    assert [g[0].item() for g in torch.autograd.grad(y.sum(), [a, b])] == [1.0, -2.0]


@pytest.mark.slow
def test_jit_updates_its_arguments_in_place_as_the_function_does():
    f = engine.jit(lambda p, g: p.add_(g, alpha=-0.5), (), ())
    p = torch.ones(3)
    assert torch.equal(f(p, torch.ones(3)), torch.full((3,), 0.5))
    assert torch.equal(p, torch.full((3,), 0.5))


@pytest.mark.slow
def test_jit_steps_in_memory_that_is_given_up():
    rule, w, g = xdl.optim.Adam(0.1), torch.linspace(-1, 1, 8), torch.linspace(1, 2, 8)
    step = lambda w, state, g: xdl.optim.update(rule, w, g, state, donate=True)
    run = xdl.jit(step, donate_argnums=(0, 1))
    wanted, found = [w, xdl.optim.init(rule, w)], [w.clone(), xdl.optim.init(rule, w)]
    places = [x.data_ptr() for x in xdl.tree.leaves(found)]
    for _ in range(3):
        wanted = xdl.optim.update(rule, wanted[0], g, wanted[1])
        found = run(*found, g)
    for a, b in zip(xdl.tree.leaves(found), xdl.tree.leaves(wanted), strict=True):
        torch.testing.assert_close(a, b)
    assert [x.data_ptr() for x in xdl.tree.leaves(found)] == places


def _overlapping():
    x = torch.arange(4.0)
    return x[:3], x[1:]


@pytest.mark.slow
@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: (b * 2, a + 1, a),
        lambda a, b: (a[1:], b.sum(), a + b),
        lambda a, b: (b, a),
    ],
)
def test_jit_reads_what_is_given_up_before_it_is_written(f):
    run = engine.jit(f, (), (0, 1))
    for make in (
        lambda: (torch.arange(4.0), torch.linspace(1, 2, 4)),
        lambda: 2 * (torch.arange(4.0),),
        _overlapping,
        lambda: (torch.arange(4.0).expand(3, 4), torch.linspace(1, 2, 4).expand(3, 4)),
    ):
        for found, wanted in zip(run(*make()), f(*make()), strict=True):
            assert torch.equal(found, wanted)


@pytest.mark.slow
def test_jit_writes_to_no_variable_of_autograd():
    w = torch.ones(3, requires_grad=True)
    y = engine.jit(lambda w: w * 2, (), (0,))(w)
    assert torch.equal(w, torch.ones(3))
    assert torch.equal(torch.autograd.grad(y.sum(), w)[0], torch.full((3,), 2.0))


def test_jit_refuses_a_branch_on_a_value():
    def branching(x):
        return x if torch.sum(x) > 0 else -x

    with pytest.raises(TypeError, match=r"branching cannot be compiled: .*xdl\.cond"):
        engine.jit(branching, (), ())(torch.ones(3))


def test_jit_refuses_what_cannot_be_hashed():
    with pytest.raises(TypeError, match="must be hashable"):
        engine.jit(lambda x, k: x, (1,), ())(torch.ones(3), [1])


@pytest.mark.slow
def test_jit_warns_of_many_programs():
    f = engine.jit(lambda x, k: x, (), ())
    for k in range(15):
        f(torch.ones(1), float(k))
    with pytest.warns(UserWarning, match="compiled 16 times"):
        f(torch.ones(1), 15.0)


@pytest.mark.slow
def test_jit_says_what_the_compiler_said(monkeypatch):
    def broken(*args):
        raise OSError("no compiler")

    monkeypatch.setattr(torch._inductor, "compile", broken)
    with pytest.raises(RuntimeError, match=r"torch could not compile <lambda>: no compiler[\s\S]*C\+\+"):
        engine.jit(lambda x: x, (), ())(torch.ones(3))


# ---- rules of the user's own ----


def rule_programs(e, xp, pullback, pushforward):
    """A function with the given derivatives, differentiated in every way."""
    slope = lambda x, w: xp.cos(x["a"] * w)
    back = lambda dy, y, x, w, k: (
        {"a": dy["y"] * slope(x, w) * w},
        xp.sum(dy["y"] * slope(x, w) * x["a"]),
        None,
    )
    push = lambda d, y, x, w, k: {"y": slope(x, w) * (w * d[0]["a"] + x["a"] * d[1])}
    f = lambda x, w, k: {"y": xp.sin(x["a"] * w)}
    plain = (pullback, pushforward) == (False, False)
    f = f if plain else e.custom_rule(f, back if pullback else None, push if pushforward else None)
    loss = lambda v, s: xp.sum(f({"a": v}, s, "k")["y"] ** 2)
    in_s = lambda v: lambda s: loss(v, s)
    return {
        "gradient": lambda v, s: e.value_and_grad(loss, (0, 1), False, (v, s), {}),
        "second": lambda v, s: grad(e, grad(e, in_s(v)))(s),
        "third": lambda v, s: grad(e, grad(e, grad(e, in_s(v))))(s),
        "hessian": lambda v, s: e.hessian(loss, (0, 1), (v, s)),
        "forward": lambda v, s: e.jvp(loss, (v, s), (v, s), False),
        "reverse over forward": lambda v, s: grad(e, lambda s: e.jvp(in_s(v), (s,), (s,), False)[1])(s),
        "map of gradient": lambda v, s: e.vmap(grad(e, loss, (0, 1)), (0, None), 0, (v, s)),
        "gradient of map": lambda v, s: grad(e, lambda s: xp.sum(e.vmap(loss, (0, None), 0, (v, s)) ** 2))(s),
        "jit": lambda v, s: e.jit(grad(e, loss, (0, 1)), (), ())(v, s),
    }


WAYS = list(rule_programs(engine, xp, True, True))


@pytest.mark.parametrize(
    "given", [(True, False), (False, True), (True, True)], ids=["pullback", "pushforward", "both"]
)
@pytest.mark.parametrize(
    "way", [pytest.param(w, marks=[pytest.mark.slow] if w == "jit" else []) for w in WAYS]
)
def test_rule_equals_the_derivative_it_states(way, given):
    v, s = torch.asarray(ARGS["v"]), torch.asarray(ARGS["s"])
    found = rule_programs(engine, xp, *given)[way](v, s)
    with wide(True):
        wanted = rule_programs(xdl_jax.autodiff, jnp, False, False)[way](
            *[jnp.asarray(ARGS[a]) for a in "vs"]
        )
    check(found, wanted)


def test_rule_is_used_and_need_not_be_the_derivative():
    f = engine.custom_rule(lambda x: x * 1.0, lambda dy, y, x: (torch.clip(dy, -1, 1),), None)
    assert grad(engine, lambda x: 5 * f(x))(torch.tensor(1.0)) == 1.0
    both = engine.custom_rule(lambda x: x * 1.0, lambda dy, y, x: (7 * dy,), lambda d, y, x: 3 * d[0])
    x = torch.tensor(1.0)
    assert grad(engine, both)(x) == 7.0
    assert engine.jvp(both, (x,), (x,), False)[1] == 3.0


def test_rule_for_complex_arguments_follows_jax():
    z = torch.asarray(ARGS["z"])
    stated = engine.custom_rule(lambda z: z * z, lambda dy, y, z: (2 * z * dy,), None)
    for make in (complex_loss_of, complex_pullback_of):
        torch.testing.assert_close(make(stated)(z), make(lambda z: z * z)(z))


def complex_loss_of(f):
    return grad(engine, lambda z: torch.sum(torch.real(f(z)) * torch.imag(z)))


def complex_pullback_of(f):
    return lambda z: engine.vjp(f, (z,), False)[1](z + 1j)[0]


@pytest.mark.parametrize(
    ("pullback", "error", "words"),
    [
        (lambda dy, y, x: dy, TypeError, "returns a tuple"),
        (lambda dy, y, x: (dy[:1],), ValueError, r"cotangent of shape \(1,\) for a tensor of shape \(3,\)"),
        (lambda dy, y, x: ([dy],), xdl.TreeError, "differ in structure"),
    ],
)
def test_rule_that_returns_the_wrong_thing(pullback, error, words):
    f = engine.custom_rule(lambda x: x * 1.0, pullback, None)
    with pytest.raises(error, match=words):
        grad(engine, lambda x: torch.sum(f(x)))(torch.ones(3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tangents_have_the_dtype_of_their_values(dtype):
    """Numbers of Python times a 0-d tensor have tangents of double precision in torch (issues 90065 and 160513)."""
    x = torch.tensor([1.0, 2.0], dtype=dtype)
    for f in (lambda x: 2.0 * x[0], lambda x: x[0] / 3.0 + 1.0, lambda x: torch.stack([2.0 * x[0], x[1]])):
        assert xdl.jvp(f, (x,), (x,))[1].dtype == dtype
        assert xdl.linearize(f, x)[1](x).dtype == dtype
        assert xdl.jacobian(f)(x).dtype == dtype
    energy = lambda x: 2.0 * x[0] ** 2 * x[1] / 3.0
    assert xdl.hessian(energy)(x).dtype == dtype
    assert xdl.hvp(energy, (x,), (x,)).dtype == dtype
