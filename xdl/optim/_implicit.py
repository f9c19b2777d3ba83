"""Derivatives of a solution with respect to what the problem depends on, by the implicit function theorem.

A solution ``x`` of ``F(x, a) = 0``, where ``F`` is a gradient or a system of equations, moves by
``dx = -(dF/dx)^-1 (dF/da) da``, however it was found: no iteration is recorded, and loops may run on the host.
"""

from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.autodiff._constants import uniform
from xdl.autodiff._engines import native_engine
from xdl.core import Array, array_namespace, tree
from xdl.core._namespace import is_array, is_traced
from xdl.linalg import cg
from xdl.linalg._solve import solve

from ._drive import Task
from ._gauss import nonsingular
from ._residuals import matrix_of

__all__ = ["implicit"]

DENSE = 256  # unknowns up to which a matrix is factored; beyond, minima are solved for by products with it

CLOSED_OVER = (
    "the function refers to an array from around it that is being differentiated: "
    "pass it in `args`, with respect to which the solution has derivatives"
)


def implicit(task: Task, run: Callable[[Any, tuple[Any, ...]], Any], x0: Any, args: tuple[Any, ...]) -> Any:
    """Run a method, and give its result derivatives.

    Parameters
    ----------
    task : Task
        Makes the problem, whose `condition` is zero at a solution.
    run : callable
        ``run(x0, args)`` returns a `Result`, whose leaves are arrays.
    x0 : pytree
        Start, on which the solution does not depend.
    args : tuple
        What the function depends on besides.

    Returns
    -------
    Result
        The derivatives of ``x`` are those of an exact solution, and ``value`` and ``residual`` follow it; those of all
        else are zero.
    """

    def solve(x0: Any, args: tuple[Any, ...]) -> Any:
        try:
            result = run(x0, args)
        except (TypeError, RuntimeError) as error:  # a traced number cannot decide what comes next
            if _refers_to_traced(task, x0, args):
                raise ValueError(CLOSED_OVER) from error
            raise
        # Not every engine can keep an argument that is also a result for the pullback.
        inputs, found = tree.leaves((x0, args)), tree.leaves(result)
        if _is_traced(found) and not _is_traced(inputs):
            raise ValueError(CLOSED_OVER)
        given = {id(leaf) for leaf in inputs if is_array(leaf)}
        if given.isdisjoint(map(id, found)):
            return result
        return tree.map(lambda y: array_namespace(y).asarray(y, copy=True) if id(y) in given else y, result)

    leaves = tree.leaves((x0, args))
    if native_engine(leaves) is None and not _is_traced(leaves):
        return solve(x0, args)  # nothing can ask for derivatives

    def pullback(dy: Any, y: Any, x0: Any, args: tuple[Any, ...]) -> tuple[Any, Any]:
        at = _Solution(task, y, args)
        _, pull = autodiff.vjp(at.follow, at.x, *at.active)
        dx, *da = pull(_followers(dy))
        u = at.solve(at.flat.flatten(dy.x) + dx, transposed=True)
        _, pull = autodiff.vjp(lambda *active: at.condition(at.x, *active), *at.active)
        return _zeros(x0), at.args([d - e for d, e in zip(da, pull(u), strict=True)])

    def pushforward(dargs: Any, y: Any, x0: Any, args: tuple[Any, ...]) -> Any:
        at = _Solution(task, y, args)
        da = at.directions(dargs[1])
        _, moved = autodiff.jvp(lambda *active: at.condition(at.x, *active), at.active, da)
        dx = at.solve(-moved, transposed=False)
        _, followed = autodiff.jvp(at.follow, (at.x, *at.active), (dx, *da))
        return _zeros(y).replace(x=at.flat.unflatten(dx), **followed)

    return autodiff.custom_rule(solve, pullback=pullback, pushforward=pushforward)(x0, args)


class _Solution:
    """A solution, and the equations that it solves as a function of it and of what it depends on."""

    def __init__(self, task: Task, y: Any, args: tuple[Any, ...]) -> None:
        self.task, self.y = task, y
        self.leaves, self.structure = tree.flatten(args)
        self.places = [k for k, leaf in enumerate(self.leaves) if _is_smooth(leaf)]
        self.active = tuple([self.leaves[k] for k in self.places])
        problem, self.x = task.problem(y.x, args, host=False)
        self.flat = problem.flat
        self.symmetric = not getattr(problem, "equations", False)

    def problem(self, x: Array, active: tuple[Array, ...]) -> tuple[Any, Array]:
        """The problem with other arguments, and the point; all arrays of one namespace, if any is traced."""
        leaves = list(self.leaves)
        for k, a in zip(self.places, active, strict=True):
            leaves[k] = a
        x, *leaves = uniform((x, *leaves))
        args = tree.unflatten(self.structure, leaves)
        return self.task.problem(self.flat.unflatten(x), args, host=False)[0], x

    def condition(self, x: Array, *active: Array) -> Array:
        """Zero at a solution."""
        problem, x = self.problem(x, active)
        return problem.condition(x)

    def follow(self, x: Array, *active: Array) -> dict[str, Array]:
        """What else the result reports of a solution."""
        problem, x = self.problem(x, active)
        found = {"value": problem.objective(x)}
        if hasattr(self.y, "residual"):
            found["residual"] = problem.residual(x)
        return found

    def solve(self, v: Array, *, transposed: bool) -> Array:
        """Solve with the derivative of the equations, or with its transpose."""
        xp = array_namespace(v)
        if self.symmetric and not self.flat.lead and self.flat.size > DENSE:
            # The Hessian of a minimum is positive definite, and its products are differentiable functions of `args`.
            multiply = lambda v, x, *active: autodiff.jvp(lambda x: self.condition(x, *active), (x,), (v,))[1]
            rtol = float(xp.finfo(v.dtype).eps) ** 0.75
            return cg(multiply, v, (self.x, *self.active), rtol=rtol).x
        _, push = autodiff.linearize(lambda x: self.condition(x, *self.active), self.x)
        A = matrix_of(push, self.x, axis=-1)
        A = xp.matrix_transpose(A) if transposed else A
        return solve(nonsingular(A), v)

    def args(self, active: list[Array]) -> Any:
        """Tree as the arguments, with zeros for what has no derivative."""
        leaves = [_zero(leaf) for leaf in self.leaves]
        for k, x in zip(self.places, active, strict=True):
            leaves[k] = x
        return tree.unflatten(self.structure, leaves)

    def directions(self, dargs: Any) -> tuple[Array, ...]:
        """Those of the arguments that have derivatives."""
        leaves = tree.leaves(dargs)
        return tuple([leaves[k] for k in self.places])


def _is_traced(leaves: list[Any]) -> bool:
    return any(map(is_traced, set(map(type, leaves))))


def _refers_to_traced(task: Task, x0: Any, args: tuple[Any, ...]) -> bool:
    if _is_traced(tree.leaves((x0, args))):
        return False
    problem, x = task.problem(x0, args, host=False)
    return is_traced(type(problem.objective(x)))


def _followers(y: Any) -> dict[str, Any]:
    return {name: getattr(y, name) for name in ("value", "residual") if hasattr(y, name)}


def _is_smooth(leaf: Any) -> bool:
    return is_array(leaf) and array_namespace(leaf).isdtype(leaf.dtype, ("real floating", "complex floating"))


def _zero(leaf: Any) -> Any:
    return array_namespace(leaf).zeros_like(leaf) if is_array(leaf) else leaf


def _zeros(x: Any) -> Any:
    return tree.map(_zero, x)
