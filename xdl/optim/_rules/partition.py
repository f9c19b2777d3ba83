"""Several rules, each for its own leaves."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xdl.core import Array, Module, static
from xdl.optim._overwrite import overwrite
from xdl.optim._rule import Composite, Rule
from xdl.optim._select import Selection, selection

__all__ = ["Member", "Partition", "partition"]


class Member(Module):
    """State of a leaf, and which rule it belongs to."""

    state: Any
    label: str = static()


class Partition(Composite):
    """Rules for groups of leaves; made by `partition`."""

    labels: tuple[str, ...] = static()
    select: Selection = static()

    def survey(self, named: Sequence[tuple[str, Array]], /) -> None:
        """Refuse leaves without a rule, and labels without leaves."""
        self.select.survey(named)
        for path, x in named:
            label = self.select(path, x)
            if label not in self.labels:
                message = (
                    f"leaf {path!r} has label {label!r}, and there are rules for {', '.join(self.labels)}"
                )
                raise ValueError(message)
        for label, rule in zip(self.labels, self.rules, strict=True):
            if rule is not None:
                rule.survey([(path, x) for path, x in named if self.select(path, x) == label])

    def start(self, path: str, x: Array, /) -> Any:
        """State of the leaf's rule; None if it is not to be updated."""
        label = self.select(path, x)
        rule = self.rules[self.labels.index(label)]
        return None if rule is None else Member(rule.start(path, x), label)

    def apply(
        self, xs: Sequence[Array], grads: Sequence[Array], states: Sequence[Any], t: Array, /
    ) -> tuple[list[Any], list[Array]]:
        """Steps of each rule for its leaves."""
        return self._each(lambda rule, *args: rule.apply(*args), xs, grads, states, t)

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
        """Step of each rule for its leaves."""

        def turned(rule: Any, *args: Any) -> Any:
            if donate:
                xs, grads, states, t = args
                new, new_states = overwrite(t, xs, grads, states, rule=rule)
            else:
                new, new_states = rule.advance(*args)
            return new_states, new

        new_states, new = self._each(turned, xs, grads, states, t)
        return new, new_states

    def _each(self, function: Any, xs: Any, grads: Any, states: Any, t: Array) -> tuple[list[Any], list[Any]]:
        """States and arrays of a function of each rule and its leaves, in the order of the leaves."""
        new_states, arrays = list(states), list(xs)
        for label, rule in zip(self.labels, self.rules, strict=True):
            own = [i for i, state in enumerate(states) if state.label == label]
            if not own:
                continue
            found = function(
                rule, [xs[i] for i in own], [grads[i] for i in own], [states[i].state for i in own], t
            )
            for i, state, array in zip(own, *found, strict=True):
                new_states[i], arrays[i] = Member(state, label), array
        return new_states, arrays

    def _rule(self, state: Member) -> Any:
        return self.rules[self.labels.index(state.label)]

    def evaluate(self, state: Any, x: Array, /) -> Array:
        """What the leaf's rule says."""
        return self._rule(state).evaluate(state.state, x)

    def observe(self, state: Any, curvature: Array, /) -> Any:
        """Show it to the leaf's rule."""
        return state.replace(state=self._rule(state).observe(state.state, curvature))


def partition(rules: Mapping[str, Rule | None], labels: Callable[[str, Array], str] | Any) -> Rule:
    """Rule made of one rule for each group of leaves.

    Parameters
    ----------
    rules : mapping of str to Rule
        Rule of each label; None for leaves that are not updated, of which no state is kept.
    labels : callable or pytree of str
        Label of a leaf: a function of its dotted path and the leaf, or a tree whose leaves are labels and whose
        paths begin those of the leaves, such as ``{"encoder": "slow", "head.bias": "fast", "": "rest"}``. The longest
        path that fits decides; the empty one fits all.

    Notes
    -----
    A rule that looks at all leaves at once, such as `clip_by_norm`, looks at those of its group. In a chain before
    the partition it looks at all of them.

    Examples
    --------
    >>> from xdl import optim
    >>> rules = {"weights": optim.AdamW(1e-3, weight_decay=0.1), "others": optim.Adam(1e-3)}
    >>> rule = optim.partition(rules, lambda path, x: "weights" if x.ndim > 1 else "others")
    """
    if not isinstance(rules, Mapping) or not rules:
        message = f"`rules` must be a dictionary of rules by label, got {rules!r}"
        raise TypeError(message)
    for label, rule in rules.items():
        if not isinstance(label, str) or not (rule is None or isinstance(rule, Rule)):
            message = (
                f"`rules` must have labels for keys and rules or None for values, got {label!r}: {rule!r}"
            )
            raise TypeError(message)
        if rule is not None and rule.modifier:
            message = (
                f"rule {label!r} changes the gradient but makes no step of it: chain it with one such as SGD"
            )
            raise ValueError(message)
    return Partition(tuple(rules.values()), tuple(rules), selection(labels, str, "labels"))
