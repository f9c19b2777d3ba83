"""Solutions as functions of what they depend on."""

import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl import optim

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=20)
X_NEW, LABELS = RNG.normal(size=(30, 3)), np.sign(X @ [1.0, -2.0, 0.5] + 0.8 * RNG.normal(size=20))
LABELS_NEW = np.sign(X_NEW @ [1.0, -2.0, 0.5])


def ridge(w, penalty, X, y):
    xp = xdl.array_namespace(w)
    e = xp.matmul(X, w) - y
    return 0.5 * xp.vecdot(e, e) + 0.5 * penalty * xp.vecdot(w, w)


def logistic(w, X, y):
    xp = xdl.array_namespace(w)
    return xp.mean(xp.log1p(xp.exp(-xp.matmul(X, w) * y)))


def exact_ridge(penalty):
    return np.linalg.solve(X.T @ X + penalty * np.eye(3), X.T @ Y)


def arrays(xp, *xs):
    return [xp.asarray(np.asarray(x), dtype=xp.float64) for x in xs]


def differences(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


@pytest.mark.parametrize(
    ("how", "engine"),
    [
        ("minimize", None),
        ("least_squares", None),
        ("root", None),
        ("fixed_point", None),
        ("minimize", "tape"),
    ],
)
def test_gradients_of_a_ridge_penalty(xp64, syncs, engine, how):
    """Through each solver, first and second derivative of a function of the solution; the closed form differenced."""
    penalty, x, y, w0 = arrays(xp64, 0.7, X, Y, np.zeros(3))

    def stacked(w, penalty, x, y):
        return xdl.array_namespace(w).matmul(x, w) - y, penalty**0.5 * w

    def slope(w, penalty, x, y):
        xp = xdl.array_namespace(w)
        return xp.matmul(xp.matrix_transpose(x), xp.matmul(x, w) - y) + penalty * w

    def step(w, penalty, x, y):
        return w - 0.03 * slope(w, penalty, x, y)

    def solution(penalty):
        args = (penalty, x, y)
        if how == "minimize":
            return optim.minimize(ridge, w0, args, gtol=1e-10).x
        if how == "least_squares":
            return optim.least_squares(stacked, w0, args, gtol=1e-10).x
        if how == "root":
            return optim.root(slope, w0, args).x
        return optim.fixed_point(step, w0, args, tol=1e-11).x

    def loss(penalty):
        w = solution(penalty)
        return xdl.array_namespace(w).sum(w**3)

    exact = lambda penalty: np.sum(exact_ridge(penalty) ** 3)
    found = xdl.grad(loss, engine=engine)(penalty)
    np.testing.assert_allclose(values(found), differences(exact, 0.7), rtol=1e-6)
    if "jax" in xp64.__name__ and (how, engine) != ("minimize", None):
        return  # one of them is enough where everything is compiled
    twice = xdl.grad(xdl.grad(loss, engine=engine), engine=engine)(penalty)
    expected = (exact(0.71) - 2 * exact(0.7) + exact(0.69)) / 1e-4
    np.testing.assert_allclose(values(twice), expected, rtol=1e-3)
    _, forward = xdl.jvp(loss, (penalty,), (xp64.ones_like(penalty),), engine=engine)
    assert_close(forward, found, rtol=1e-8)


def test_the_penalty_of_a_logistic_regression(xp64, syncs):
    """Hyperparameters are tuned by the gradient of the loss of new data; it vanishes at the best penalty."""
    x, y, x_new, y_new, w0 = arrays(xp64, X, LABELS, X_NEW, LABELS_NEW, np.zeros(3))

    def objective(w, log_penalty):
        xp = xdl.array_namespace(w)
        return logistic(w, x, y) + 0.5 * xp.exp(log_penalty) * xp.vecdot(w, w)

    def validation(log_penalty):
        return logistic(optim.minimize(objective, w0, (log_penalty,), gtol=1e-10).x, x_new, y_new)

    at = lambda t: values(validation(*arrays(xp64, t)))
    for t in (-4.0, -1.0):
        found = xdl.grad(validation)(*arrays(xp64, t))
        np.testing.assert_allclose(values(found), differences(at, t, 1e-4), rtol=1e-5, atol=1e-9)


def test_jacobians_of_a_root_in_closed_form(xp64, syncs):
    """x = A^-1 b and x = sqrt(a), in a tree: with respect to everything in it."""
    A0, b0 = np.asarray([[3.0, 1.0], [0.5, 2.0]]), np.asarray([1.0, -2.0])
    A, b, a, x0 = arrays(xp64, A0, b0, 2.0, np.ones(2))

    def f(x, p):
        xp = xdl.array_namespace(x["x"])
        return {"linear": xp.matmul(p["A"], x["x"]) - p["b"], "square": x["s"] ** 2 - p["a"]}

    solve = lambda p: optim.root(f, {"x": x0, "s": x0[0]}, (p,)).x
    found = xdl.jacobian(solve)({"A": A, "b": b, "a": a})
    inverse = np.linalg.inv(A0)
    x = inverse @ b0
    np.testing.assert_allclose(values(found["x"]["b"]), inverse, atol=1e-7)
    np.testing.assert_allclose(values(found["x"]["A"]), -np.einsum("ij,k->ijk", inverse, x), atol=1e-7)
    np.testing.assert_allclose(values(found["s"]["a"]), 0.5 / np.sqrt(2.0), atol=1e-7)
    np.testing.assert_allclose(values(found["x"]["a"]), 0.0, atol=1e-12)


def test_a_batch_has_the_derivatives_of_each_problem(xp64, syncs):
    """Arguments of each problem, and one that all share."""
    a, c, x0 = arrays(xp64, [[1.0, 4.0], [9.0, 2.0]], 3.0, np.ones((2, 2)))
    f = lambda x, a, c: c * x * x - a

    def total(a, c):
        x = optim.root(f, x0, (a, c), batched=True).x
        return xdl.array_namespace(x).sum(x)

    da, dc = xdl.grad(total, (0, 1))(a, c)
    x = np.sqrt(values(a) / 3.0)
    np.testing.assert_allclose(values(da), 1 / (2 * 3.0 * x), rtol=1e-7)
    np.testing.assert_allclose(values(dc), np.sum(-x / (2 * 3.0)), rtol=1e-7)


def test_value_and_residual_follow_and_the_start_does_not_matter(xp64, syncs):
    penalty, x, y, w0 = arrays(xp64, 0.7, X, Y, np.zeros(3))
    r = lambda w, p: xdl.array_namespace(w).concat([xdl.array_namespace(w).matmul(x, w) - y, p**0.5 * w])
    solve = lambda w0, p: optim.least_squares(r, w0, (p,), gtol=1e-10)

    def value(penalty):
        w = exact_ridge(penalty)
        return 0.5 * np.sum((X @ w - Y) ** 2) + 0.5 * penalty * np.sum(w * w)

    dw, dp = xdl.grad(lambda w0, p: solve(w0, p).value, (0, 1))(w0, penalty)
    assert np.all(values(dw) == 0)
    np.testing.assert_allclose(values(dp), differences(value, 0.7), rtol=1e-7)
    last = lambda p: np.sqrt(p) * exact_ridge(p)[2]
    dp = xdl.grad(lambda p: solve(w0, p).residual[-1])(penalty)
    np.testing.assert_allclose(values(dp), differences(last, 0.7), rtol=1e-6)


def test_arguments_that_are_no_floats_have_zeros(xp64, syncs):
    x0, a = arrays(xp64, np.ones(2), [4.0, 9.0])
    count = xp64.asarray([1, 1], dtype=xp64.int64)
    solve = lambda a: optim.root(lambda x, a, n: x * x - a, x0, (a, count)).x
    found = xdl.grad(lambda a: xdl.array_namespace(a).sum(solve(a)))(a)
    np.testing.assert_allclose(values(found), [0.25, 1 / 6], rtol=1e-7)


@pytest.mark.xp_skip("strict", "mock", reason="they themselves refuse an operand that they do not know")
def test_a_traced_array_that_is_closed_over_is_refused(xp64, syncs):
    """On the tape, which sees it; the libraries' own engines say so themselves, or take it for a constant."""
    x0, a = arrays(xp64, np.ones(2), [4.0, 9.0])
    loss = lambda a: xdl.array_namespace(a).sum(optim.root(lambda x: x * x - a, x0).x)
    with pytest.raises(ValueError, match="pass it in `args`"):
        xdl.grad(loss, engine="tape")(a)


@pytest.mark.xp_only("jax-x64", reason="the library that compiles whole programs")
def test_within_compiled_and_mapped_programs(xp64):
    penalty, x, y, w0 = arrays(xp64, 0.7, X, Y, np.zeros(3))
    loss = lambda p: xp64.sum(optim.minimize(ridge, w0, (p, x, y), gtol=1e-10).x ** 3)
    exact = lambda p: np.sum(exact_ridge(p) ** 3)
    np.testing.assert_allclose(values(xdl.jit(xdl.grad(loss))(penalty)), differences(exact, 0.7), rtol=1e-6)
    found = xdl.vmap(xdl.grad(loss))(xp64.asarray([0.7, 2.0]))
    np.testing.assert_allclose(values(found), [differences(exact, p) for p in (0.7, 2.0)], rtol=1e-6)


@pytest.mark.xp_skip(
    "torch", reason="torch.func.vmap lets nobody see a number, which one problem's search asks for"
)
def test_a_map_over_starts_is_a_batch(xp64, syncs):
    starts = xp64.asarray(RNG.normal(size=(3, 2)))
    f = lambda x: xdl.array_namespace(x).sum((x - 1.0) ** 4 + x * x, axis=-1)
    mapped = xdl.vmap(lambda x0: optim.minimize(f, x0, gtol=1e-8).x)(starts)
    assert_close(mapped, optim.minimize(f, starts, gtol=1e-8, batched=True).x, rtol=1e-9, atol=1e-12)


@pytest.mark.xp_only(
    "numpy", "torch", reason="matrices would be as good; the products are those of all libraries"
)
def test_many_unknowns_take_products_with_the_hessian(xp64):
    """A ridge regression of 300 coefficients, in closed form, first and second derivative."""
    rng = np.random.default_rng(7)
    D, t = rng.normal(size=(400, 300)) / 20, rng.normal(size=400)
    x, y, w0, penalty = arrays(xp64, D, t, np.zeros(300), 0.7)

    def loss(penalty):
        w = optim.minimize(ridge, w0, (penalty, x, y), gtol=1e-9, method=optim.LBFGS()).x
        return xdl.array_namespace(w).sum(w**3)

    exact = lambda p: np.sum(np.linalg.solve(D.T @ D + p * np.eye(300), D.T @ t) ** 3)
    np.testing.assert_allclose(values(xdl.grad(loss)(penalty)), differences(exact, 0.7), rtol=1e-6)
    expected = (exact(0.71) - 2 * exact(0.7) + exact(0.69)) / 1e-4
    np.testing.assert_allclose(values(xdl.grad(xdl.grad(loss))(penalty)), expected, rtol=1e-3)


def test_a_singular_system_raises_nothing():
    """A parameter of which the objective does not depend: the derivative of the others is right."""
    f = lambda x, a: (x[0] - a) ** 2 + 0.0 * x[1]
    found = xdl.grad(lambda a: optim.minimize(f, np.zeros(2), (a,)).x[0])(np.asarray(2.0))
    np.testing.assert_allclose(found, 1.0)
