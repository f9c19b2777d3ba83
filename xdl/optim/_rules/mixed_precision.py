"""Parameters of half precision with a copy that is exact."""

from collections.abc import Sequence
from typing import Any

from xdl.core import Array
from xdl.optim._overwrite import overwrite
from xdl.optim._rule import Rule, cast_array, compute_dtype, is_complex, widen

from .chain import Wrapper

__all__ = ["MixedPrecision", "mixed_precision"]


class MixedPrecision(Wrapper):
    """A rule that works on copies in float32; made by `mixed_precision` in a chain."""

    def start(self, path: str, x: Array, /) -> Any:
        """Copy, if the leaf is of half precision, and the state of the rule for it."""
        exact = widen(x, compute_dtype(x))
        return () if exact.dtype == x.dtype else (exact,), self.rules[0].start(path, exact)

    def apply(
        self, xs: Sequence[Array], grads: Sequence[Array], states: Sequence[Any], t: Array, /
    ) -> tuple[list[Any], list[Array]]:
        """Steps from the parameters to the new copies."""
        new, new_states = self._forward(xs, grads, states, t, donate=False)
        return new_states, [y - widen(x, y.dtype) for x, y in zip(xs, new, strict=True)]

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
        """Round the new copies to parameters."""
        new, new_states = self._forward(xs, grads, states, t, donate=donate)
        return [
            y if is_complex(y) else cast_array(y, x.dtype) for x, y in zip(xs, new, strict=True)
        ], new_states

    def _forward(
        self, xs: Any, grads: Any, states: Any, t: Array, *, donate: bool
    ) -> tuple[list[Array], list[Any]]:
        """Step of the copies, or of the parameters where there are none."""
        exact = [own[0] if own else x for x, (own, _) in zip(xs, states, strict=True)]
        grads = [widen(grad, compute_dtype(grad)) for grad in grads]
        inner = [state for _, state in states]
        if donate:
            new, inner = overwrite(t, exact, grads, inner, rule=self.rules[0])
        else:
            new, inner = self.rules[0].advance(exact, grads, inner, t)
        owned = [(y,) if own else () for y, (own, _) in zip(new, states, strict=True)]
        return new, list(zip(owned, inner, strict=True))

    def evaluate(self, state: Any, x: Array, /) -> Array:
        """What the rule says of the copy."""
        own, inner = state
        return self.rules[0].evaluate(inner, own[0] if own else x)


def mixed_precision() -> Rule:
    """Modifier that lets the rules after it work on copies in float32 of parameters of half precision.

    Steps that are too small to change a parameter of half precision are summed in the copy, to which the parameters
    are the nearest. Leaves of other dtypes are updated as they are.

    References
    ----------
    Micikevicius et al. (2018), arXiv:1710.03740, section 3.1

    Examples
    --------
    >>> from xdl import optim
    >>> rule = optim.chain(optim.mixed_precision(), optim.AdamW(1e-3))
    """
    return MixedPrecision(())
