"""What a minimizer is: a first iterate, and a pass from one iterate to the next."""

from typing import Any, ClassVar

from xdl.core import Array, Module

from ._part import Part
from ._problem import Problem
from ._status import Status

__all__ = ["Iterate", "Method"]


class Iterate(Module):
    """Where a method is.

    Parameters
    ----------
    x : (..., size) array
        Parameters of the best point so far.
    value : number
        Value there.
    grad : (..., size) array
        Gradient there; for methods without derivatives, zeros.
    status : integer
        A `Status`.
    iterations, evaluations, products : integer
        Counts of accepted steps, of evaluations of the function (and its gradient), and of products with
        the Hessian (or, for least squares, the Jacobian).
    memory : pytree
        What else the method remembers.
    """

    x: Array
    value: Any
    grad: Array
    status: Any
    iterations: Any
    evaluations: Any
    products: Any
    memory: Any


class Method(Part):
    """Base of minimizers: frozen records of parts and numbers.

    A subclass defines `init` and `step`. Both are written for one problem and for a batch alike, with
    ``problem.xs`` for the numbers (see `xdl.optim._scalars`): ``if`` may ask only where ``xs.host`` is true. A pass
    makes one evaluation or a fixed number of them, so that in a batch problems search by themselves and none
    waits for another. A problem that has finished is masked by the driver, if not here.
    """

    derivatives: ClassVar[int] = 1
    masks: ClassVar[bool] = False  # whether `step` itself leaves problems that have finished where they are

    def init(self, problem: Problem, x: Array) -> Iterate:
        """First iterate."""
        raise NotImplementedError

    def step(self, problem: Problem, state: Iterate) -> Iterate:
        """Next iterate, or the same point with a new memory, if the pass was a probe that was not accepted."""
        raise NotImplementedError

    def measure(self, problem: Problem, state: Iterate) -> Any:
        """Number that is zero at a solution: the largest entry of the gradient."""
        return problem.xs.largest(state.grad)

    def begin(self, problem: Problem, x: Array, memory: Any = ()) -> Iterate:
        """Iterate at a point, after one evaluation."""
        xs = problem.xs
        value, grad = problem.value_and_gradient(x)
        finite = xs.isfinite(value) & xs.isfinite(xs.largest(grad))
        return Iterate(
            x=x,
            value=value,
            grad=grad,
            status=xs.where(finite, xs.integer(int(Status.RUNNING)), xs.integer(int(Status.NOT_FINITE))),
            iterations=xs.integer(0),
            evaluations=xs.integer(1),
            products=xs.integer(0),
            memory=memory,
        )
