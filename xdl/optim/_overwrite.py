"""A step in memory that was given up: the door for what a library does better than the definitions."""

from typing import Any

from xdl.core import Array, generic

from ._rule import Rule

__all__ = ["overwrite"]


@generic
def overwrite(
    t: Array, xs: list, grads: list, states: list, /, *, rule: Rule
) -> tuple[list[Array], list[Any]]:
    """Step of a list of arrays whose memory, and that of their states, may be overwritten.

    Parameters
    ----------
    t : 0-d array of integers
        Number of the step, from 1. Its library decides which method runs.
    xs, grads : list of array
        Parameters and their gradients, of floating-point dtypes.
    states : list of pytree
        States of the rule for them.
    rule : Rule
        With hyperparameters as 0-d arrays.

    Returns
    -------
    xs : list of array
    states : list of pytree
    """
    return rule.advance(xs, grads, states, t, donate=True)
