"""Solutions of linear equations by iteration, with the derivatives of the solution instead of the iteration's."""

import functools
from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.core import Array, array_namespace, tree
from xdl.core._backends import backend_of, wants_jit
from xdl.core._namespace import is_array

from ._operator import Operator, Vectors
from ._solution import Solution

__all__ = ["Equation", "solve_linear"]


class Equation:
    """A symmetric operator, and how its equations are solved: everything but arrays.

    Parameters
    ----------
    iterate : callable
        ``iterate(product, precondition, b, x0, rtol, atol, max_iterations)`` returns the tuple of the fields of
        `Solution`.
    operator : Operator
    preconditioner : callable or None
        Approximate inverse; a module's arrays are arguments, other functions are what they are.
    options : tuple
        ``rtol, atol, max_iterations``.
    """

    def __init__(
        self, iterate: Callable[..., Any], operator: Operator, preconditioner: Any, options: Any
    ) -> None:
        self.iterate, self.operator, self.options = iterate, operator, options
        leaves, self.structure = tree.flatten(preconditioner)
        arrays = [is_array(leaf) for leaf in leaves]
        self.memory = tuple(leaf for leaf, flag in zip(leaves, arrays, strict=True) if flag)
        self.rest = tuple(None if flag else leaf for leaf, flag in zip(leaves, arrays, strict=True))
        self.bare = preconditioner is None
        self.key = (iterate, operator.key, self.structure, self.rest, options)
        self.solution = autodiff.custom_rule(self._found, pullback=self._pull, pushforward=self._push)

    def __eq__(self, other: object) -> bool:
        """Equal equations run the same program."""
        return isinstance(other, Equation) and self.key == other.key

    def __hash__(self) -> int:
        """Hash of all that is no array."""
        return hash(self.key)

    def run(self, theta: Any, memory: Any, b: Array, x0: Array) -> tuple[Array, ...]:
        """Iterate to the end."""
        product = lambda v: self.operator.product(theta, v)
        return self.iterate(product, functools.partial(self._precondition, memory), b, x0, *self.options)

    def _precondition(self, memory: Any, r: Array) -> Array:
        if self.bare:
            return r
        arrays = iter(memory)
        inverse = tree.unflatten(self.structure, [next(arrays) if x is None else x for x in self.rest])
        vectors = self.operator.vectors
        return vectors.flatten(inverse(vectors.unflatten(r)))

    def _found(self, theta: Any, memory: Any, b: Array, x0: Array) -> tuple[Array, ...]:
        run = _compiled(self) if wants_jit(b) else self.run
        with backend_of(b).quiet():
            return run(theta, memory, b, x0)

    def _solve(self, theta: Any, memory: Any, b: Array) -> Array:
        return self.solution(theta, memory, b, array_namespace(b).zeros_like(b))[0]

    def _pull(self, dy: Any, y: Any, theta: Any, memory: Any, b: Array, x0: Array) -> tuple[Any, ...]:
        u = self._solve(theta, memory, dy[0])  # the operator is its own transpose
        nothing = tree.map(lambda x: array_namespace(x).zeros_like(x), (memory, x0))
        if not theta:
            return (), nothing[0], u, nothing[1]
        _, pull = autodiff.vjp(lambda theta: self.operator.product(theta, y[0]), theta)
        return pull(-u)[0], nothing[0], u, nothing[1]

    def _push(self, dargs: Any, y: Any, theta: Any, memory: Any, b: Array, x0: Array) -> tuple[Any, ...]:
        dtheta, _, db, _ = dargs
        if theta:
            _, change = autodiff.jvp(lambda theta: self.operator.product(theta, y[0]), (theta,), (dtheta,))
            db = db - change
        zeros = [array_namespace(part).zeros_like(part) for part in y[1:]]
        return (self._solve(theta, memory, db), *zeros)


@functools.lru_cache(64)
def _compiled(equation: Equation) -> Callable[..., Any]:
    return autodiff.jit(equation.run)


def solve_linear(
    iterate: Callable[..., Any],
    A: Any,
    b: Any,
    x0: Any,
    args: tuple[Any, ...],
    preconditioner: Any,
    rtol: float,
    atol: float,
    max_iterations: int | None,
) -> Solution:
    """Solution of ``A x = b`` by an iteration."""
    vectors = Vectors(b)
    flat = vectors.flatten(b)
    if not (rtol >= 0 and atol >= 0):
        message = f"`rtol` and `atol` must not be negative, got {rtol!r} and {atol!r}"
        raise ValueError(message)
    if max_iterations is None:
        max_iterations = 10 * flat.shape[-1]
    if isinstance(max_iterations, bool) or not isinstance(max_iterations, int) or max_iterations < 0:
        message = f"`max_iterations` must be an integer that is not negative, got {max_iterations!r}"
        raise ValueError(message)
    if preconditioner is not None and not callable(preconditioner):
        message = f"`preconditioner` must be a function of a vector, got {preconditioner!r}"
        raise TypeError(message)
    start = array_namespace(flat).zeros_like(flat) if x0 is None else vectors.flatten(x0)
    if tuple(start.shape) != tuple(flat.shape):
        message = (
            f"`x0` must be like the right-hand side, of shape {tuple(flat.shape)}, got {tuple(start.shape)}"
        )
        raise ValueError(message)
    operator = Operator(A, args, vectors)
    equation = Equation(iterate, operator, preconditioner, (float(rtol), float(atol), max_iterations))
    x, residual, iterations, status = equation.solution(operator.theta, equation.memory, flat, start)
    return Solution(vectors.unflatten(x), residual, iterations, status)
