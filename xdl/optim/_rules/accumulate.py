"""One step for several gradients."""

from collections.abc import Sequence
from typing import Any

from xdl.core import Array, array_namespace, static, tree
from xdl.optim._rule import Rule, as_array, check_count, compute_dtype, widen

from .chain import Wrapper

__all__ = ["Accumulate", "accumulate"]


class Accumulate(Wrapper):
    """A rule that sees the mean of several gradients; made by `accumulate` in a chain."""

    steps: int = static()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("steps", self.steps)

    def clock(self, count: Array, /) -> Array:
        """Count of full steps."""
        return count // self.steps

    def start(self, path: str, x: Array, /) -> Any:
        """Mean zero, and the state of the rule."""
        return array_namespace(x).zeros_like(widen(x, compute_dtype(x))), self.rules[0].start(path, x)

    def apply(
        self, xs: Sequence[Array], grads: Sequence[Array], states: Sequence[Any], t: Array, /
    ) -> tuple[list[Any], list[Array]]:
        """Steps of the rule if this is the last gradient of several, else zeros."""
        xp = self.namespace(*xs, *grads)
        # Both are computed, as which one counts is known only on the device.
        due, count = t % self.steps == 0, as_array(self.clock(t - 1) + 1)
        means = [self.add(state[0], grad) for state, grad in zip(states, grads, strict=True)]
        old = [state[1] for state in states]
        new, steps = self.rules[0].apply(xs, means, old, count)
        chosen = tree.map(lambda after, before: as_array(xp.where(due, after, before)), new, old)
        means_left = [as_array(xp.where(due, xp.zeros_like(mean), mean)) for mean in means]
        steps = [xp.where(due, dx, xp.zeros_like(dx)) for dx in steps]
        return list(zip(means_left, chosen, strict=True)), steps

    def add(self, mean: Array, grad: Array) -> Array:
        """Mean with one gradient more."""
        return mean + widen(grad, compute_dtype(grad)) / self.steps

    def evaluate(self, state: Any, x: Array, /) -> Array:
        """What the rule says."""
        return self.rules[0].evaluate(state[1], x)


def accumulate(steps: int) -> Rule:
    """Modifier that takes one step for the mean of several gradients; parameters stay as they are in between.

    In a chain, the rules before it see every gradient, those after it one of ``steps``: they count, and their schedules
    run, by full steps.

    Parameters
    ----------
    steps : int
        How many gradients.

    Notes
    -----
    On a device, and compiled, the rules after it are computed for every gradient, and chosen for one of ``steps``.

    Examples
    --------
    >>> from xdl import optim
    >>> rule = optim.chain(optim.accumulate(4), optim.clip_by_norm(1.0), optim.Adam(1e-3))
    """
    return Accumulate((), steps)
