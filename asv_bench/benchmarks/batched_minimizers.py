"""10,000 independent 10-dimensional Rosenbrock problems from random starts, in one array program, one thread.

The other side is a loop over SciPy, one problem at a time, timed on some of the problems. Both are given the
gradient by hand, and go on until its largest entry is at most 1e-6.
"""

from .pairs import ONCE, need, ratio

SIZE = 10
COUNT, SAMPLE = (20, 2) if ONCE else (10_000, 50)


def starts():
    import numpy as np

    return np.random.default_rng(0).uniform(-2.0, 2.0, (COUNT, SIZE))


def rosenbrock(x):
    """Values and gradients, of one problem or many."""
    from xdl import array_namespace

    xp = array_namespace(x)
    a, b = x[..., :-1], x[..., 1:]
    r, u = b - a * a, 1.0 - a
    down, none = 200.0 * r, xp.zeros_like(x[..., :1])
    grad = xp.concat([none, down], axis=-1) - xp.concat([2.0 * (a * down + u), none], axis=-1)
    return xp.sum(100.0 * r * r + u * u, axis=-1), grad


def hessian(x):
    """Tridiagonal matrices, of one problem or many, each row with the entry below its diagonal at its end."""
    from xdl import array_namespace

    xp, n = array_namespace(x), x.shape[-1]
    a, b, none = x[..., :-1], x[..., 1:], xp.zeros_like(x[..., :1])
    down = xp.concat([none, xp.full_like(a, 200.0)], axis=-1)
    main = xp.concat([1200.0 * a * a - 400.0 * b + 2.0, none], axis=-1) + down
    beside = xp.concat([-400.0 * a, none], axis=-1)[..., None]
    gap = xp.broadcast_to(none[..., None], (*x.shape, n - 2))
    rows = xp.reshape(
        xp.concat([main[..., None], beside, gap, beside], axis=-1), (*x.shape[:-1], n * (n + 1))
    )
    return xp.reshape(rows[..., : n * n], (*x.shape, n))


def by_xdl(name, method, **options):
    """Thunk that solves all problems; results are checked once."""
    import xdl
    from xdl import optim

    if name == "torch":
        import torch

        torch.set_num_threads(1)
    if name == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    x = xdl.backend(name).asarray(starts())

    def run():
        result = optim.minimize(rosenbrock, x, gradient=True, batched=True, method=method, **options)
        return float(xdl.to_numpy(result.value).max()), result

    _, result = run()
    if not bool(xdl.to_numpy(result.success).all()):
        message = f"not all problems were solved: {result.message}"
        raise RuntimeError(message)
    return run


def by_scipy(method, *, matrix=False, **options):
    """Thunk that solves ``SAMPLE`` of the problems one by one."""
    import numpy as np
    from scipy.optimize import minimize

    def value(x):
        a, b = x[:-1], x[1:]
        r, u = b - a * a, 1.0 - a
        grad = np.zeros_like(x)
        down = 200.0 * r
        grad[1:] = down
        grad[:-1] -= 2.0 * (a * down + u)
        return 100.0 * (r @ r) + u @ u, grad

    def second(x):
        a, b = x[:-1], x[1:]
        main = np.zeros_like(x)
        main[:-1] = 1200.0 * a * a - 400.0 * b + 2.0
        main[1:] += 200.0
        beside = -400.0 * a
        return np.diag(main) + np.diag(beside, 1) + np.diag(beside, -1)

    some, more = starts()[:SAMPLE], {"hess": second} if matrix else {}
    return lambda: [minimize(value, x, jac=True, method=method, options=options, **more) for x in some]


def times_faster(ours, theirs):
    """How many times faster than the loop over all problems would be."""
    return COUNT / SAMPLE / ratio(ours, theirs, rounds=5, warmup=1)


class BatchedLBFGS:
    """Times faster than a loop over SciPy's L-BFGS-B."""

    params = ("numpy", "torch", "jax")
    param_names = ("backend",)
    unit = "times"
    timeout = 900

    def setup(self, backend):
        need("scipy", backend)
        from xdl import optim

        self.ours = by_xdl(backend, optim.LBFGS())
        self.theirs = by_scipy("L-BFGS-B", gtol=1e-6, ftol=0.0, maxcor=10)

    def track_times_faster(self, backend):
        return times_faster(self.ours, self.theirs)


class BatchedNewton:
    """Times faster than a loop over SciPy's Newton-CG; both are given the Hessian by hand, or it is differentiated.

    The trust region takes a step in every pass, where a line search has problems wait for others.
    """

    params = (("numpy", "torch", "jax"), ("trust region", "line search"), ("by hand", "differentiated"))
    param_names = ("backend", "globalization", "hessian")
    unit = "times"
    timeout = 900

    def setup(self, backend, globalization, source):
        need("scipy", backend)
        from xdl import optim

        method = optim.TrustRegion(optim.Dogleg()) if globalization == "trust region" else optim.Newton()
        self.ours = by_xdl(backend, method, hessian=hessian if source == "by hand" else None)
        self.theirs = by_scipy("Newton-CG", matrix=True, xtol=1e-8)

    def track_times_faster(self, backend, globalization, source):
        return times_faster(self.ours, self.theirs)
