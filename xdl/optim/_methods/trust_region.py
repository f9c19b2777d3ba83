"""Newton's method in a ball whose radius follows how good the model is."""

from typing import Any

from xdl.core import Array, Module
from xdl.optim._method import Iterate, Method
from xdl.optim._problem import Problem
from xdl.optim._status import Status
from xdl.optim._subproblems.exact import Exact
from xdl.optim._subproblems.subproblem import Subproblem

__all__ = ["TrustRegion"]

PATIENCE = 10  # passes without a smaller value


class Region(Module):
    """What the method remembers: the radius, what was prepared for the model, passes without a smaller value."""

    radius: Any
    model: Any
    stalls: Any


class TrustRegion(Method):
    """Minimize a quadratic model in a ball, and grow or shrink the ball by how well it predicted the decrease.

    Parameters
    ----------
    subproblem : Subproblem
        How the model is minimized: `Exact`, `Dogleg` or, without a matrix, `Steihaug`.
    radius : float, optional
        First radius; by default the length of the start, but not less than one.
    accept : float
        Least ratio of the decrease to the predicted one for a step to be taken, in [0, 1/4).

    Raises
    ------
    ValueError
        If the radius is not positive, or ``accept`` out of its range.

    Notes
    -----
    Where decreases are of the size of rounding errors, the ratio is taken as one (Conn, Gould & Toint, 2000,
    section 17.4.2). A Hessian that is not finite gives a step along the negative gradient.

    References
    ----------
    Nocedal & Wright (2006), algorithm 4.1; Dennis & Schnabel (1996), section 6.4.3, for the radius after a
    step that was too long: the minimum of a parabola, between a tenth and half of the step
    """

    subproblem: Subproblem = Exact()
    radius: float | None = None
    accept: float = 1e-4

    def __init__(
        self,
        subproblem: Subproblem = Exact(),  # noqa: B008
        radius: float | None = None,
        accept: float = 1e-4,
    ) -> None:
        if radius is not None and not radius > 0:
            message = f"`radius` must be positive, got {radius!r}"
            raise ValueError(message)
        if not 0 <= accept < 0.25:
            message = f"`accept` must be in [0, 0.25), got {accept!r}"
            raise ValueError(message)
        self.subproblem, self.radius, self.accept = subproblem, radius, accept

    def init(self, problem: Problem, x: Array) -> Iterate:
        """Evaluate, and prepare the first model."""
        xs, state = problem.xs, self.begin(problem, x)
        model = self.subproblem.prepare(problem, x, state.grad)
        radius = xs.maximum(xs.sqrt(xs.dot(x, x)), 1.0) if self.radius is None else xs.constant(self.radius)
        region = Region(radius=radius, model=model, stalls=xs.integer(0))
        return state.replace(memory=region, products=state.products + self.subproblem.cost(problem))

    def step(self, problem: Problem, state: Iterate) -> Iterate:
        """Try the minimum of the model."""
        xs, region = problem.xs, state.memory
        p, reduction, length, products = self._trial(problem, state, region)
        x = state.x + p
        value, grad = problem.value_and_gradient(x)
        noise = 10.0 * xs.eps * xs.abs(state.value)
        ratio = xs.divide(state.value - value + noise, reduction + noise)
        finite = xs.isfinite(value) & xs.isfinite(xs.dot(grad, grad))
        good = finite & (ratio > self.accept)
        bad = xs.negate(finite & (ratio >= 0.25))
        longer = xs.where((ratio > 0.75) & (length > 0.9 * region.radius), 2.0, 1.0)
        slope = xs.dot(state.grad, p)
        # the minimum of the parabola through both values with the slope at the first
        shorter = xs.divide(-slope, 2.0 * (value - state.value - slope))
        shorter = xs.where(finite & xs.isfinite(shorter), xs.minimum(xs.maximum(shorter, 0.1), 0.5), 0.25)
        radius = xs.where(bad, shorter * length, longer * region.radius)
        stalls = xs.where(
            good, xs.where(value < state.value, xs.integer(0), region.stalls + 1), region.stalls
        )
        size = xs.sqrt(xs.dot(state.x, state.x))
        tiny = radius <= xs.eps * size
        hopeless = (xs.negate(good) & (tiny | xs.negate(radius > 0))) | (stalls > PATIENCE)
        before = state.replace(memory=())
        after = before.replace(x=x, value=value, grad=grad, iterations=state.iterations + 1)
        point = xs.select(good, after, before)
        model, cost = region.model, 0
        if not xs.host or good:
            model = self.subproblem.prepare(problem, point.x, point.grad)
            cost = xs.where(good, self.subproblem.cost(problem), 0)
        return point.replace(
            evaluations=state.evaluations + 1,
            products=state.products + products + cost,
            status=xs.where(hopeless, xs.integer(int(Status.NO_PROGRESS)), state.status),
            memory=Region(radius=radius, model=model, stalls=stalls),
        )

    def _trial(self, problem: Problem, state: Iterate, region: Region) -> Any:
        """Step of the model, or down the gradient where the model is of no use."""
        xs = problem.xs
        p, reduction, length, products = self.subproblem.solve(problem, state, region.model, region.radius)
        useful = xs.isfinite(length) & xs.isfinite(reduction) & (reduction > 0)
        if xs.host and useful:
            return p, reduction, length, products
        norm = xs.sqrt(xs.dot(state.grad, state.grad))
        down = -xs.expand(xs.divide(region.radius, norm)) * state.grad
        return (
            xs.select(useful, p, down),
            xs.where(useful, reduction, region.radius * norm),
            xs.where(useful, length, region.radius),
            products,
        )
