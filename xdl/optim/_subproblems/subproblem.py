"""What minimizes a quadratic model in a ball: prepared once for each point, asked once for each radius."""

from typing import Any, NamedTuple

from xdl.core import Array
from xdl.optim._method import Iterate
from xdl.optim._part import Part
from xdl.optim._problem import Problem

__all__ = ["Subproblem", "Trial"]


class Trial(NamedTuple):
    """Step that a model suggests.

    Parameters
    ----------
    p : (..., size) array
        The step.
    reduction : number
        What the model decreases by.
    length : number
        Length of the step.
    products : integer
        Products with the Hessian that finding it took.
    """

    p: Array
    reduction: Any
    length: Any
    products: Any


class Subproblem(Part):
    """Base of solvers of ``min g'p + p'Hp / 2`` over steps ``p`` no longer than the radius."""

    def prepare(self, problem: Problem, x: Array, grad: Array) -> Any:
        """What is computed once at a point, whatever the radius: a tree that the method remembers."""
        return ()

    def cost(self, problem: Problem) -> int:
        """Products with the Hessian that `prepare` takes."""
        return 0

    def solve(self, problem: Problem, point: Iterate, model: Any, radius: Any) -> Trial:
        """Step from a point, given what was prepared there."""
        raise NotImplementedError


def to_boundary(xs: Any, p: Array, d: Array, radius: Any) -> Any:
    """Positive ``t`` for which ``p + t d`` is as long as the radius; ``p`` is no longer."""
    a, b, c = xs.dot(d, d), xs.dot(p, d), xs.maximum(radius * radius - xs.dot(p, p), 0.0)
    root = xs.sqrt(b * b + a * c)
    # of the two ways to write the root, the one that does not subtract what is nearly equal
    return xs.where(b > 0, xs.divide(c, b + root), xs.divide(root - b, a))
