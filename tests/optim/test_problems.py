"""Every minimizer on the problems of Moré, Garbow and Hillstrom; ``docs/minimizers.md`` lists what each needs.

``PYTHONPATH=tests python tests/optim/test_problems.py`` writes the listing.
"""

import functools
import inspect
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
from asserts import values
from optim.problems import SQUARES, SURFACES, UNCONSTRAINED

import xdl
from xdl import optim
from xdl.optim import Status
from xdl.optim._method import Method

LISTING = Path(__file__).parents[2] / "docs" / "minimizers.md"
BOUNDS = {"max_iterations": 2000, "max_evaluations": 10_000}

# ---- the problems themselves ----

# Values at the starting points as published with the routines of the paper, Algorithm 566, for its sizes.
FIRST = {
    "Helical valley": (3, 2.50e03),
    "Biggs EXP6": (6, 7.79e-01),
    "Gaussian": (3, 3.89e-06),
    "Powell badly scaled": (2, 1.14e00),
    "Box three-dimensional": (3, 1.03e03),
    "Variably dimensioned": (40, 9.39e10),
    "Watson": (9, 3.00e01),
    "Penalty I": (60, 5.45e09),
    "Penalty II": (65, 2.87e05),
    "Brown badly scaled": (2, 1.00e12),
    "Brown and Dennis": (4, 7.93e06),
    "Gulf research and development": (3, 1.21e01),
    "Trigonometric": (40, 2.01e-03),
    "Extended Rosenbrock": (40, 4.84e02),
    "Extended Powell singular": (60, 3.23e03),
    "Beale": (2, 1.42e01),
    "Wood": (4, 1.92e04),
    "Chebyquad": (50, 1.39e-02),
}

# Least squares find other minima, or none, from these multiples of the start, as the paper's own routines do.
ELSEWHERE = {
    ("Bard", 100),
    ("Kowalik and Osborne", 10),
    ("Trigonometric", 100),
}


def start_of_size(case, n):
    """Starting point of another size than that of the case."""
    formula = {
        "Variably dimensioned": 1 - np.arange(1, n + 1) / n,
        "Penalty I": np.arange(1.0, n + 1),
        "Trigonometric": np.full(n, 1 / n),
        "Chebyquad": np.arange(1, n + 1) / (n + 1),
    }
    return formula.get(case.name, np.resize(np.asarray(case.start), n))


def test_there_are_all_problems_of_the_paper():
    assert len({name.split(", n=")[0] for name in SQUARES}) == 35
    assert set(UNCONSTRAINED) == set(FIRST)


@pytest.mark.parametrize("name", FIRST)
def test_values_at_the_start_are_those_of_algorithm_566(name):
    n, value = FIRST[name]
    case = UNCONSTRAINED[name]
    assert float(case.value(start_of_size(case, n))) == pytest.approx(value, rel=5e-3)
    np.testing.assert_array_equal(start_of_size(case, case.n), case.start)


@pytest.mark.parametrize("name", SQUARES)
def test_minima_are_those_published(name):
    case = SQUARES[name]
    for point in case.solutions:
        at = float(case.value(np.asarray(point)))
        assert min(abs(at - value) for value in case.minima) <= 1e-5 * max(case.minima) + 1e-14
    jacobian = xdl.jacobian(case.residuals)
    for factor in case.factors:
        if (name, factor) in ELSEWHERE:
            continue
        start = factor * np.asarray(case.start)
        found = scipy.optimize.least_squares(
            case.residuals, start, jac=jacobian, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=2000
        )
        least = min(abs(2 * found.cost - value) / max(value, 1e-6) for value in case.minima)
        assert least <= 1e-5, 2 * found.cost


@pytest.mark.parametrize("name", SQUARES)
def test_derivatives_are_those_of_differences(name):
    case = SQUARES[name]
    xdl.check_grads(case.residuals, (np.asarray(case.start) + 0.01,))


def test_rosenbrock_is_scipys():
    x = np.random.default_rng(0).normal(size=(5, 2))
    ours = SQUARES["Rosenbrock"].value
    np.testing.assert_allclose(ours(x), scipy.optimize.rosen(x.T))
    np.testing.assert_allclose(xdl.vmap(xdl.grad(ours))(x), [scipy.optimize.rosen_der(v) for v in x])


@pytest.mark.parametrize("name", SQUARES)
def test_many_points_at_once_on_every_library(xp, name):
    case = SQUARES[name]
    start = np.asarray(case.start)
    x = np.stack([start, 0.9 * start + 0.01, 1.1 * start])
    r = case.residuals(xdl.asarray(x))
    assert r.shape == (3, case.m)
    alone = [case.residuals(v) for v in x]
    rtol = 1e-9 if r.dtype == xp.float64 else 1e-3
    scale = max(case.n, *(float(np.max(np.abs(a))) for a in alone))
    np.testing.assert_allclose(values(r), alone, rtol=rtol, atol=rtol * 1e-2 * scale)


@pytest.mark.parametrize("name", SURFACES)
def test_minima_of_the_surfaces(name):
    surface = SURFACES[name]
    for point in surface.minima:
        x = np.asarray(point)
        np.testing.assert_allclose(xdl.grad(surface.value)(x), 0, atol=1e-5)
        assert np.linalg.eigvalsh(xdl.hessian(surface.value)(x)).min() > 0


# ---- the methods ----

METHODS = {
    "GradientDescent": optim.GradientDescent(),
    "BarzilaiBorwein": optim.BarzilaiBorwein(),
    "ConjugateGradient": optim.ConjugateGradient(),
    "DFP": optim.DFP(),
    "BFGS": optim.BFGS(),
    "LBFGS": optim.LBFGS(),
    "LBFGSB": optim.LBFGSB(),
    "NewtonCG": optim.NewtonCG(),
    "Newton": optim.Newton(),
    "TrustRegion": optim.TrustRegion(),
    "TrustRegion(Steihaug)": optim.TrustRegion(subproblem=optim.Steihaug()),
    "TrustRegion(Dogleg)": optim.TrustRegion(subproblem=optim.Dogleg()),
}
SQUARE = {
    "LevenbergMarquardt": optim.LevenbergMarquardt(),
    "PowellDogleg": optim.PowellDogleg(),
    "GaussNewton": optim.GaussNewton(),
}

# Those that the bar is for: all 18 problems, at least 95 %.
STRONG = ("BFGS", "LBFGS", "Newton", "TrustRegion")
SLOW = "steps along the gradient are too short in its valley"
UNDAMPED = "steps of Gauss and Newton with a line search: far from a solution the matrix is nearly singular"
UNSOLVED = {
    "GaussNewton": dict.fromkeys(
        (
            "Biggs EXP6",
            "Chebyquad",
            "Chebyquad, n=10",
            "Gulf research and development",
            "Jennrich and Sampson",
            "Meyer",
            "Penalty II, n=10",
        ),
        UNDAMPED,
    ),
    "GradientDescent": dict.fromkeys(
        (
            "Biggs EXP6",
            "Box three-dimensional",
            "Brown badly scaled",
            "Brown and Dennis",
            "Extended Powell singular",
            "Extended Rosenbrock",
            "Gulf research and development",
            "Helical valley",
            "Penalty I",
            "Penalty II",
            "Powell badly scaled",
            "Watson",
            "Wood",
        ),
        SLOW,
    ),
}


@functools.cache
def solved(method, name, library="numpy"):
    """Result of a method on a problem, in double precision."""
    case = SQUARES[name]
    start = xdl.backend(library).asarray(np.asarray(case.start))
    if method in SQUARE:
        tolerances = {"gtol": 1e-6, "xtol": 0.0, "ftol": 0.0}
        return optim.least_squares(case.residuals, start, method=SQUARE[method], **tolerances, **BOUNDS)
    return optim.minimize(case.value, start, method=METHODS[method], **BOUNDS)


def known(name, value):
    """Whether a value is that of a minimum that the paper knows."""
    return any(abs(value - least) <= 1e-2 * least + 1e-5 for least in SQUARES[name].minima)


def check(method, name, result):
    """A result is a solution, or a failure that is named; and never worse than the start, nor NaN."""
    case, value = SQUARES[name], float(result.value) * (2 if method in SQUARE else 1)
    assert np.all(np.isfinite(values(result.x)))
    assert value <= float(case.value(np.asarray(case.start)))
    if not result.success:
        assert name in UNSOLVED.get(method, ()), f"{result.message}; {result.iterations} iterations, {value}"
        return
    assert known(name, value), f"a stationary point that the paper does not list: {value}"
    if int(result.status) == Status.SMALL_CHANGE:
        # of sums that are large at the minimum: no digit of the value changes, and the paper prints six
        assert any(abs(value - least) <= 1e-5 * least for least in case.minima), value
        return
    assert np.max(np.abs(values(result.gradient))) <= 1e-6


@pytest.mark.parametrize("name", UNCONSTRAINED)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_on_every_problem(method, name):
    check(method, name, solved(method, name))


@pytest.mark.parametrize("name", SQUARES)
@pytest.mark.parametrize("method", SQUARE)
def test_every_method_for_sums_of_squares(method, name):
    check(method, name, solved(method, name))


@pytest.mark.parametrize("method", STRONG)
def test_strong_methods_solve_the_problems(method):
    unsolved = [name for name in UNCONSTRAINED if not solved(method, name).success]
    assert len(unsolved) <= 0.05 * len(UNCONSTRAINED), unsolved


@pytest.mark.xp_skip(
    "jax", reason="a program is compiled for each method and function: the strong ones alone"
)
@pytest.mark.usefixtures("syncs")
@pytest.mark.parametrize("name", ["Gaussian", "Trigonometric", "Variably dimensioned"])
@pytest.mark.parametrize("method", METHODS)
def test_libraries(xp64, method, name):
    start = xdl.asarray(np.asarray(UNCONSTRAINED[name].start))
    check(method, name, optim.minimize(UNCONSTRAINED[name].value, start, method=METHODS[method], **BOUNDS))


@pytest.mark.xp_only("jax-x64", reason="the other libraries run every method")
@pytest.mark.parametrize("name", ["Beale", "Wood"])
@pytest.mark.parametrize("method", STRONG)
def test_compiled(xp64, method, name):
    start = xdl.asarray(np.asarray(UNCONSTRAINED[name].start))
    check(method, name, optim.minimize(UNCONSTRAINED[name].value, start, method=METHODS[method], **BOUNDS))


# ---- the listing ----

REASONS = {
    Status.MAX_ITERATIONS: "too many iterations",
    Status.MAX_EVALUATIONS: "too many evaluations",
    Status.NO_PROGRESS: "no progress",
    Status.NOT_FINITE: "not finite",
    Status.UNBOUNDED: "unbounded",
}
LIBRARIES = ("numpy", "torch", "jax", "array_api_strict")


def cell(method, name):
    result = solved(method, name)
    counts = f"{int(result.iterations)} / {int(result.evaluations)}"
    if int(result.products):
        counts += f" / {int(result.products)}"
    if not result.success:
        return f"{REASONS[Status(int(result.status))]} ({np.max(np.abs(result.gradient)):.0e})"
    value = float(result.value) * (2 if method in SQUARE else 1)
    return counts if known(name, value) else f"{counts}, at {value:.3g}"


def table(head, rows):
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def listing(libraries=LIBRARIES):
    solves = lambda method, lib: sum(bool(solved(method, n, lib).success) for n in UNCONSTRAINED)
    counts = [[method, *(str(solves(method, lib)) for lib in libraries)] for method in METHODS]
    failures = [
        f"- {method}: {', '.join(names)}: {next(iter(names.values()))}."
        for method, names in sorted(UNSOLVED.items())
    ]
    lines = [
        "# The minimizers on test problems",
        "",
        "The 18 problems of unconstrained minimization of Moré, Garbow & Hillstrom (1981), from their published",
        "starting points in double precision, until no entry of the gradient is larger than 1e-6; each method as it",
        "is by default, with derivatives by automatic differentiation. A run ends after "
        f"{BOUNDS['max_iterations']} iterations or",
        f"{BOUNDS['max_evaluations']} evaluations. `PYTHONPATH=tests python tests/optim/test_problems.py` writes this.",
        "",
        "Solved, of 18:",
        "",
        *table(["method", *libraries], counts),
        "",
        "Not solved, and why:",
        "",
        *failures,
        "",
        "Iterations / evaluations of the value and the gradient / products with the Hessian, on NumPy; where a run",
        "failed, how, and the largest entry of its last gradient:",
        "",
        *table(["problem", *METHODS], [[name, *(cell(m, name) for m in METHODS)] for name in UNCONSTRAINED]),
        "",
        f"All {len(SQUARES)} problems of the paper's 35, some in several sizes, as sums of squares; iterations / "
        "evaluations of the",
        "residuals and their Jacobian:",
        "",
        *table(["problem", *SQUARE], [[name, *(cell(m, name) for m in SQUARE)] for name in SQUARES]),
    ]
    return "\n".join(lines) + "\n"


def test_the_listing_has_every_method_and_problem():
    text = LISTING.read_text()
    for name in (*METHODS, *SQUARE, *SQUARES):
        assert f"| {name} |" in text, "write it anew"


def test_every_minimizer_is_in_the_tables():
    others = {
        "Anderson",
        "Bisection",
        "BrentDekker",
        "Broyden",
        "NewtonRaphson",
        "Picard",
        "Secant",  # for roots
        "CMAES",
        "CoordinateSearch",
        "NelderMead",
        "PatternSearch",  # without derivatives
    }
    found = {
        name
        for name, cls in vars(optim).items()
        if inspect.isclass(cls) and issubclass(cls, Method) and cls is not Method
    }
    assert found - others == {name.split("(")[0] for name in (*METHODS, *SQUARE)}


if __name__ == "__main__":
    import jax

    with jax.enable_x64(True):
        LISTING.write_text(listing())
