"""Several rules one after the other."""

from collections.abc import Sequence
from typing import Any

from xdl.core import Array
from xdl.optim._overwrite import overwrite
from xdl.optim._rule import Composite, Rule

__all__ = ["Chain", "Wrapper", "chain"]


class Chain(Composite):
    """Rules of which each takes what the one before it returned; made by `chain`."""

    @property
    def elementwise(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether all rules are."""
        return all(rule.elementwise for rule in self.rules)

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """States of the rules."""
        return tuple(rule.init(x) for rule in self.rules)

    def start(self, path: str, x: Array, /) -> tuple[Any, ...]:
        """States of the rules."""
        return tuple(rule.start(path, x) for rule in self.rules)

    def step(
        self, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Step of the last rule."""
        new = []
        for rule, own in zip(self.rules, state, strict=True):
            own, grad = rule.step(own, x, grad, t)
            new.append(own)
        return tuple(new), grad

    def apply(
        self, xs: Sequence[Array], grads: Sequence[Array], states: Sequence[Any], t: Array, /
    ) -> tuple[list[Any], list[Array]]:
        """Steps of the last rule."""
        columns = []
        for k, rule in enumerate(self.rules):
            column, grads = rule.apply(xs, grads, [state[k] for state in states], t)
            columns.append(column)
        return list(zip(*columns, strict=True)), list(grads)

    def advance(
        self,
        xs: Sequence[Array],
        grads: Sequence[Array],
        states: Sequence[Any],
        t: Array,
        /,
        *,
        donate: bool = False,
    ) -> tuple[list[Array], list[Any]]:
        """Let the last rule make the new parameters, which it may do in place, or exactly."""
        first, rest = self.rules[0], self.rules[1:]
        column, grads = first.apply(xs, grads, [state[0] for state in states], t)
        if len(rest) == 1:
            rule, others = rest[0], [state[1] for state in states]
        else:
            rule, others = Chain(rest), [state[1:] for state in states]
        if donate:
            new, others = overwrite(t, list(xs), grads, others, rule=rule)
        else:
            new, others = rule.advance(xs, grads, others, t)
        if len(rest) == 1:
            others = [(other,) for other in others]
        return new, [(own, *other) for own, other in zip(column, others, strict=True)]

    def evaluate(self, state: Any, x: Array, /) -> Array:
        """What the last rule that keeps other parameters says."""
        for rule, own in zip(self.rules, state, strict=True):
            x = rule.evaluate(own, x)
        return x

    def observe(self, state: Any, curvature: Array, /) -> Any:
        """Show it to every rule."""
        return tuple(rule.observe(own, curvature) for rule, own in zip(self.rules, state, strict=True))


class Wrapper(Composite):
    """Base of what decides when, or on what, the rules after it in a chain work."""

    @property
    def modifier(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether it has no rules yet."""
        return not self.rules

    def place(self, following: list[Any], *, after: bool) -> list[Any]:
        """Take in the rules that follow."""
        if self.rules:
            return [self, *following]
        if after:
            name = type(self).__name__
            message = f"{name} must come before the rule that makes the step, as it decides on that"
            raise ValueError(message)
        return [self.replace(rules=(following[0] if len(following) == 1 else Chain(tuple(following)),))]

    def observe(self, state: Any, curvature: Array, /) -> Any:
        """Show it to the rule."""
        own, inner = state
        return own, self.rules[0].observe(inner, curvature)


def chain(*rules: Rule) -> Rule:
    """Rule that passes the gradient through several rules.

    What a rule returns is the gradient of the next one; what the last returns is added to the parameters.

    Parameters
    ----------
    *rules : Rule
        Modifiers of the gradient, such as `clip_by_norm`, and one rule that makes a step of it. Rules
        after that one modify the step.

    Notes
    -----
    `accumulate` and `mixed_precision` decide when, and on what, the rules after them work, averages included.

    Examples
    --------
    >>> from xdl import optim
    >>> rule = optim.chain(optim.clip_by_norm(1.0), optim.Adam(1e-3))
    """
    for rule in rules:
        if not isinstance(rule, Rule):
            message = f"`chain` takes rules, such as optim.Adam(), got {rule!r}"
            raise TypeError(message)
    flat = [part for rule in rules for part in (rule.rules if isinstance(rule, Chain) else (rule,))]
    made = [type(rule).__name__ for rule in flat if not rule.modifier]
    if len(made) != 1:
        found = "none" if not made else " and ".join(made)
        message = f"a chain must have exactly one rule that makes a step of the gradient, got {found}"
        raise ValueError(message)
    maker = next(k for k, rule in enumerate(flat) if not rule.modifier)
    placed: list[Rule] = []
    for k in reversed(range(len(flat))):
        placed = flat[k].place(placed, after=k > maker)
    return placed[0] if len(placed) == 1 else Chain(tuple(placed))
