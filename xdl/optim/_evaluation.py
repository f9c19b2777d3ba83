"""Parameters to evaluate a model with."""

from typing import Any

from xdl.core import tree

from ._rule import as_array, cast_array, cast_rule, compute_dtype, is_complex, widen
from ._update import State, bind, check_params

__all__ = ["evaluation_params"]


def evaluation_params(state: State, params: Any) -> Any:
    """Parameters to evaluate a model with, or to keep, where they are not those that gradients are taken at.

    For `exponential_average` the average, for `lookahead` the slow parameters, for `ScheduleFreeSGD` and
    `ScheduleFreeAdamW` the average of the moving sequence; for other rules the parameters as they are.

    Parameters
    ----------
    state : State
        State of an optimizer.
    params : pytree
        Parameters that it belongs to.

    Returns
    -------
    pytree
        Like ``params``, in the same dtypes.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import optim
    >>> rule, x = optim.chain(optim.SGD(1.0), optim.exponential_average(0.75)), np.asarray([4.0])
    >>> x, state = optim.update(rule, x, x, optim.init(rule, x))
    >>> x, optim.evaluation_params(state, x)
    (array([0.]), array([3.]))
    """
    leaves, structure = tree.flatten(params)
    check_params(state, leaves)
    chosen = [i for i, own in enumerate(state.leaves) if own is not None]
    bound = bind(state, [leaves[i] for i in chosen])
    for i in chosen:
        x, dtype = leaves[i], compute_dtype(leaves[i])
        y = as_array(cast_rule(bound, dtype).evaluate(state.leaves[i], widen(x, dtype)))
        leaves[i] = y if is_complex(x) else cast_array(y, x.dtype)
    return tree.unflatten(structure, leaves)
