"""Evaluations, iterations and products with the Hessian on the test problems, beside SciPy's methods.

Both are given the same values and gradients, by xdl's automatic differentiation, and stop where no entry of the
gradient is larger than 1e-6 at an accepted point; those without derivatives, where they stop by themselves with equal
tolerances. A row is the geometric mean of the ratio of xdl's count to SciPy's over the problems that both solve, by the
same minimum. A method of SciPy that fails where xdl's does not makes no row better.

``python -m benchmarks.minimizers`` in ``asv_bench`` prints the counts of every problem.
"""

import functools
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

GTOL = 1e-6
SCIPY = {
    "BFGS": {"gtol": GTOL},
    "L-BFGS-B": {"gtol": GTOL, "ftol": 0.0, "maxfun": 20_000},
    "CG": {"gtol": GTOL},
    "Newton-CG": {"xtol": 0.0},
    "trust-ncg": {"gtol": 0.0},
    "trust-exact": {"gtol": 0.0},
    "nelder-mead": {"maxfev": 20_000, "adaptive": True},
    "least_squares": {},
}
# xdl's method and what it is compared with
PAIRS = {
    "BFGS": ("BFGS", "BFGS"),
    "L-BFGS": ("LBFGS", "L-BFGS-B"),
    "L-BFGS-B": ("LBFGSB", "L-BFGS-B"),
    "nonlinear CG": ("ConjugateGradient", "CG"),
    "Newton-CG": ("NewtonCG", "Newton-CG"),
    "trust-ncg": ("TrustRegion Steihaug", "trust-ncg"),
    "trust-exact": ("TrustRegion", "trust-exact"),
    "nelder-mead": ("NelderMead", "nelder-mead"),
    "least_squares": ("LevenbergMarquardt", "least_squares"),
}
COUNTS = ("evaluations", "iterations", "products")


class Counted:
    """Value, gradient and products with the Hessian, counted; the callback ends a run that is at a solution."""

    def __init__(self, f):
        import numpy as np

        import xdl

        self.both, self.evaluations, self.products, self.iterations = xdl.value_and_grad(f), 0, 0, 0
        self.hvp = lambda x, v: xdl.hvp(f, (x,), (v,))
        self.hessian, self.norm = xdl.hessian(f), lambda x: float(np.max(np.abs(self.both(x)[1])))

    def __call__(self, x):
        self.evaluations += 1
        return self.both(x)

    def product(self, x, v):
        self.products += 1
        return self.hvp(x, v)

    def matrix(self, x):
        self.products += len(x)
        return self.hessian(x)

    def callback(self, x):
        if self.norm(x) <= GTOL:
            raise StopIteration


def by_scipy(name, case):
    """Counts of a method of SciPy and the value it finds, or None where it does not solve the problem."""
    import numpy as np
    import scipy.optimize

    x0, options = np.asarray(case.start), {"maxiter": 20_000, **SCIPY[name]}
    if name == "least_squares":
        import xdl

        slope = lambda x: float(np.max(np.abs(xdl.grad(case.value)(x)))) / 2
        r = scipy.optimize.least_squares(
            case.residuals,
            x0,
            jac=xdl.jacobian(case.residuals),
            gtol=GTOL,
            xtol=None,
            ftol=None,
            max_nfev=5000,
        )
        return ((r.nfev, r.njev, 0), r.cost) if slope(r.x) <= GTOL else None
    f = Counted(case.value)
    if name == "nelder-mead":
        r = scipy.optimize.minimize(case.value, x0, method=name, options=options)
        return ((r.nfev, r.nit, 0), r.fun) if r.success else None
    given = {"hess": f.matrix} if name == "trust-exact" else {"hessp": f.product}
    given = given if name in ("Newton-CG", "trust-ncg", "trust-exact") else {}
    if given:
        given["callback"] = f.callback
    r = scipy.optimize.minimize(f, x0, jac=True, method=name, options=options, **given)
    return ((f.evaluations, r.nit, f.products), r.fun) if f.norm(r.x) <= GTOL else None


def by_xdl(name, case):
    """Counts of a method of xdl and the value it finds, or None where it does not solve the problem."""
    import numpy as np

    from xdl import optim

    x0 = np.asarray(case.start)
    if name == "LevenbergMarquardt":
        r = optim.least_squares(case.residuals, x0, gtol=GTOL, xtol=0.0, ftol=0.0)
    else:
        options = {"subproblem": optim.Steihaug()} if name.endswith("Steihaug") else {}
        method = getattr(optim, name.split()[0])(**options)
        r = optim.minimize(case.value, x0, method=method, gtol=GTOL, max_iterations=20_000)
    return (tuple(int(getattr(r, count)) for count in COUNTS), float(r.value)) if r.success else None


@functools.cache
def counts(pair):
    """Counts of both for every problem."""
    import warnings

    from optim.problems import SQUARES, UNCONSTRAINED

    ours, theirs = PAIRS[pair]
    cases = SQUARES if pair == "least_squares" else UNCONSTRAINED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: (by_xdl(ours, case), by_scipy(theirs, case)) for name, case in cases.items()}


def same(a, b):
    """Whether both have found the same minimum."""
    return bool(a and b) and abs(a[1] - b[1]) <= 1e-2 * abs(b[1]) + 1e-6


def mean(pair, count):
    """Geometric mean of the ratio of counts over the problems for which both find the same minimum."""
    which = COUNTS.index(count)
    both = [(a[0][which], b[0][which]) for a, b in counts(pair).values() if same(a, b)]
    ratios = [math.log(a / b) for a, b in both if a and b]
    return math.exp(sum(ratios) / len(ratios)) if ratios else math.nan


class TestProblems:
    timeout = 600
    params = [list(PAIRS)]
    param_names = ["method"]
    unit = "ratio"

    def track_evaluations(self, pair):
        return mean(pair, "evaluations")

    def track_iterations(self, pair):
        return mean(pair, "iterations")


def show():
    """Print the counts and the value of every problem, and the means; a star marks what these leave out."""
    for pair, (ours, theirs) in PAIRS.items():
        print(f"\n{pair}: xdl's {ours}, SciPy's {theirs}; evaluations, iterations, products")
        for name, (a, b) in counts(pair).items():
            found = [f"{r[0]!s:20s} {r[1]:<12.5g}" if r else f"{'not solved':33s}" for r in (a, b)]
            print(f"  {name:42s} {found[0]} {found[1]}{'' if same(a, b) else ' *'}")
        print("  mean:", ", ".join(f"{count} {mean(pair, count):.3f}" for count in COUNTS))


if __name__ == "__main__":
    show()
