"""Long short-term memory."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, generic
from xdl.core._namespace import device_of

from ._activations import sigmoid
from ._linear import linear, linear_pullback
from ._recurrence import (
    by_time,
    carry,
    check_recurrence,
    check_step,
    initial,
    masked,
    narrowed,
    no_steps,
    product_pullback,
    split_gates,
    together,
)

__all__ = ["lstm", "lstm_cell"]


@generic
def lstm(
    x: Array,
    h: Array | None,
    c: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    lengths: Array | None = None,
    /,
    *,
    reverse: bool = False,
) -> tuple[Array, Array, Array]:
    """Long short-term memory along sequences.

    At each step, with gates ``i, f, o = sigmoid(x w_x + h w_h + b)`` and candidate ``g = tanh(...)`` alike,
    the cell becomes ``c = f c + i g`` and the state ``h = o tanh(c)``.

    Parameters
    ----------
    x : (n, t, n_in) array
    h, c : (n, n_hidden) array, or None
        State and cell before the first step; None means zeros.
    w_x : (n_in, 4 n_hidden) array
        Weights of the input, in the order i, f, g, o: PyTorch's, transposed.
    w_h : (n_hidden, 4 n_hidden) array
        Weights of the state.
    b : (4 n_hidden,) array, optional
        Bias; the sum of PyTorch's two.
    lengths : (n,) array of integers, optional
        How many steps of each sequence count: beyond, the state stays and the output is zero, whatever stands
        in ``x``. Below 0 means 0, above t means t. Default: all.
    reverse : bool
        Whether to go from the last step that counts to the first.

    Returns
    -------
    y : (n, t, n_hidden) array
        The state after each step.
    h, c : (n, n_hidden) array
        State and cell after the last step.

    Raises
    ------
    ValueError, TypeError
        If shapes or dtypes do not fit; nothing is broadcast or promoted.

    References
    ----------
    Hochreiter & Schmidhuber (1997), Long short-term memory, Neural Computation 9(8)
    Gers, Schmidhuber & Cummins (2000), Learning to forget, Neural Computation 12(10) (the gate f)
    """
    check_lstm(x, h, c, w_x, w_h, b, lengths)
    return _run(x, h, c, w_x, w_h, b, lengths, reverse=reverse, keep=False)[0]


@generic
def lstm_forward(
    x: Array,
    h: Array | None,
    c: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    lengths: Array | None = None,
    /,
    *,
    reverse: bool = False,
) -> tuple[tuple[Array, Array, Array], Any]:
    """Return what `lstm` returns, and the gates and states that its pullback needs."""
    check_lstm(x, h, c, w_x, w_h, b, lengths)
    return _run(x, h, c, w_x, w_h, b, lengths, reverse=reverse, keep=True)


@generic
def lstm_pullback(
    dy: Array,
    dh: Array,
    dc: Array,
    x: Array,
    h: Array | None,
    c: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    lengths: Array | None = None,
    /,
    *,
    reverse: bool,
    wanted: tuple[bool, ...],
    saved: Any = None,
) -> tuple[Array | None, ...]:
    """Cotangents of those of ``x, h, c, w_x, w_h, b`` that are wanted: backpropagation through time."""
    args = (x, h, c, w_x, w_h, b)
    xp, (dy, dh, dc, x, _, _, w_x, w_h, b) = together(dy, dh, dc, *args)
    if x.shape[1] == 0:
        return no_steps(xp, args, (None, dh, dc))
    i, f, g, o, hs, cs = saved if saved is not None else _run(*args, lengths, reverse=reverse, keep=True)[1]
    rows, active = by_time(xp, x, lengths)
    squashed = xp.tanh(f * cs + i * g)
    through = o * (1.0 - squashed * squashed)
    slopes = (g * i * (1.0 - i), cs * f * (1.0 - f), i * (1.0 - g * g), squashed * o * (1.0 - o))
    back_w = xp.matrix_transpose(w_h)

    def back(state: Any, row: Any) -> Any:
        dh, dc = state
        dy, slopes, through, f = row
        dh = dh + dy
        dc = dc + dh * through
        dz = xp.concat([d * slope for d, slope in zip((dc, dc, dc, dh), slopes, strict=True)], axis=-1)
        return (xp.matmul(dz, back_w), dc * f), dz

    dys = xp.permute_dims(dy, (1, 0, 2))
    (dh, dc), dz = carry(xp, back, (dh, dc), (dys, slopes, through, f), active, reverse=not reverse)
    dz = masked(xp, dz, active)
    dx, dw_x, db = product_pullback(xp, dz, rows, w_x, b, (wanted[0], wanted[3], wanted[5]))
    _, dw_h, _ = linear_pullback(dz, hs, w_h, wanted=(False, wanted[4], False))
    return narrowed(xp, (dx, dh, dc, dw_x, dw_h, db), args)


rule(
    lstm,
    forward=lstm_forward,
    pullback=lambda xp, dy, y, wanted, *args, reverse, saved=None: lstm_pullback(
        *dy, *args, reverse=reverse, wanted=wanted, saved=saved
    ),
)


def _run(
    x: Array, h: Any, c: Any, w_x: Array, w_h: Array, b: Any, lengths: Any, *, reverse: bool, keep: bool
) -> tuple[tuple[Array, Array, Array], Any]:
    """Outputs, last state and last cell; and, by time, the gates, and state and cell before each step."""
    like = x
    xp, (x, h, c, w_x, w_h, b) = together(x, h, c, w_x, w_h, b)
    h, c = initial(xp, h, x, w_h), initial(xp, c, x, w_h)
    if x.shape[1] == 0:
        y = xp.zeros((*x.shape[:2], w_h.shape[0]), dtype=x.dtype, device=device_of(x))
        return narrowed(xp, (y, h, c), (like,) * 3), None

    def step(state: Any, z: Array) -> Any:
        (h, c), gates = state, _gates(xp, xp.add(z, xp.matmul(state[0], w_h)))
        new = _next(xp, c, *gates)
        return new, (new[0], *((*gates, h, c) if keep else ()))

    rows, active = by_time(xp, x, lengths)
    (h, c), (y, *saved) = carry(xp, step, (h, c), linear(rows, w_x, b), active, reverse=reverse)
    y = xp.permute_dims(masked(xp, y, active), (1, 0, 2))
    return narrowed(xp, (y, h, c), (like,) * 3), saved


def _gates(xp: Any, z: Array) -> tuple[Array, ...]:
    i, f, g, o = split_gates(z, gates=4)
    return sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)


def _next(xp: Any, c: Array, i: Array, f: Array, g: Array, o: Array) -> tuple[Array, Array]:
    c = f * c + i * g
    return o * xp.tanh(c), c


def lstm_cell(
    x: Array, h: Array | None, c: Array | None, w_x: Array, w_h: Array, b: Array | None = None, /
) -> tuple[Array, Array]:
    """One step of `lstm`.

    Parameters
    ----------
    x : (n, n_in) array
    h, c : (n, n_hidden) array, or None
        State and cell before the step; None means zeros.
    w_x : (n_in, 4 n_hidden) array
        Weights of the input, in the order i, f, g, o.
    w_h : (n_hidden, 4 n_hidden) array
    b : (4 n_hidden,) array, optional

    Returns
    -------
    h, c : (n, n_hidden) array
        State, which is also the output, and cell after the step.

    Raises
    ------
    ValueError, TypeError
        If shapes or dtypes do not fit.
    """
    states, biases = _named(h, c, b, w_h)
    check_step(x, states, w_x, w_h, biases, 4)
    like = x
    xp, (x, h, c, w_x, w_h, b) = together(x, h, c, w_x, w_h, b)
    h, c = initial(xp, h, x, w_h), initial(xp, c, x, w_h)
    z = linear(x, w_x, b) + xp.matmul(h, w_h)
    return narrowed(xp, _next(xp, c, *_gates(xp, z)), (like,) * 2)  # pyright: ignore[reportReturnType]


def check_lstm(x: Any, h: Any, c: Any, w_x: Any, w_h: Any, b: Any, lengths: Any) -> None:
    """Refuse shapes and dtypes that do not fit."""
    states, biases = _named(h, c, b, w_h)
    check_recurrence(x, states, w_x, w_h, biases, lengths, 4)


def _named(h: Any, c: Any, b: Any, w_h: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"h": h, "c": c}, {"b": (b, (4 * w_h.shape[0],))}
