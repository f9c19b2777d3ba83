"""What an update rule is: two functions on one array, and numbers that belong to them."""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from xdl.core import Array, Module, array_namespace, asarray, tree
from xdl.core._namespace import is_array, is_traced

__all__ = ["Composite", "Hyper", "Rule"]

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
    that a backend may work through an array in blocks; arrays of the state are then of the shape of ``x``,
    or 0-d. ``modifier`` says that the rule changes gradients but makes no step of them. ``limits`` are
    bounds ``low <= number < high`` of hyperparameters, by name.
    """

    elementwise: ClassVar[bool] = True
    modifier: ClassVar[bool] = False
    limits: ClassVar[dict[str, tuple[float, float]]] = {}

    def __post_init__(self) -> None:
        for name in self.limits:
            default, value = getattr(type(self), name, None), getattr(self, name)
            if isinstance(default, tuple) and isinstance(value, list):
                setattr(self, name, tuple(value))
            self.check(name, getattr(self, name))

    def check(self, name: str, value: Any) -> None:
        """Refuse a number outside the limits of a hyperparameter; schedules and arrays are not looked at."""
        if name not in self.limits or value is None:
            return
        low, high = self.limits[name]
        default = getattr(type(self), name, None)
        if isinstance(default, tuple) and not (isinstance(value, tuple) and len(value) == len(default)):
            pair = {2: "a pair"}.get(len(default), f"a tuple of {len(default)}")
            message = f"`{name}` must be {pair} of numbers in {_interval(low, high)}, got {value!r}"
            raise ValueError(message)
        for number in value if isinstance(default, tuple) else (value,):
            check_number(name, number, low, high)

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

    def place(self, following: list[Any], *, after: bool) -> list[Any]:
        """Rules of a chain from this one on, given those that follow it.

        Parameters
        ----------
        following : list of Rule
            The rest of the chain.
        after : bool
            Whether this rule stands after the one that makes the step, and so is given a step, not a gradient.
        """
        return [self, *following]

    def namespace(self, *arrays: Array) -> Any:
        """Namespace for arrays and hyperparameters, any of which may be traced."""
        return array_namespace(*arrays, *tree.leaves(self))

    def start(self, path: str, x: Array, /) -> Any:
        """State for the leaf at a path; a rule that asks where a leaf lies overrides this."""
        return self.init(widen(x, compute_dtype(x)))

    def survey(self, named: Sequence[tuple[str, Array]], /) -> None:
        """Refuse leaves, given with their paths, to which the rule cannot be applied."""

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
        self,
        xs: Sequence[Array],
        grads: Sequence[Array],
        states: Sequence[Any],
        t: Array,
        /,
        *,
        donate: bool = False,
    ) -> tuple[list[Array], list[Any]]:
        """Parameters and states after a step; with ``donate``, memory of both may be overwritten."""
        new_states, steps = self.apply(xs, grads, states, t)
        return [add_step(x, dx) for x, dx in zip(xs, steps, strict=True)], new_states

    def bind(self, values: Any, count: Array, /) -> Any:
        """Rule with arrays for its hyperparameters: given ones, and its schedules at a count of steps."""
        leaves, structure = tree.flatten(self)
        given = iter(tree.leaves(values))
        bound = [as_number(count, leaf(count)) if callable(leaf) else next(given) for leaf in leaves]
        return tree.unflatten(structure, bound)

    def evaluate(self, state: Any, x: Array, /) -> Array:
        """Parameters to evaluate a model with, where a rule keeps others than those it takes gradients at."""
        return x

    def observe(self, state: Any, curvature: Array, /) -> Any:
        """State that has seen an estimate of the Hessian's diagonal; most rules have no use for one."""
        return state

    def __eq__(self, other: object) -> bool:
        """Rules are equal if all their fields are."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Hash of the fields."""
        return hash((type(self), *self.__dict__.values()))


class Composite(Rule):
    """Base of rules made of other rules, which are in the field ``rules``; None stands for no step."""

    rules: tuple[Any, ...]

    elementwise: ClassVar[bool] = False

    def survey(self, named: Sequence[tuple[str, Array]], /) -> None:
        """Ask every rule."""
        for rule in self.rules:
            if rule is not None:
                rule.survey(named)

    def clock(self, count: Array, /) -> Array:
        """Count of steps of the rules inside, given that of this one."""
        return count

    def bind(self, values: Any, count: Array, /) -> Any:
        """Bind every rule by its own count of steps."""
        inner = self.clock(count)
        pairs = zip(self.rules, values.rules, strict=True)
        bound = [None if rule is None else rule.bind(given, inner) for rule, given in pairs]
        return self.replace(rules=tuple(bound))


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


def square_modulus(x: Array) -> Array:
    """Square of the modulus, real."""
    if not is_complex(x):
        return x * x
    xp = array_namespace(x)
    return xp.real(x * xp.conj(x))


def sign(x: Array) -> Array:
    """Sign of real numbers, direction of complex ones, zero of zero."""
    xp = array_namespace(x)
    if not is_complex(x):
        # Not xp.sign, which array-api-compat makes with a mask on torch that can be neither compiled nor mapped over.
        return xp.where(x > 0, 1.0, xp.where(x < 0, -1.0, 0 * x))
    modulus = xp.abs(x)
    return x / xp.where(modulus > 0, modulus, 1.0)


def real_zeros(x: Array) -> Array:
    """Zeros in the shape of an array, real."""
    xp = array_namespace(x)
    return xp.zeros_like(xp.real(x) if is_complex(x) else x)


def as_number(like: Array, value: Any) -> Array:
    """Value of a hyperparameter as a 0-d array in the library, dtype and device of another one."""
    if isinstance(value, bool) or not (isinstance(value, int | float) or is_array(value)):
        message = f"a hyperparameter must be a number or a 0-d array, got {value!r}"
        raise TypeError(message)
    # Within a transform of the library itself, nothing may leave the transform to be converted.
    own = is_array(value) and (is_traced(type(value)) or array_namespace(value) is array_namespace(like))
    new = as_array(cast_array(value, like.dtype)) if own else asarray(value, like=like, dtype=like.dtype)
    if new.shape != ():
        message = (
            f"a hyperparameter must be a number or a 0-d array, got an array of shape {tuple(new.shape)}"
        )
        raise ValueError(message)
    return new


def check_number(name: str, number: Any, low: float, high: float = math.inf) -> None:
    """Refuse a hyperparameter outside ``[low, high)``; a schedule is not looked at."""
    if callable(number):
        return
    if isinstance(number, bool) or not isinstance(number, int | float):
        message = f"`{name}` must be a number or a function of the step count, got {number!r}"
        raise TypeError(message)
    if not low <= number < high:
        bound = f"in {_interval(low, high)}" if high < math.inf else f"at least {low:g} and finite"
        message = f"`{name}` must be {bound}, got {number!r}"
        raise ValueError(message)


def check_count(name: str, number: Any) -> None:
    """Refuse what is not a positive integer."""
    if isinstance(number, bool) or not isinstance(number, int):
        message = f"`{name}` must be an integer, got {number!r}"
        raise TypeError(message)
    if number < 1:
        message = f"`{name}` must be at least 1, got {number!r}"
        raise ValueError(message)


def _interval(low: float, high: float) -> str:
    return f"[{low:g}, {high:g})"
