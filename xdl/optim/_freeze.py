"""Leaves that rest."""

from collections.abc import Callable, Iterable
from typing import Any

from xdl.core import Array, tree

from ._select import paths
from ._update import State, check_params

__all__ = ["freeze", "thaw"]

Where = str | Iterable[str] | Callable[[str, Array], bool] | Any


def freeze(state: State, params: Any, where: Where) -> State:
    """State in which some leaves are not updated, until they are thawed.

    `update` leaves them and what the rule remembers of them as they are; their gradients may be None. They do not count
    in `clip_by_norm`.

    Parameters
    ----------
    state : State
        State of an optimizer.
    params : pytree
        Parameters that it belongs to.
    where : str, list of str, callable, or pytree of bool
        Which leaves: the dotted path of a leaf or of a subtree, such as ``"encoder.layers.0"``, or several; a
        function of path and leaf; or a tree whose leaves are true, and whose paths begin those of the leaves.

    Returns
    -------
    State
        Of another structure: a compiled step is compiled anew.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import optim
    >>> rule, params = optim.SGD(1.0), {"encoder": np.ones(1), "head": np.ones(1)}
    >>> state = optim.freeze(optim.init(rule, params), params, "encoder")
    >>> optim.update(rule, params, params, state)[0]
    {'encoder': array([1.]), 'head': array([0.])}
    """
    return _change(state, params, where, frozen=True)


def thaw(state: State, params: Any, where: Where = "") -> State:
    """State in which frozen leaves are updated again, by what the rule remembered of them.

    Parameters
    ----------
    state, params
        As for `freeze`.
    where : str, list of str, callable, or pytree of bool
        Which leaves, as for `freeze`; all by default.

    Returns
    -------
    State
    """
    return _change(state, params, where, frozen=False)


def _change(state: State, params: Any, where: Where, *, frozen: bool) -> State:
    named = tree.leaves_with_path(params)
    check_params(state, [x for _, x in named])
    selected = paths(where, "where")
    selected.survey(named)
    # Only what has a state, which is what the rule updates, can rest.
    meant = {
        i
        for i, ((path, x), own) in enumerate(zip(named, state.leaves, strict=True))
        if own is not None and selected(path, x)
    }
    resting = set(state.frozen)
    return state.replace(frozen=tuple(sorted(resting | meant if frozen else resting - meant)))
