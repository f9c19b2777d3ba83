"""Nonlinear conjugate gradients."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, static
from xdl.optim._descent import Descent, Line, Move
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._search import LineSearch
from xdl.optim._searches.more_thuente import MoreThuente

__all__ = ["ConjugateGradient"]

FAR = 0.2  # part of a gradient that may lie along the last one before FR's and DY's directions are begun anew


class ConjugateGradient(Descent):
    """Nonlinear conjugate gradients: directions ``-g + beta * p``, for the price of two vectors.

    Parameters
    ----------
    search : LineSearch
        The line search. It should come close to the minimum along the line, a curvature of less than 0.5.
    beta : str
        "polak-ribiere" and "hestenes-stiefel", which are not negative here; "hager-zhang"; "fletcher-reeves" or
        "dai-yuan", which begin anew where consecutive gradients are far from orthogonal.

    Raises
    ------
    ValueError
        If ``beta`` is none of these.

    Notes
    -----
    The first step of a search has the change of first order of the last one. A direction that does not
    descend is followed by the negative gradient.

    References
    ----------
    Fletcher & Reeves (1964); Polak & Ribière (1969), with Gilbert & Nocedal (1992) for zero as its bound; Hestenes &
    Stiefel (1952); Dai & Yuan (1999); Hager & Zhang (2005), (1.3), with the lower bound of their (2013), "The
    limited memory conjugate gradient method"; Nocedal & Wright (2006), section 5.2: (5.52) for the restarts,
    with 0.2, and (3.60) for the first step
    """

    search: LineSearch = MoreThuente(1e-4, 0.2)
    beta: str = static(default="polak-ribiere")

    def __post_init__(self) -> None:
        if self.beta not in BETAS:
            message = f"`beta` must be one of {', '.join(map(repr, BETAS))}, got {self.beta!r}"
            raise ValueError(message)

    def start(self, problem: Problem, x: Array, grad: Array) -> Any:
        """Negative gradient."""
        return -grad

    def direction(self, problem: Problem, point: Iterate, memory: Any) -> Move:
        """Direction that was found when the last step was accepted; from then on, it is that of the line."""
        return Move(memory)

    def learn(self, problem: Problem, memory: Any, before: Iterate, after: Iterate, line: Line) -> Any:
        """Direction from the next point."""
        xs = problem.xs
        beta = BETAS[self.beta](xs, before.grad, after.grad, line.p)
        beta = xs.where(xs.isfinite(beta), beta, 0.0)
        return xs.expand(beta) * line.p - after.grad

    def first_step(self, problem: Problem, before: Iterate, after: Iterate, line: Line, slope: Any) -> Any:
        """Step with the change of first order of the last one."""
        xs = problem.xs
        step = xs.divide(line.probe.step * line.slope, slope)
        other = xs.minimum(xs.divide(1.0, xs.sqrt(-slope)), 1.0)
        return xs.where(xs.isfinite(step) & (step > 0.0), step, other)


def fletcher_reeves(xs: Any, before: Array, grad: Array, p: Array) -> Any:
    square = xs.dot(grad, grad)
    near = xs.abs(xs.dot(before, grad)) < FAR * square
    return xs.where(near, xs.divide(square, xs.dot(before, before)), 0.0)


def polak_ribiere(xs: Any, before: Array, grad: Array, p: Array) -> Any:
    return xs.maximum(xs.divide(xs.dot(grad, grad - before), xs.dot(before, before)), 0.0)


def hestenes_stiefel(xs: Any, before: Array, grad: Array, p: Array) -> Any:
    y = grad - before
    return xs.maximum(xs.divide(xs.dot(grad, y), xs.dot(p, y)), 0.0)


def dai_yuan(xs: Any, before: Array, grad: Array, p: Array) -> Any:
    square = xs.dot(grad, grad)
    near = xs.abs(xs.dot(before, grad)) < FAR * square
    return xs.where(near, xs.divide(square, xs.dot(p, grad - before)), 0.0)


def hager_zhang(xs: Any, before: Array, grad: Array, p: Array) -> Any:
    y = grad - before
    py = xs.dot(p, y)
    beta = xs.divide(xs.dot(grad, y) - 2.0 * xs.divide(xs.dot(y, y), py) * xs.dot(p, grad), py)
    return xs.maximum(beta, xs.divide(0.4 * xs.dot(p, before), xs.dot(p, p)))


BETAS: dict[str, Callable[..., Any]] = {
    "polak-ribiere": polak_ribiere,
    "hestenes-stiefel": hestenes_stiefel,
    "hager-zhang": hager_zhang,
    "fletcher-reeves": fletcher_reeves,
    "dai-yuan": dai_yuan,
}
