"""What an update rule is: two functions on one array, and numbers that belong to them."""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from xdl.core import Array, Module, array_namespace, tree

__all__ = ["Hyper", "Rule"]

# A hyperparameter: a number, or a schedule, which maps the count of steps taken (a 0-d array) to one.
Hyper = float | Callable[[Array], Array]

# dtype of a leaf -> real dtype its step is computed in, or None where a leaf is not updated.
# A plain dictionary, not functools.cache: torch.compile follows it without a graph break.
_computed: dict[tuple[int, Any], Any] = {}
_complex: dict[tuple[type, Any], bool] = {}


class Rule(Module):
    """Base of update rules: a frozen record of hyperparameters with two functions on one array.

    A subclass declares its hyperparameters as fields, which are numbers or schedules (functions of the
    count of steps taken), and its options as `static` fields. It defines `step`, and `init` if a step
    needs memory. In `step`, fields are 0-d arrays in the dtype of ``x``: the code is the paper's formula.

    ``elementwise`` says that an entry of the step depends on the same entry of the arguments alone, so
    that a backend may work through an array in blocks. ``modifier`` says that the rule changes gradients
    but makes no step of them.
    """

    elementwise: ClassVar[bool] = True
    modifier: ClassVar[bool] = False

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """State for one array of parameters, before the first step."""
        return ()

    def step(
        self, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Step for one array of parameters.

        Parameters
        ----------
        state : tuple
            What `init` or the previous step returned.
        x : array
            Parameters.
        grad : array
            Gradient, or what the previous rule of a chain returned.
        t : 0-d array
            Number of this step, from 1, in the dtype of ``x``.

        Returns
        -------
        state : tuple
        dx : array
            What is to be added to ``x``.
        """
        raise NotImplementedError

    def apply(
        self, xs: Sequence[Array], grads: Sequence[Array], states: Sequence[Any], t: Array, /
    ) -> tuple[list[Any], list[Array]]:
        """Steps for all arrays; a rule that looks at all of them at once overrides this."""
        cast: dict[Any, tuple[Any, Array]] = {}
        new_states, steps = [], []
        for x, grad, state in zip(xs, grads, states, strict=True):
            dtype = compute_dtype(x)
            if dtype not in cast:
                cast[dtype] = (cast_rule(self, dtype), cast_array(t, dtype))
            rule, count = cast[dtype]
            new_state, dx = rule.step(state, widen(x, dtype), widen(grad, dtype), count)
            new_states.append(tuple(map(as_array, new_state)))
            steps.append(dx)
        return new_states, steps

    def advance(
        self, xs: Sequence[Array], grads: Sequence[Array], states: Sequence[Any], t: Array, /
    ) -> tuple[list[Array], list[Any]]:
        """Parameters and states after a step."""
        new_states, steps = self.apply(xs, grads, states, t)
        return [add_step(x, dx) for x, dx in zip(xs, steps, strict=True)], new_states

    def __eq__(self, other: object) -> bool:
        """Rules are equal if all their fields are."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Hash of the fields."""
        return hash((type(self), *self.__dict__.values()))


def compute_dtype(x: Array) -> Any:
    """Real dtype in which the step of ``x`` is computed; None for an array that is not updated."""
    xp = array_namespace(x)
    key = (id(xp), x.dtype)
    if key not in _computed:
        _computed[key] = _find_compute_dtype(xp, x.dtype)
    return _computed[key]


def _find_compute_dtype(xp: Any, dtype: Any) -> Any:
    if xp.isdtype(dtype, "complex floating"):
        return xp.float64 if xp.finfo(dtype).bits == 64 else xp.float32
    if not xp.isdtype(dtype, "real floating"):
        return None
    return dtype if xp.finfo(dtype).bits >= 32 else xp.float32


def is_complex(x: Array) -> bool:
    """Whether the array has a complex dtype."""
    key = (type(x.dtype), x.dtype)
    if key not in _complex:
        _complex[key] = bool(array_namespace(x).isdtype(x.dtype, "complex floating"))
    return _complex[key]


def widen(x: Array, dtype: Any) -> Array:
    """Array of half precision as float32, any other array unchanged."""
    return x if is_complex(x) else cast_array(x, dtype)


def as_array(x: Array) -> Array:
    """Array, where NumPy's arithmetic made a scalar of one without axes."""
    # Not asarray, which cuts the gradient of a torch tensor.
    return x if x.shape else x[...]


def add_step(x: Array, dx: Array) -> Array:
    """``x + dx`` in the dtype of ``x``, with one rounding."""
    if dx.dtype == x.dtype:
        return as_array(x + dx)
    xp = array_namespace(x)
    return xp.astype(as_array(xp.astype(x, dx.dtype) + dx), x.dtype)


def cast_array(x: Array, dtype: Any) -> Array:
    """Array in a dtype, itself where it has that dtype."""
    return x if x.dtype == dtype else array_namespace(x).astype(x, dtype)


def cast_rule(rule: Rule, dtype: Any) -> Any:
    """Rule with its hyperparameters, which are arrays, in a dtype."""
    leaves, structure = tree.flatten(rule)
    if all(leaf.dtype == dtype for leaf in leaves):
        return rule
    return tree.unflatten(structure, [cast_array(leaf, dtype) for leaf in leaves])


def check_number(rule: Rule, name: str, low: float, high: float = math.inf) -> None:
    """Refuse a hyperparameter outside ``[low, high)``; a schedule is not looked at."""
    value = getattr(rule, name)
    for number in value if isinstance(value, tuple) else (value,):
        if callable(number):
            continue
        if isinstance(number, bool) or not isinstance(number, int | float):
            message = f"`{name}` must be a number or a function of the step count, got {number!r}"
            raise TypeError(message)
        if not low <= number < high:
            bound = f"in [{low:g}, {high:g})" if high < math.inf else f"at least {low:g} and finite"
            message = f"`{name}` must be {bound}, got {number!r}"
            raise ValueError(message)
