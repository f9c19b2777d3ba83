"""The walk over a tree of parameters, written once for all rules."""

from typing import Any

from xdl.core import Array, Module, TreeError, array_namespace, asarray, static, tree
from xdl.core._module import buffer_flags
from xdl.core._namespace import is_array
from xdl.core.tree import explain_difference

from ._overwrite import overwrite
from ._rule import Rule, as_array, cast_array, compute_dtype, is_complex

__all__ = ["State", "bind", "check_params", "init", "update"]


class State(Module):
    """What an optimizer remembers between steps.

    Parameters
    ----------
    count : 0-d integer array
        Number of steps taken.
    values : Rule
        The rule with its hyperparameters as 0-d arrays; a schedule has none. A compiled step takes them
        as an argument, so `adjust` changes it without compiling it again.
    leaves : tuple
        State of the rule for every leaf of the parameters, None for a leaf that is not updated.
    rule : Rule
        The rule that the state belongs to.
    scheduled : bool
        Whether the rule has schedules.
    frozen : tuple of int
        Leaves that are not updated for now: see `freeze`.
    """

    count: Array
    values: Any
    leaves: tuple[Any, ...]
    rule: Rule = static()
    scheduled: bool = static(default=False)
    frozen: tuple[int, ...] = static(default=())


def init(rule: Rule, params: Any) -> State:
    """State of an optimizer before the first step.

    Parameters
    ----------
    rule : Rule
        For example ``Adam(1e-3)``.
    params : pytree
        Parameters. Leaves of a floating-point or complex dtype are updated; integers, booleans, other
        objects and what is in a `xdl.buffer` are kept as they are, and the state has nothing for them.

    Returns
    -------
    State
        A pytree of arrays, on the device of the parameters. State for a leaf of half precision is float32.
    """
    if not isinstance(rule, Rule):
        message = f"`rule` must be a rule, such as optim.Adam(1e-3), got {rule!r}"
        raise TypeError(message)
    if rule.modifier:
        message = f"{rule!r} changes the gradient but makes no step of it: chain it with a rule such as SGD"
        raise ValueError(message)
    named = [
        (path, x, not kept and _is_updated(path, x))
        for (path, x), kept in zip(tree.leaves_with_path(params), buffer_flags(params), strict=True)
    ]
    rule.survey([(path, x) for path, x, own in named if own])
    states = tuple(rule.start(path, x) if own else None for path, x, own in named)
    updated = [x for (_, x, _), state in zip(named, states, strict=True) if state is not None]
    if not updated:
        message = (
            "`params` must have at least one leaf that is an array of a floating-point dtype and no buffer"
        )
        raise ValueError(message)
    xp, widest = array_namespace(*updated), _widest(updated)
    values = tree.map(
        lambda value: None if callable(value) else asarray(value, like=updated[0], dtype=widest), rule
    )
    return State(
        count=asarray(0, like=updated[0], dtype=xp.int32),
        values=values,
        leaves=states,
        rule=rule,
        scheduled=any(map(callable, tree.leaves(rule))),
    )


def _is_updated(path: str, x: Any) -> bool:
    if isinstance(x, float | complex) and not is_array(x):
        message = f"leaf {path!r} of `params` is a Python number: make it an array"
        raise TypeError(message)
    return is_array(x) and compute_dtype(x) is not None


def update(rule: Rule, params: Any, grads: Any, state: State, *, donate: bool = False) -> tuple[Any, State]:
    """Take one step.

    Parameters
    ----------
    rule : Rule
        The rule that ``state`` was made for. Its numbers are those in the state: see `adjust`.
    params : pytree
        Parameters.
    grads : pytree
        Gradient of the loss, of the same structure; leaves that are not updated may be None. The
        gradient of a complex leaf is what `xdl.grad` returns, whose conjugate is the direction of ascent.
    state : State
        What `init` or the previous step returned.
    donate : bool
        Give up ``params`` and ``state``, whose memory is then used for the results: on NumPy, CuPy and
        PyTorch the old arrays hold the new values, or partly so; on JAX they are deleted and raise an
        error when used. Values agree with those of a pure step to rounding.

    Returns
    -------
    params : pytree
    state : State

    Raises
    ------
    TreeError
        If structure, shapes or dtypes of ``grads`` differ from those of ``params``.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import optim
    >>> rule, x = optim.SGD(0.5), np.asarray([1.0, 2.0])
    >>> x, state = optim.update(rule, x, 2 * x, optim.init(rule, x))
    >>> x
    array([0., 0.])
    """
    if rule is not state.rule and rule != state.rule:
        message = (
            f"`state` belongs to {state.rule!r}, not to {rule!r}: "
            "to change numbers during a run, use optim.adjust(state, ...)"
        )
        raise ValueError(message)
    leaves, structure = tree.flatten(params)
    check_params(state, leaves)
    chosen = [i for i, leaf in enumerate(state.leaves) if leaf is not None and i not in state.frozen]
    found = _match(params, leaves, structure, grads, chosen)
    if not chosen:
        return params, state.replace(count=as_array(state.count + 1))
    xs, states = [leaves[i] for i in chosen], [state.leaves[i] for i in chosen]
    gs = [found[i] for i in chosen]
    xp = array_namespace(*xs, *gs)
    gs = [xp.conj(g) if is_complex(g) else g for g in gs]

    bound, count = bind(state, xs), as_array(state.count + 1)
    if donate:
        xs, states = overwrite(count, xs, gs, states, rule=bound)
    else:
        xs, states = bound.advance(xs, gs, states, count)

    new_states = list(state.leaves)
    for i, x, leaf_state in zip(chosen, xs, states, strict=True):
        leaves[i], new_states[i] = x, leaf_state
    return tree.unflatten(structure, leaves), state.replace(count=count, leaves=tuple(new_states))


def bind(state: State, xs: list[Array]) -> Any:
    """Rule of a state with arrays for its hyperparameters, in the widest dtype of the parameters."""
    return (
        state.rule.bind(state.values, cast_array(state.count, _widest(xs)))
        if state.scheduled
        else state.values
    )


def _widest(xs: list[Array]) -> Any:
    return array_namespace(*xs).result_type(*map(compute_dtype, xs))


def check_params(state: State, leaves: list[Any]) -> None:
    """Refuse parameters of another number of leaves than those the state was made for."""
    if len(state.leaves) != len(leaves):
        message = f"`state` was made for {len(state.leaves)} leaves, `params` has {len(leaves)}"
        raise TreeError(message)


def _match(params: Any, leaves: list[Any], structure: Any, grads: Any, chosen: list[int]) -> list[Any]:
    """Gradients in the order of the leaves; raise TreeError where they do not fit."""
    found, found_structure = tree.flatten(grads)
    if found_structure != structure:
        found = _match_by_path(params, grads, chosen)
    for i in chosen:
        x, g = leaves[i], found[i]
        if getattr(g, "shape", None) != x.shape or g.dtype != x.dtype:
            path = tree.leaves_with_path(params)[i][0]
            message = f"gradient of {path!r} must be {_describe(x)}, got {_describe(g)}"
            raise TreeError(message)
    return found


def _match_by_path(params: Any, grads: Any, chosen: list[int]) -> list[Any]:
    given = dict(tree.leaves_with_path(grads))
    paths = [path for path, _ in tree.leaves_with_path(params)]
    if any(paths[i] not in given for i in chosen) or not given.keys() <= set(paths):
        raise TreeError("`grads` and `params`: " + explain_difference(params, grads))
    return [given.get(path) for path in paths]


def _describe(x: Any) -> str:
    if not is_array(x):
        return "no array" if x is None else f"a {type(x).__name__}"
    return f"{str(x.dtype).split('.')[-1]} of shape {tuple(x.shape)}"
