"""Methods without derivatives beside SciPy's, which are loops of Python too: one problem, and many, one thread.

Two limits: of one problem, the evaluations, of which SciPy makes as many; of many, the passes over the vertices.
"""

import functools

from .pairs import need, ratio


def rosenbrock(x):
    import xdl

    xp = xdl.array_namespace(x)
    return xp.sum(100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2, axis=-1)


def starts(count, n):
    import numpy as np

    return np.random.default_rng(0).uniform(-2.0, 2.0, (count, n))


def scipy_simplex(x0):
    from scipy.optimize import minimize

    options = {"adaptive": True, "maxiter": 5000, "maxfev": 20_000}
    return minimize(lambda x: float(rosenbrock(x)), x0, method="nelder-mead", options=options)


class OneSimplex:
    """Nelder and Mead's method with the coefficients of Gao and Han on both sides, for one problem."""

    def setup(self):
        need("scipy")

    def track_one_problem(self):
        """Time for each evaluation; the two make about as many, until rounding errors part their ways."""
        import numpy as np

        from xdl import optim

        x0, method = np.full(4, -1.0), optim.NelderMead()
        ours = functools.partial(optim.minimize, rosenbrock, x0, method=method, max_iterations=5000)
        counts = int(ours().evaluations), scipy_simplex(x0).nfev
        return ratio(ours, functools.partial(scipy_simplex, x0), rounds=10) * counts[1] / counts[0]


class Simplices:
    """The same for 2000 problems at once, beside a loop, of which a sample is timed."""

    SAMPLE = 20
    timeout = 600
    params = ["numpy", "torch", "jax"]
    param_names = ["backend"]

    def setup(self, backend):
        need("scipy", backend)

    def track_problems(self, backend):
        import xdl
        from xdl import optim

        x0, method = starts(2000, 4), optim.NelderMead()
        with xdl.use_backend(backend) as b:
            X = b.asarray(x0)

            def ours():
                result = optim.minimize(rosenbrock, X, method=method, batched=True, max_iterations=5000)
                return result.x, xdl.to_numpy(result.success).all()

            assert ours()[1]

            def loop():
                for x in x0[: self.SAMPLE]:
                    scipy_simplex(x)

            return ratio(ours, loop, rounds=3, warmup=1) * self.SAMPLE / len(x0)


class Scalar:
    """Brent's method for 10,000 functions of one variable beside a loop, of which a sample is timed."""

    SAMPLE = 200

    def setup(self):
        need("scipy")

    def track_problems(self):
        import numpy as np
        from scipy.optimize import minimize_scalar

        from xdl import optim

        c = np.random.default_rng(0).uniform(-5.0, 5.0, 10_000)
        f = lambda x, c: (x - c) ** 4 + (x - c) ** 2 + c
        zeros = np.zeros_like(c)

        def ours():
            return optim.minimize_scalar(f, bracket=(zeros, 1.0), args=(c,))

        def loop():
            for k in range(self.SAMPLE):
                minimize_scalar(f, args=(float(c[k]),))

        assert ours().success.all()
        return ratio(ours, loop, rounds=5, warmup=1) * self.SAMPLE / len(c)
