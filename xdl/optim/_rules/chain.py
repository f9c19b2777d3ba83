"""Several rules one after the other."""

from collections.abc import Sequence
from typing import Any

from xdl.core import Array
from xdl.optim._rule import Rule

__all__ = ["Chain", "chain"]


class Chain(Rule):
    """Rules of which each takes what the one before it returned; made by `chain`."""

    stages: tuple[Rule, ...]

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """States of the stages."""
        return tuple(stage.init(x) for stage in self.stages)

    def apply(
        self, xs: Sequence[Array], grads: Sequence[Array], states: Sequence[Any], t: Array, /
    ) -> tuple[list[Any], list[Array]]:
        """Steps of the last stage."""
        columns = []
        for k, stage in enumerate(self.stages):
            column, grads = stage.apply(xs, grads, [state[k] for state in states], t)
            columns.append(column)
        return list(zip(*columns, strict=True)), list(grads)


def chain(*rules: Rule) -> Rule:
    """Rule that passes the gradient through several rules.

    What a rule returns is the gradient of the next one; what the last returns is added to the parameters.

    Parameters
    ----------
    *rules : Rule
        Modifiers of the gradient, such as `clip_by_norm`, and one rule that makes a step of it. Rules
        after that one modify the step.

    Examples
    --------
    >>> from xdl import optim
    >>> rule = optim.chain(optim.clip_by_norm(1.0), optim.Adam(1e-3))
    """
    for rule in rules:
        if not isinstance(rule, Rule):
            message = f"`chain` takes rules, such as optim.Adam(), got {rule!r}"
            raise TypeError(message)
    stages = [stage for rule in rules for stage in (rule.stages if isinstance(rule, Chain) else (rule,))]
    made = [type(stage).__name__ for stage in stages if not stage.modifier]
    if len(made) != 1:
        found = "none" if not made else " and ".join(made)
        message = f"a chain must have exactly one rule that makes a step of the gradient, got {found}"
        raise ValueError(message)
    return stages[0] if len(stages) == 1 else Chain(tuple(stages))
