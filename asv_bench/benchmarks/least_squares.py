"""Sums of squares and equations against SciPy: evaluations, and seconds of fits by the thousand."""

import sys
from pathlib import Path

import numpy as np

import xdl
from xdl import optim

from .pairs import need, ratio

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))


def decay(p, t, y):
    """Residuals of an exponential decay to a level."""
    xp = xdl.array_namespace(p)
    return p[..., :1] * xp.exp(-p[..., 1:2] * t) + p[..., 2:] - y


class Evaluations:
    """Geometric mean over the problems of Moré, Garbow and Hillstrom from all published starts."""

    params = ["lm", "trf", "dogbox"]
    param_names = ["method"]
    timeout = 900

    def setup(self, method):
        need("scipy")

    def track_evaluations_over_scipy(self, method):
        from optim.problems import SQUARES
        from scipy.optimize import least_squares

        ratios = []
        for case in SQUARES.values():
            for factor in case.factors if case.m >= case.n else ():
                x0 = np.asarray(case.start) * factor
                ours = optim.least_squares(case.residuals, x0)
                with np.errstate(all="ignore"):
                    theirs = least_squares(
                        case.residuals, x0, jac=xdl.jacobian(case.residuals), method=method, max_nfev=1000
                    )
                if abs(float(ours.value) - theirs.cost) <= 1e-5 * theirs.cost + 1e-9:
                    ratios.append(int(ours.evaluations) / theirs.nfev)
        return float(np.exp(np.mean(np.log(ratios))))


class Fits:
    """A thousand fits of three parameters to 25 points in one program, against a loop over SciPy."""

    params = ["numpy", "torch", "jax"]
    param_names = ["library"]

    def setup(self, library):
        need("scipy", library)
        if library == "jax":
            import jax

            jax.config.update("jax_enable_x64", True)
        rng = np.random.default_rng(0)
        self.t = np.linspace(0.0, 3.0, 25)
        true = rng.uniform(0.5, 2.5, (1000, 3))
        self.y = decay(true, self.t, 0.01 * rng.normal(size=(1000, 25)))
        self.x0 = np.ones((1000, 3))
        b = xdl.backend(library)
        self.arrays = [b.asarray(v) for v in (self.x0, self.t, self.y)]

    def ours(self):
        x0, t, y = self.arrays
        x = optim.least_squares(decay, x0, (t, y), batched=True).x
        return x, xdl.to_numpy(x)  # which waits for it

    def theirs(self):
        from scipy.optimize import least_squares

        def slopes(p, t, y):
            e = np.exp(-p[1] * t)
            return np.stack([e, -p[0] * t * e, np.ones_like(t)], axis=-1)

        plain = lambda p, t, y: p[0] * np.exp(-p[1] * t) + p[2] - y
        return [
            least_squares(plain, x, jac=slopes, method="lm", args=(self.t, y)).x
            for x, y in zip(self.x0[:50], self.y[:50], strict=True)
        ]

    def track_time_of_a_thousand_over_scipy(self, library):
        return ratio(self.ours, self.theirs, rounds=7, warmup=1) / 20


class OneFit:
    """One fit of three parameters to 25 points: what the host loop costs beside MINPACK with a Jacobian by hand."""

    def setup(self):
        need("scipy")
        Fits.setup(self, "numpy")

    def track_time_over_scipy(self):
        from scipy.optimize import least_squares

        x0, t, y = self.x0[0], self.t, self.y[0]

        def slopes(p, t, y):
            e = np.exp(-p[1] * t)
            return np.stack([e, -p[0] * t * e, np.ones_like(t)], axis=-1)

        plain = lambda p, t, y: p[0] * np.exp(-p[1] * t) + p[2] - y
        return ratio(
            lambda: optim.least_squares(decay, x0, (t, y)),
            lambda: least_squares(plain, x0, jac=slopes, method="lm", args=(t, y)),
        )
