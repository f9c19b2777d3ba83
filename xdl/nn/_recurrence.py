"""What the recurrences share: arrays by time, the scan, products over all steps at once, checks."""

from collections.abc import Callable
from typing import Any

from xdl.autodiff import rule, scan
from xdl.autodiff._constants import uniform
from xdl.core import Array, array_namespace, generic, tree
from xdl.core._namespace import device_of

from ._linear import linear_pullback
from ._precision import narrow, widen
from ._sequences import check_lengths

__all__ = [
    "by_time",
    "carry",
    "check_recurrence",
    "check_step",
    "initial",
    "masked",
    "narrowed",
    "no_steps",
    "product_pullback",
    "split_gates",
    "together",
]


def together(*arrays: Array | None) -> tuple[Any, list[Any]]:
    """Namespace of arrays, and the arrays in the precision of the computation.

    Where one is traced all are, so that a loop can carry any of them.
    """
    xp = array_namespace(*[a for a in arrays if a is not None])
    return xp, list(uniform([None if a is None else widen(xp, a) for a in arrays]))


def narrowed(xp: Any, results: tuple[Array | None, ...], likes: tuple[Array | None, ...]) -> tuple[Any, ...]:
    """Results in the types of other arrays, each; None where either is None."""
    pairs = zip(results, likes, strict=True)
    return tuple([None if y is None or like is None else narrow(xp, y, like) for y, like in pairs])


def initial(xp: Any, state: Array | None, x: Array, w_h: Array) -> Array:
    """State before the first step: given, or zeros."""
    if state is not None:
        return state
    return xp.zeros((x.shape[0], w_h.shape[0]), dtype=x.dtype, device=device_of(x))


def by_time(xp: Any, x: Array, lengths: Array | None) -> tuple[Array, Array | None]:
    """Steps (t, n, ...) with zeros for those that do not count, and which do, (t, n, 1)."""
    rows = xp.permute_dims(x, (1, 0, 2))
    if lengths is None:
        return rows, None
    steps = xp.arange(x.shape[1], device=device_of(lengths))
    ends = xp.astype(lengths, steps.dtype)  # which holds every t
    active = xp.less(xp.reshape(steps, (-1, 1, 1)), xp.reshape(ends, (1, -1, 1)))
    return masked(xp, rows, active), active


def masked(xp: Any, rows: Array, active: Array | None) -> Array:
    """Zeros where a step does not count."""
    return rows if active is None else xp.where(active, rows, 0.0)


def carry(
    xp: Any, step: Callable[..., Any], state: Any, rows: Any, active: Array | None, *, reverse: bool
) -> tuple[Any, Any]:
    """Scan ``step(state, row) -> (state, outputs)``; a step that does not count keeps the state."""

    def guarded(state: Any, row: Any) -> Any:
        row, on = row
        new, outputs = step(state, row)
        return tree.map(lambda a, b: xp.where(on, a, b), new, state), outputs

    if active is None:
        return scan(step, state, rows, reverse=reverse)
    return scan(guarded, state, (rows, active), reverse=reverse)


@generic
def split_gates(z: Array, /, *, gates: int) -> tuple[Array, ...]:
    """Parts (..., m) of (..., gates m); their cotangents are joined, where those of slices would be padded and added."""
    m = z.shape[-1] // gates
    return tuple([z[..., k * m : (k + 1) * m] for k in range(gates)])


rule(
    split_gates,
    pullback=lambda xp, dy, y, wanted, z, *, gates: (xp.concat(list(dy), axis=-1),),
    pushforward=(lambda xp, dz, y, z, *, gates: split_gates(dz, gates=gates),),
)


def product_pullback(
    xp: Any, dz: Array, rows: Array, w: Array, b: Array | None, wanted: tuple[bool, bool, bool]
) -> tuple[Array | None, Array | None, Array | None]:
    """Cotangents of ``x`` (n, t, n_in), ``w`` and ``b``, given that of ``z = x w + b`` by time."""
    wanted = wanted if b is not None else (*wanted[:2], False)
    dx, dw, db = linear_pullback(dz, rows, w, wanted=wanted)
    return None if dx is None else xp.permute_dims(dx, (1, 0, 2)), dw, db


def no_steps(
    xp: Any, args: tuple[Array | None, ...], states: tuple[Array | None, ...]
) -> tuple[Array | None, ...]:
    """Cotangents of the arguments where there are no steps: those of the states pass, others vanish."""
    pairs = zip(args, (*states, *(None,) * (len(args) - len(states))), strict=True)
    return tuple([None if a is None else xp.zeros_like(a) if d is None else d for a, d in pairs])


def check_recurrence(
    x: Any, states: dict[str, Any], w_x: Any, w_h: Any, biases: dict[str, Any], lengths: Any, gates: int
) -> None:
    """Refuse shapes and dtypes that do not fit; ``states`` and ``biases`` by name."""
    check_step(x, states, w_x, w_h, biases, gates, axes=("n", "t", "n_in"))
    check_lengths(x, lengths)


def check_step(
    x: Any,
    states: dict[str, Any],
    w_x: Any,
    w_h: Any,
    biases: dict[str, Any],
    gates: int,
    axes: tuple[str, ...] = ("n", "n_in"),
) -> None:
    """Refuse shapes and dtypes that do not fit; ``states`` and ``biases`` by name."""
    expected = f"({', '.join(axes)})"
    many = f"{gates} n_hidden" if gates > 1 else "n_hidden"
    shape, wide, square = tuple(x.shape), tuple(w_x.shape), tuple(w_h.shape)
    if len(shape) != len(axes):
        message = f"expected `x` of shape {expected}, got {shape}"
        raise ValueError(message)
    if len(square) != 2 or square[1] != gates * square[0]:
        message = f"expected `w_h` of shape (n_hidden, {many}), got {square}"
        raise ValueError(message)
    m = square[0]
    if wide != (shape[-1], gates * m):
        message = (
            f"expected `w_x` of shape (n_in, {many}) = {(shape[-1], gates * m)} for `x` of shape {shape} and "
            f"`w_h` of shape {square}, got {wide}; PyTorch stores the transpose"
        )
        raise ValueError(message)
    for name, (value, wanted) in (
        {name: (value, (shape[0], m)) for name, value in states.items()} | biases
    ).items():
        if value is not None and tuple(value.shape) != wanted:
            message = f"expected `{name}` of shape {wanted}, got {tuple(value.shape)}"
            raise ValueError(message)
    arrays = [x, *states.values(), w_x, w_h, *(value for value, _ in biases.values())]
    found = [a.dtype for a in arrays if a is not None]
    if any(d != found[0] for d in found):
        message = (
            f"expected arrays of one dtype, got {', '.join(map(str, found))}; "
            "convert the data to the dtype of the parameters with astype"
        )
        raise TypeError(message)
