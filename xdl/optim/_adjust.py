"""Hyperparameters changed during a run."""

from collections.abc import Iterator
from typing import Any

from xdl.core import tree

from ._rule import Composite, Rule, as_number
from ._update import State

__all__ = ["adjust"]


def adjust(state: State, *, group: str | None = None, **changes: Any) -> State:
    """State with some hyperparameters changed.

    Parameters
    ----------
    state : State
        State of an optimizer.
    group : str, optional
        Change only the rule of this label of a `partition`.
    **changes
        New values by name, such as ``learning_rate=1e-4``: numbers or 0-d arrays. In a chain or a
        partition, every rule that has the name gets the value.

    Returns
    -------
    State

    Raises
    ------
    ValueError
        If the rule has no such hyperparameter, it is a schedule, or the number is impossible.
    """
    values = state.values
    for name, value in changes.items():
        within = list(_within(state.rule, group, group is None))
        where = repr(state.rule) if group is None else f"group {group!r}"
        known = [n for rule in within for n in _names(rule)]
        if group is not None and not within:
            message = f"{state.rule!r} has no group {group!r} that is updated"
            raise ValueError(message)
        if name not in known:
            message = f"{where} has no hyperparameter {name!r}; it has {', '.join(known)}"
            raise ValueError(message)
        values = _set(values, state.rule, name, value, group, group is None)
    return state.replace(values=values)


def _labels(rule: Composite) -> tuple[str | None, ...]:
    return getattr(rule, "labels", (None,) * len(rule.rules))


def _within(rule: Rule | None, group: str | None, inside: bool) -> Iterator[Rule]:
    """Rules made of no others, those of a group if there is one."""
    if isinstance(rule, Composite):
        for label, part in zip(_labels(rule), rule.rules, strict=True):
            yield from _within(part, group, inside or label == group)
    elif inside and rule is not None:
        yield rule


def _set(values: Any, rule: Rule | None, name: str, value: Any, group: str | None, inside: bool) -> Any:
    if isinstance(rule, Composite):
        parts = zip(_labels(rule), rule.rules, values.rules, strict=True)
        new = [
            _set(given, part, name, value, group, inside or label == group) for label, part, given in parts
        ]
        return values.replace(rules=tuple(new))
    if rule is None or not inside or name not in _names(rule):
        return values
    old = getattr(values, name)
    if tree.structure(old) != tree.structure(value) or not tree.leaves(old):
        scheduled = any(callable(leaf) for leaf in tree.leaves(getattr(rule, name)))
        reason = "it is given by a schedule" if scheduled else f"expected {old!r}"
        message = f"`{name}` cannot be set to {value!r}: {reason}"
        raise ValueError(message)
    if all(type(leaf) in (int, float) for leaf in tree.leaves(value)):
        rule.check(name, value)
    return values.replace(**{name: tree.map(as_number, old, value)})


def _names(rule: Rule) -> list[str]:
    return list(dict.fromkeys(path.split(".")[0] for path, _ in tree.leaves_with_path(rule)))
