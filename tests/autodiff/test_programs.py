"""Maps, loops, branches, compilation and checkpoints, on every array library, by the tape and by its own engine."""

import numpy as np
import pytest
from asserts import assert_close, values
from smooth import X, gradient_of_sin_exp, make, sin_exp, tolerance

import xdl
from xdl import array_namespace


def test_vmap_axes(xp, engine):
    a, b = make(xp, np.arange(6.0).reshape(2, 3)), make(xp, [1.0, 2.0, 3.0])
    f = lambda a, b: {"s": a * b, "t": array_namespace(a).sum(a)}
    found = xdl.vmap(f, in_axes=(1, 0), out_axes={"s": 1, "t": 0})(a, b)
    A, B = values(a), values(b)
    assert_close(found["s"], A * B, like=a)
    assert_close(found["t"], A.sum(axis=0), like=a)
    per_row = xdl.vmap(xdl.grad(lambda row: array_namespace(row).sum(row * row), engine=engine))
    assert_close(per_row(a), 2 * A, like=a)
    gradient = xdl.grad(lambda a: array_namespace(a).sum(xdl.vmap(lambda r: r * r)(a)), engine=engine)
    assert_close(gradient(a), 2 * A, like=a)


def test_vmap_unmapped_argument_and_wrong_calls(xp):
    a, b = make(xp, [[1.0, 2.0], [3.0, 4.0]]), make(xp, [10.0, 20.0])
    assert_close(xdl.vmap(lambda r, b: r + b, in_axes=(0, None))(a, b), values(a) + values(b), like=a)
    with pytest.raises(ValueError, match="in_axes has 1 entries"):
        xdl.vmap(lambda r, b: r + b, in_axes=(0,))(a, b)


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_and_its_gradient(xp, engine, reverse):
    x = make(xp, [1.5, -2.0, 0.5])
    f = lambda c, x: (x * c, x + c)  # array-api-strict refuses a variable on the right of its own array

    def loop(x):
        c, ys = make(xp, 2.0), []
        for i in range(3)[:: -1 if reverse else 1]:
            c, y = f(c, x[i])
            ys.append(y)
        return c + array_namespace(x).sum(array_namespace(x).stack(ys) ** 2)

    def scanned(x):
        c, ys = xdl.scan(f, make(xp, 2.0), x, reverse=reverse)
        return c + array_namespace(ys).sum(ys**2)

    expected = xdl.value_and_grad(loop, engine="tape")(x)
    assert_close(xdl.value_and_grad(scanned, engine=engine)(x), expected, **tolerance(xp))


def test_scan_without_inputs_and_wrong_lengths(xp):
    c, ys = xdl.scan(lambda c, _: (2 * c, c), make(xp, 1.0), length=4)
    assert_close(ys, np.asarray([1.0, 2.0, 4.0, 8.0]), like=c)
    with pytest.raises(ValueError, match="leading length"):
        xdl.scan(lambda c, x: (c, c), make(xp, 1.0), {"a": make(xp, [1.0]), "b": make(xp, [1.0, 2.0])})
    with pytest.raises(ValueError, match="give `length`"):
        xdl.scan(lambda c, x: (c, c), make(xp, 1.0))


@pytest.mark.xp_skip("mock", reason="cond and while_loop read a condition: on the mock that is a host sync")
def test_cond_and_while_loop(xp, engine):
    x = make(xp, 1.5)
    pick = lambda x: xdl.cond(x > 1, lambda x: x * x, lambda x: -x, x)
    assert_close(xdl.grad(pick, engine=engine)(x), np.asarray(3.0), like=x)
    assert_close(xdl.grad(pick, engine=engine)(make(xp, 0.5)), np.asarray(-1.0), like=x)
    assert_close(
        xdl.while_loop(lambda v: v[0] < 100, lambda v: (v[0] * 2, v[1]), (x, x))[0], np.asarray(192.0), like=x
    )


def test_jit_runs_whole_steps(xp, engine):
    x = make(xp, X)
    if "torch" in xp.__name__:
        pytest.skip("torch.compile takes seconds: tested with the torch engine")
    step = xdl.jit(lambda x, n: x - 0.1 * n * xdl.grad(sin_exp, engine=engine)(x), static_argnums=1)
    assert_close(step(x, 2), X - 0.2 * gradient_of_sin_exp(X), like=x, **tolerance(xp))


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"a": x}], ids=["array", "tree"])
def test_a_compiled_function_serves_libraries_in_turns(wrap):
    """JAX traces it once, NumPy runs it each time, whether an array comes first or a tree."""
    jnp = pytest.importorskip("jax.numpy")
    runs = []
    run = xdl.jit(lambda tree, x: runs.append(type(x)) or x + 1)
    for _ in range(2):
        for x in (jnp.ones(3), np.ones(3)):
            assert_close(run(wrap(x), x), np.full(3, 2.0), like=x)
    assert runs.count(np.ndarray) == 2
    assert len(runs) == 3


def test_checkpoint_gives_the_same_derivatives_with_captured_variables(xp, engine):
    def with_checkpoint(wrap):
        def f(x):
            c = x * 2.0
            block = wrap(lambda a, b: (a * b * c, a + b))
            u, v = block(x, array_namespace(x).exp(x))
            return array_namespace(x).sum(u * v)

        return f

    x = make(xp, X)
    plain, saved = with_checkpoint(lambda f: f), with_checkpoint(xdl.checkpoint)
    first = xdl.grad(plain, engine="tape")(x)
    assert_close(xdl.grad(saved, engine=engine)(x), first, **tolerance(xp))
    v = make(xp, [1.0, -1.0, 0.5])
    second = xdl.hvp(plain, (x,), (v,), engine="tape")
    assert_close(xdl.hvp(saved, (x,), (v,), engine=engine), second, **tolerance(xp))
    pushforward = xdl.linearize(saved, x, engine=engine)[1]
    assert_close(pushforward(v), xdl.jvp(plain, (x,), (v,), engine="tape")[1], **tolerance(xp))
    assert_close(
        xdl.jvp(saved, (x,), (v,), engine=engine)[1],
        xdl.jvp(plain, (x,), (v,), engine="tape")[1],
        **tolerance(xp),
    )
