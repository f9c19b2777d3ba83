"""Programs of transforms, written once and run by the engines of two libraries, which must agree.

``PROGRAMS[name]`` is ``(args, make)``: ``make(engine, xp)`` gives a function of the arrays named in ``args``.
"""

import numpy as np

REAL = np.linspace(0.3, 1.2, 3)
COMPLEX = np.asarray([0.3 + 0.4j, 1 - 0.2j])
ARGS = {"v": REAL, "w": REAL[::-1].copy(), "s": np.asarray(0.8), "z": COMPLEX}

PROGRAMS = {}


def program(args):
    def register(make):
        PROGRAMS[make.__name__] = (args, make)
        return make

    return register


def grad(e, f, argnums=(0,)):
    def gradient(*args):
        found = e.value_and_grad(f, argnums, False, args, {})[1]
        return found[0] if len(argnums) == 1 else found

    return gradient


def loss(xp):
    return lambda x: xp.sum(xp.sin(x) * xp.exp(x) * x[0])


def wave(xp):
    return lambda x: xp.sin(x) * xp.exp(x * x)


def analytic(xp):
    return lambda z: z * z * xp.exp(z) * xp.conj(z)


def complex_loss(xp):
    return lambda z: xp.sum(xp.real(z * z * xp.exp(z)) * xp.imag(z))


def recurrent(e, xp, reverse=True):
    return lambda w: xp.sum(
        e.scan(lambda c, x: (xp.tanh(c * w[0] + x), c * x), xp.sum(w), w, None, reverse)[1]
    )


def branch(e):
    return lambda q: e.cond(q > 0.7, lambda x: x * q, lambda x: x * 3, (q,))


# ---- reverse mode ----


@program("v")
def gradient(e, xp):
    return grad(e, loss(xp))


@program("s")
def second_derivative(e, xp):
    return grad(e, grad(e, wave(xp)))


@program("s")
def third_derivative(e, xp):
    return grad(e, grad(e, grad(e, wave(xp))))


@program("s")
def perturbation_of_a_closure(e, xp):
    return grad(e, lambda x: x * grad(e, lambda y: x + y)(xp.ones_like(x)))


@program("s")
def inner_gradient_through_a_closure(e, xp):
    return grad(e, lambda x: grad(e, lambda y: x * x * y)(xp.ones_like(x)))


@program("s")
def perturbation_of_an_argument(e, xp):
    return grad(e, lambda x: x * grad(e, lambda y: x * y * y)(x))


@program("vw")
def unused_argument(e, xp):
    return lambda v, w: e.value_and_grad(lambda v, w: xp.sum(v), (0, 1), False, (v, w), {})


@program("v")
def constant(e, xp):
    return lambda v: e.value_and_grad(lambda v: xp.ones_like(v[0]), (0,), False, (v,), {})


@program("vw")
def second_argument_and_options(e, xp):
    return lambda v, w: e.value_and_grad(
        lambda v, w, *, k: xp.sum(v * w**k), (1,), False, (v, {"a": w}["a"]), {"k": 3}
    )


@program("v")
def auxiliary(e, xp):
    f = lambda x: (xp.sum(x * x), {"a": x * 2, "b": None, "c": x > 1})
    return lambda v: e.value_and_grad(f, (0,), True, (v,), {})


@program("v")
def pullback(e, xp):
    return lambda v: e.vjp(wave(xp), (v,), False)[1](v)


@program("v")
def pullback_twice(e, xp):
    def run(v):
        y, pull, aux = e.vjp(lambda x: ({"y": wave(xp)(x)}, x + 1), (v,), True)
        return y, pull({"y": v}), pull({"y": v * 2}), aux

    return run


@program("v")
def gradient_of_a_pullback(e, xp):
    return grad(e, lambda v: xp.sum(e.vjp(wave(xp), (v * 0.5,), False)[1](v)[0] ** 2))


@program("v")
def gradient_of_a_pullback_from_outside(e, xp):
    def run(v):
        pull = e.vjp(wave(xp), (v,), False)[1]
        return grad(e, lambda u: xp.sum(pull(u)[0] ** 2))(v)

    return run


# ---- forward mode, and mixtures ----


@program("v")
def forward(e, xp):
    return lambda v: e.jvp(wave(xp), (v,), (v * 2,), False)


@program("v")
def forward_with_integers(e, xp):
    f = lambda x: ((wave(xp)(x), xp.astype(x > 0.5, xp.int32)), x * 2)
    return lambda v: e.jvp(f, (v,), (v * 2,), True)


@program("v")
def forward_over_reverse(e, xp):
    return lambda v: e.jvp(grad(e, loss(xp)), (v,), (v * 2,), False)


@program("v")
def reverse_over_forward(e, xp):
    return grad(e, lambda v: xp.sum(e.jvp(wave(xp), (v,), (v * 2,), False)[1]))


@program("v")
def forward_over_forward(e, xp):
    first = lambda v: e.jvp(wave(xp), (v,), (v * 2,), False)[1]
    return lambda v: e.jvp(first, (v,), (v,), False)


@program("v")
def reverse_over_reverse_over_forward(e, xp):
    first = lambda v: xp.sum(e.jvp(wave(xp), (v,), (v * 2,), False)[1])
    return grad(e, lambda v: xp.sum(grad(e, first)(v) ** 2))


@program("v")
def forward_over_pullback(e, xp):
    return lambda v: e.jvp(e.vjp(wave(xp), (v,), False)[1], (v,), (v + 1,), False)


@program("v")
def linearized(e, xp):
    def run(v):
        y, push = e.linearize(wave(xp), (v,))
        return y, push(v), push(v * 2)

    return run


@program("v")
def gradient_of_linearized(e, xp):
    return grad(e, lambda v: xp.sum(e.linearize(wave(xp), (v,))[1](v)))


# ---- whole derivatives ----


@program("vw")
def jacobian_of_trees(e, xp):
    f = lambda p, w: {"a": p["v"] * w, "b": xp.sum(w)}
    return lambda v, w: e.jacobian(f, (0, 1), ({"v": v}, w))


@program("v")
def jacobian_of_jacobian(e, xp):
    first = lambda v: e.jacobian(lambda x: wave(xp)(x) * x[0], (0,), (v,))[0]
    return lambda v: e.jacobian(first, (0,), (v,))


@program("v")
def gradient_of_jacobian(e, xp):
    return grad(e, lambda v: xp.sum(e.jacobian(lambda x: wave(xp)(x) * x[0], (0,), (v,))[0] ** 2))


@program("vw")
def hessian(e, xp):
    return lambda v, w: e.hessian(lambda p, w: xp.sum(p["v"] * w * w) * w[0], (0, 1), ({"v": v}, w))


@program("v")
def gradient_of_hessian(e, xp):
    return grad(e, lambda v: xp.sum(e.hessian(loss(xp), (0,), (v,))[0][0] ** 2))


@program("v")
def hessian_by_jacobian_of_gradient(e, xp):
    return lambda v: e.jacobian(grad(e, loss(xp)), (0,), (v,))


@program("v")
def hessian_vector_product(e, xp):
    return lambda v: e.hvp(loss(xp), (v,), (v * 2,))


@program("v")
def gradient_of_hessian_vector_product(e, xp):
    return grad(e, lambda v: xp.sum(e.hvp(loss(xp), (v,), (v * 2,))[0]))


# ---- maps ----


@program("v")
def map_of_gradient(e, xp):
    return lambda v: e.vmap(grad(e, wave(xp)), 0, 0, (v,))


@program("v")
def gradient_of_map(e, xp):
    return grad(e, lambda v: xp.sum(e.vmap(wave(xp), 0, 0, (v,)) ** 2))


@program("v")
def gradient_of_map_of_gradient(e, xp):
    return grad(e, lambda v: xp.sum(e.vmap(grad(e, wave(xp)), 0, 0, (v,))))


@program("v")
def map_of_forward(e, xp):
    return lambda v: e.vmap(lambda x: e.jvp(wave(xp), (x,), (x,), False), 0, 0, (v,))


@program("v")
def forward_over_map_of_gradient(e, xp):
    return lambda v: e.jvp(lambda v: e.vmap(grad(e, wave(xp)), 0, 0, (v,)), (v,), (v,), False)


@program("v")
def map_of_pullback(e, xp):
    return lambda v: e.vmap(e.vjp(wave(xp), (v,), False)[1], 0, 0, (xp.stack([v, v + 1]),))


@program("vw")
def map_with_trees_of_axes(e, xp):
    f = lambda p, k: ({"a": p["v"] * p["b"], "n": None}, xp.sum(k) * p["v"], xp.sum(k))
    axes = ({"v": 0, "b": 1}, None), ({"a": 1, "n": None}, 0, None)
    return lambda v, w: e.vmap(f, *axes, ({"v": v, "b": xp.stack([v, w])}, w))


@program("v")
def map_of_auxiliary(e, xp):
    f = lambda x: (xp.sum(x * x), {"a": x * 2, "b": None, "c": x > 1})
    return lambda v: e.vmap(lambda x: e.value_and_grad(f, (0,), True, (x,), {}), 0, 0, (v,))


# ---- complex ----


@program("z")
def complex_gradient(e, xp):
    return grad(e, complex_loss(xp))


@program("z")
def complex_pullback(e, xp):
    return lambda z: e.vjp(analytic(xp), (z,), False)[1](z + 1j)


@program("z")
def complex_forward(e, xp):
    return lambda z: e.jvp(analytic(xp), (z,), (z + 1j,), False)


@program("z")
def complex_gradient_of_a_pullback(e, xp):
    return grad(e, lambda z: xp.real(xp.sum(e.vjp(analytic(xp), (z,), False)[1](z * 1j)[0])))


@program("z")
def complex_map_of_gradient(e, xp):
    return lambda z: e.vmap(grad(e, lambda z: xp.real(z * z * xp.exp(z)) * xp.imag(z)), 0, 0, (z,))


@program("z")
def complex_hessian_vector_product(e, xp):
    return lambda z: e.hvp(complex_loss(xp), (z,), (z * 1j,))


@program("z")
def complex_pullback_to_reals(e, xp):
    return lambda z: e.vjp(lambda x: xp.exp(1j * x) * x, (xp.real(z),), False)[1](z)


# ---- control ----


@program("v")
def scan_backwards(e, xp):
    step = lambda c, x: (xp.tanh(c * 0.5 + x), {"q": (c * x, None)})
    return lambda v: e.scan(step, xp.sum(v), v, None, True)


@program("v")
def scan_without_rows(e, xp):
    return lambda v: e.scan(lambda c, x: (xp.tanh(c), c), v, None, 4, False)


@program("v")
def scan_of_nothing(e, xp):
    return lambda v: e.scan(lambda c, x: (xp.tanh(c), c * x), xp.sum(v), v[:0], None, False)


@program("v")
def gradient_of_scan(e, xp):
    return grad(e, recurrent(e, xp))


@program("v")
def hessian_of_scan(e, xp):
    return lambda v: e.hessian(recurrent(e, xp, False), (0,), (v,))


@program("v")
def map_of_scan(e, xp):
    step = lambda q: lambda c, x: (xp.tanh(c + x * q), c)
    return lambda v: e.vmap(lambda q: e.scan(step(q), q, v, None, False), 0, (0, 1), (v,))


@program("v")
def choice(e, xp):
    return lambda v: [e.cond(xp.sum(v) > k, lambda x: x * 2, lambda x: x * 3, (v,)) for k in (0, 9)]


@program("v")
def map_of_choice(e, xp):
    return lambda v: e.vmap(branch(e), 0, 0, (v,))


@program("v")
def gradient_of_map_of_choice(e, xp):
    return grad(e, lambda v: xp.sum(e.vmap(branch(e), 0, 0, (v,))))


@program("v")
def map_of_gradient_of_choice(e, xp):
    return lambda v: e.vmap(grad(e, branch(e)), 0, 0, (v,))


@program("v")
def loop(e, xp):
    return lambda v: e.while_loop(lambda c: c[0] < 5, lambda c: (c[0] + 1, c[1] * 2), (v[0], v))


@program("v")
def gradient_with_checkpoint(e, xp):
    f = lambda p, k, *, c: loss(xp)(p["x"]) * c if k == "loss" else None
    return grad(e, lambda v: e.checkpoint(f, ({"x": v, "n": None}, "loss"), {"c": 2.0}))


@program("s")
def second_derivative_with_checkpoint(e, xp):
    return grad(e, grad(e, lambda s: e.checkpoint(wave(xp), (s,), {})))


@program("v")
def map_with_checkpoint(e, xp):
    return lambda v: e.vmap(grad(e, lambda s: e.checkpoint(wave(xp), (s,), {})), 0, 0, (v,))


@program("v")
def stopped(e, xp):
    return grad(e, lambda v: xp.sum(v * e.stop_gradient(v)))


# ---- compiled ----


@program("v")
def jit_of_trees(e, xp):
    def f(p, k=None, *, c):
        value, grads = e.value_and_grad(lambda p: loss(xp)(p["x"]) * c, (0,), False, (p,), {})
        return {"value": value, "grads": grads, "same": p, "none": None}

    return lambda v: e.jit(f, (), ())({"x": v, "n": None}, c=v[0])


@program("s")
def jit_of_second_derivative(e, xp):
    return e.jit(grad(e, grad(e, wave(xp))), (), ())


@program("v")
def gradient_of_jit(e, xp):
    return grad(e, e.jit(loss(xp), (), ()))


@program("s")
def second_derivative_of_jit(e, xp):
    return grad(e, grad(e, e.jit(wave(xp), (), ())))


@program("v")
def map_of_jit(e, xp):
    return lambda v: e.vmap(e.jit(wave(xp), (), ()), 0, 0, (v,))


@program("v")
def jit_of_map_of_gradient(e, xp):
    return e.jit(lambda v: e.vmap(grad(e, wave(xp)), 0, 0, (v,)), (), ())


@program("v")
def jit_of_hessian(e, xp):
    return e.jit(lambda v: e.hessian(loss(xp), (0,), (v,)), (), ())


@program("v")
def jit_of_gradient_of_scan(e, xp):
    return e.jit(grad(e, recurrent(e, xp)), (), ())


@program("v")
def jit_of_checkpoint(e, xp):
    return e.jit(grad(e, lambda v: e.checkpoint(loss(xp), (v,), {})), (), ())


@program("v")
def jit_of_gradient_of_choice(e, xp):
    f = lambda v: xp.sum(e.cond(xp.sum(v) > 0, lambda x: x["a"] * v, lambda x: x["a"] * 3, ({"a": v},)))
    return e.jit(grad(e, f), (), ())


@program("v")
def jit_with_static_arguments(e, xp):
    f = e.jit(lambda kind, v, n: v + n if kind == "plus" else v * n, (0, 2), ())
    return lambda v: (f("plus", v, 2), f("times", v, 2), f("times", v, 3))
