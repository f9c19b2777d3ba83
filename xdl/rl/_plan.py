"""What a planner returns, and the loop that runs one."""

import functools
from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.core import Array, Module, array_namespace, to_numpy, tree
from xdl.core._backends import wants_jit
from xdl.core._namespace import is_array

__all__ = ["Plan", "compiled", "greedy", "largest", "make_plan"]


class Plan(Module):
    """Values of states and the best actions.

    Parameters
    ----------
    value : (..., states) array
        Value of each state.
    policy : (..., states) integer array
        Best action in each state; the first of equals.
    action_value : (..., actions, states) array
        Value of each action, then following the policy.
    sweeps : () integer array
        Sweeps over all states, or what the planner's text calls so.
    residual : (...) array
        Largest change of a value by one more sweep.
    bound : (...) array
        The distance of ``value`` from the optimum is at most this: ``discount / (1 - discount)`` times the
        residual (Puterman 1994, theorem 6.3.1). Infinite without discount.
    converged : (...) boolean array
        Whether what was asked for was reached.
    history : (sweeps,) list of number
        Residuals of all sweeps, where they were recorded.
    """

    value: Array
    policy: Array
    action_value: Array
    sweeps: Array
    residual: Array
    bound: Array
    converged: Array
    history: Any = ()

    @property
    def message(self) -> str:
        """Whether the planner converged, in words."""
        if bool(to_numpy(self.converged).all()):
            return "converged"
        residual, bound = to_numpy(self.residual).max(), to_numpy(self.bound).max()
        return f"not converged: residual {residual:.1e}, values within {bound:.1e} of the optimum"


def largest(x: Array) -> Array:
    """Largest modulus over the states."""
    xp = array_namespace(x)
    return xp.max(xp.abs(x), axis=-1)


def greedy(q: Array) -> Array:
    """First of the best actions."""
    return array_namespace(q).argmax(q, axis=-2)


def bound_of(mdp: Any, residual: Array) -> Array:
    """Distance from the optimum that a residual leaves, after the sweep that had it."""
    if mdp.discount == 1:
        return residual * 0 + float("inf")
    return residual * (mdp.discount / (1 - mdp.discount))


def make_plan(mdp: Any, value: Array, sweeps: Array, tol: float) -> Plan:
    """Plan of what one more sweep makes of the values, whose distance from the optimum the residual bounds."""
    xp = array_namespace(value)
    q = mdp.action_value(value)
    after = xp.max(q, axis=-2)
    residual = largest(after - value)
    bound = bound_of(mdp, residual)
    reached = (residual if mdp.discount == 1 else bound) <= tol
    return Plan(after, greedy(q), q, sweeps, residual, bound, reached)


def compiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """Program that is compiled where the library of its arrays is slow operation by operation.

    Options are hashable, and each choice of them is a program of its own; the 64 used last are kept.
    """

    @functools.lru_cache(64)
    def program(options: tuple[tuple[str, Any], ...]) -> Callable[..., Any]:
        return autodiff.jit(functools.partial(f, **dict(options)))

    @functools.wraps(f)
    def run(*args: Any, **options: Any) -> Any:
        first = next(x for x in tree.iterate(args) if is_array(x))
        if not wants_jit(first):
            return f(*args, **options)
        return program(tuple(sorted(options.items())))(*args)

    return run
