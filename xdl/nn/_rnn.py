"""Recurrent networks of the simplest kind."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, generic
from xdl.core._namespace import device_of

from ._activations import relu
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
    together,
)

__all__ = ["rnn", "rnn_cell"]

ACTIVATIONS = ("tanh", "relu")


@generic
def rnn(
    x: Array,
    h: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    lengths: Array | None = None,
    /,
    *,
    activation: str = "tanh",
    reverse: bool = False,
) -> tuple[Array, Array]:
    """Recurrent network along sequences: at each step the state becomes ``tanh(x w_x + h w_h + b)``.

    Parameters
    ----------
    x : (n, t, n_in) array
    h : (n, n_hidden) array, or None
        State before the first step; None means zeros.
    w_x : (n_in, n_hidden) array
        Weights of the input; the transpose of what PyTorch stores.
    w_h : (n_hidden, n_hidden) array
        Weights of the state.
    b : (n_hidden,) array, optional
        Bias; the sum of PyTorch's two.
    lengths : (n,) array of integers, optional
        How many steps of each sequence count: beyond, the state stays and the output is zero, whatever stands
        in ``x``. Below 0 means 0, above t means t. Default: all.
    activation : {"tanh", "relu"}
    reverse : bool
        Whether to go from the last step that counts to the first.

    Returns
    -------
    y : (n, t, n_hidden) array
        The state after each step.
    h : (n, n_hidden) array
        The state after the last step.

    Raises
    ------
    ValueError, TypeError
        If shapes or dtypes do not fit; nothing is broadcast or promoted.

    References
    ----------
    Elman (1990), Finding structure in time, Cognitive Science 14(2)
    """
    check_rnn(x, h, w_x, w_h, b, lengths, activation)
    return _run(x, h, w_x, w_h, b, lengths, activation=activation, reverse=reverse, keep=False)[0]


@generic
def rnn_forward(
    x: Array,
    h: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    lengths: Array | None = None,
    /,
    *,
    activation: str = "tanh",
    reverse: bool = False,
) -> tuple[tuple[Array, Array], Any]:
    """Return what `rnn` returns, and the states that its pullback needs."""
    check_rnn(x, h, w_x, w_h, b, lengths, activation)
    return _run(x, h, w_x, w_h, b, lengths, activation=activation, reverse=reverse, keep=True)


@generic
def rnn_pullback(
    dy: Array,
    dh: Array,
    x: Array,
    h: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    lengths: Array | None = None,
    /,
    *,
    activation: str,
    reverse: bool,
    wanted: tuple[bool, ...],
    saved: Any = None,
) -> tuple[Array | None, ...]:
    """Cotangents of those of ``x, h, w_x, w_h, b`` that are wanted: backpropagation through time."""
    args = (x, h, w_x, w_h, b)
    xp, (dy, dh, x, _, w_x, w_h, b) = together(dy, dh, *args)
    if x.shape[1] == 0:
        return no_steps(xp, args, (None, dh))
    if saved is None:
        saved = _run(*args, lengths, activation=activation, reverse=reverse, keep=True)[1]
    after, before = saved
    rows, active = by_time(xp, x, lengths)
    back_w = xp.matrix_transpose(w_h)

    def back(dh: Any, row: Any) -> Any:
        dy, after = row
        dh = dh + dy
        dz = xp.where(after > 0, dh, 0.0) if activation == "relu" else dh * (1.0 - after * after)
        return xp.matmul(dz, back_w), dz

    dys = xp.permute_dims(dy, (1, 0, 2))
    dh, dz = carry(xp, back, dh, (dys, after), active, reverse=not reverse)
    dz = masked(xp, dz, active)
    dx, dw_x, db = product_pullback(xp, dz, rows, w_x, b, (wanted[0], wanted[2], wanted[4]))
    _, dw_h, _ = linear_pullback(dz, before, w_h, wanted=(False, wanted[3], False))
    return narrowed(xp, (dx, dh, dw_x, dw_h, db), args)


rule(
    rnn,
    forward=rnn_forward,
    pullback=lambda xp, dy, y, wanted, *args, saved=None, **options: rnn_pullback(
        *dy, *args, **options, wanted=wanted, saved=saved
    ),
)


def _run(
    x: Array,
    h: Any,
    w_x: Array,
    w_h: Array,
    b: Any,
    lengths: Any,
    *,
    activation: str,
    reverse: bool,
    keep: bool,
) -> tuple[tuple[Array, Array], Any]:
    """Outputs and last state; and, by time, the state after and before each step."""
    like = x
    xp, (x, h, w_x, w_h, b) = together(x, h, w_x, w_h, b)
    h = initial(xp, h, x, w_h)
    if x.shape[1] == 0:
        y = xp.zeros((*x.shape[:2], w_h.shape[0]), dtype=x.dtype, device=device_of(x))
        return narrowed(xp, (y, h), (like,) * 2), None

    def step(h: Any, z: Array) -> Any:
        new = _next(xp, xp.add(z, xp.matmul(h, w_h)), activation)
        return new, ((new, h) if keep else (new,))

    rows, active = by_time(xp, x, lengths)
    h, saved = carry(xp, step, h, linear(rows, w_x, b), active, reverse=reverse)
    y = xp.permute_dims(masked(xp, saved[0], active), (1, 0, 2))
    return narrowed(xp, (y, h), (like,) * 2), saved


def _next(xp: Any, z: Array, activation: str) -> Array:
    return xp.tanh(z) if activation == "tanh" else relu(z)


def rnn_cell(
    x: Array,
    h: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    /,
    *,
    activation: str = "tanh",
) -> Array:
    """One step of `rnn`.

    Parameters
    ----------
    x : (n, n_in) array
    h : (n, n_hidden) array, or None
        State before the step; None means zeros.
    w_x : (n_in, n_hidden) array
    w_h : (n_hidden, n_hidden) array
    b : (n_hidden,) array, optional
    activation : {"tanh", "relu"}

    Returns
    -------
    h : (n, n_hidden) array
        State after the step, which is also the output.

    Raises
    ------
    ValueError, TypeError
        If shapes or dtypes do not fit.
    """
    _check_activation(activation)
    check_step(x, {"h": h}, w_x, w_h, {"b": (b, tuple(w_h.shape[:1]))}, 1)
    like = x
    xp, (x, h, w_x, w_h, b) = together(x, h, w_x, w_h, b)
    z = linear(x, w_x, b) + xp.matmul(initial(xp, h, x, w_h), w_h)
    return narrowed(xp, (_next(xp, z, activation),), (like,))[0]


def check_rnn(x: Any, h: Any, w_x: Any, w_h: Any, b: Any, lengths: Any, activation: str) -> None:
    """Refuse shapes, dtypes and activations that do not fit."""
    _check_activation(activation)
    check_recurrence(x, {"h": h}, w_x, w_h, {"b": (b, tuple(w_h.shape[:1]))}, lengths, 1)


def _check_activation(activation: str) -> None:
    if activation not in ACTIVATIONS:
        message = f"`activation` must be one of {ACTIVATIONS}, got {activation!r}"
        raise ValueError(message)
