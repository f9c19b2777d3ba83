"""Gated recurrent units, of the two kinds in use."""

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

__all__ = ["gru", "gru_cell"]

RESETS = ("before", "after")


@generic
def gru(
    x: Array,
    h: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    b_h: Array | None = None,
    lengths: Array | None = None,
    /,
    *,
    reset: str = "before",
    reverse: bool = False,
) -> tuple[Array, Array]:
    """Gated recurrent unit along sequences.

    At each step there are gates ``r, u = sigmoid(x w_x + h w_h + b)``, for reset and update, a candidate g, and
    the next state h'. Of g and h' there are two kinds, both called GRU; their weights do not fit each other:

    - ``reset="before"`` the product with the weights, where u = 1 takes what is new:
      ``g = tanh(x w_x + (r h) w_h + b)`` and ``h' = (1 - u) h + u g``;
    - ``reset="after"`` it, as cuDNN, PyTorch and Flax have it, where u = 1 keeps what is old:
      ``g = tanh(x w_x + b + r (h w_h + b_h))`` and ``h' = u h + (1 - u) g``.

    Parameters
    ----------
    x : (n, t, n_in) array
    h : (n, n_hidden) array, or None
        State before the first step; None means zeros.
    w_x : (n_in, 3 n_hidden) array
        Weights of the input, in the order r, u, g: PyTorch's (its z is u), transposed.
    w_h : (n_hidden, 3 n_hidden) array
        Weights of the state.
    b : (3 n_hidden,) array, optional
        Bias; for the gates, the sum of PyTorch's two.
    b_h : (n_hidden,) array, optional
        Bias inside the reset, for ``reset="after"`` alone.
    lengths : (n,) array of integers, optional
        How many steps of each sequence count: beyond, the state stays and the output is zero, whatever stands
        in ``x``. Below 0 means 0, above t means t. Default: all.
    reset : {"before", "after"}
        Which kind.
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

    Notes
    -----
    Cho et al. reset before the product and let u = 1 keep the state, Chung et al. reset before it and let u = 1
    take the candidate. The one is the other with the weights and the bias of u negated.

    References
    ----------
    Cho et al. (2014), arXiv:1406.1078, equations 5 to 8
    Chung, Gulcehre, Cho & Bengio (2014), arXiv:1412.3555, section 3.2
    """
    check_gru(x, h, w_x, w_h, b, b_h, lengths, reset)
    return _run(x, h, w_x, w_h, b, b_h, lengths, reset=reset, reverse=reverse, keep=False)[0]


@generic
def gru_forward(
    x: Array,
    h: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    b_h: Array | None = None,
    lengths: Array | None = None,
    /,
    *,
    reset: str = "before",
    reverse: bool = False,
) -> tuple[tuple[Array, Array], Any]:
    """Return what `gru` returns, and the gates and states that its pullback needs."""
    check_gru(x, h, w_x, w_h, b, b_h, lengths, reset)
    return _run(x, h, w_x, w_h, b, b_h, lengths, reset=reset, reverse=reverse, keep=True)


@generic
def gru_pullback(
    dy: Array,
    dh: Array,
    x: Array,
    h: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    b_h: Array | None = None,
    lengths: Array | None = None,
    /,
    *,
    reset: str,
    reverse: bool,
    wanted: tuple[bool, ...],
    saved: Any = None,
) -> tuple[Array | None, ...]:
    """Cotangents of those of ``x, h, w_x, w_h, b, b_h`` that are wanted: backpropagation through time."""
    args = (x, h, w_x, w_h, b, b_h)
    xp, (dy, dh, x, _, w_x, w_h, b, b_h) = together(dy, dh, *args)
    if x.shape[1] == 0:
        return no_steps(xp, args, (None, dh))
    if saved is None:
        saved = _run(*args, lengths, reset=reset, reverse=reverse, keep=True)[1]
    rows, active = by_time(xp, x, lengths)
    dys, hs = xp.permute_dims(dy, (1, 0, 2)), saved[-1]
    back = (_back_before if reset == "before" else _back_after)(xp, w_h)
    # of the products with the input, and, for each row of the state's weights, with the state
    dh, (dz, dz_h) = carry(xp, back, dh, (dys, saved), active, reverse=not reverse)
    dz, dz_h = masked(xp, dz, active), masked(xp, dz_h, active)
    dx, dw_x, db = product_pullback(xp, dz, rows, w_x, b, (wanted[0], wanted[2], wanted[4]))
    m = w_h.shape[0]
    dw_h = db_h = None
    if reset == "after":
        _, dw_h, db_h = linear_pullback(dz_h, hs, w_h, wanted=(False, wanted[3], wanted[5]))
        db_h = None if db_h is None else db_h[2 * m :]
    elif wanted[3]:
        parts = (
            (dz_h[..., : 2 * m], hs, w_h[:, : 2 * m]),
            (dz_h[..., 2 * m :], saved[0] * hs, w_h[:, 2 * m :]),
        )
        found = [linear_pullback(d, a, w, wanted=(False, True, False))[1] for d, a, w in parts]
        dw_h = xp.concat(found, axis=-1)
    return narrowed(xp, (dx, dh, dw_x, dw_h, db, db_h), args)


rule(
    gru,
    forward=gru_forward,
    pullback=lambda xp, dy, y, wanted, *args, saved=None, **options: gru_pullback(
        *dy, *args, **options, wanted=wanted, saved=saved
    ),
)


def _run(
    x: Array,
    h: Any,
    w_x: Array,
    w_h: Array,
    b: Any,
    b_h: Any,
    lengths: Any,
    *,
    reset: str,
    reverse: bool,
    keep: bool,
) -> tuple[tuple[Array, Array], Any]:
    """Outputs and last state; and, by time, what `_before` or `_after` tells, and the state before each step."""
    like = x
    xp, (x, h, w_x, w_h, b, b_h) = together(x, h, w_x, w_h, b, b_h)
    h = initial(xp, h, x, w_h)
    if x.shape[1] == 0:
        y = xp.zeros((*x.shape[:2], w_h.shape[0]), dtype=x.dtype, device=device_of(x))
        return narrowed(xp, (y, h), (like,) * 2), None

    def step(h: Any, z: Array) -> Any:
        new, kept = _next(xp, z, h, w_h, b_h, reset)
        return new, (new, (*kept, h) if keep else ())

    rows, active = by_time(xp, x, lengths)
    h, (y, saved) = carry(xp, step, h, linear(rows, w_x, b), active, reverse=reverse)
    y = xp.permute_dims(masked(xp, y, active), (1, 0, 2))
    return narrowed(xp, (y, h), (like,) * 2), saved


def _next(xp: Any, z: Array, h: Array, w_h: Array, b_h: Array | None, reset: str) -> tuple[Array, Any]:
    """Next state, given the products with the input; and gates, candidate, and what the reset acts on."""
    z_r, z_u, z_g = split_gates(z, gates=3)
    if reset == "before":
        m = h.shape[-1]
        q_r, q_u = split_gates(xp.matmul(h, w_h[:, : 2 * m]), gates=2)
        r, u = sigmoid(z_r + q_r), sigmoid(z_u + q_u)
        g = xp.tanh(z_g + xp.matmul(r * h, w_h[:, 2 * m :]))
        return h + u * (g - h), (r, u, g)
    q_r, q_u, q = split_gates(xp.matmul(h, w_h), gates=3)
    r, u = sigmoid(z_r + q_r), sigmoid(z_u + q_u)
    q = q if b_h is None else q + b_h
    g = xp.tanh(z_g + r * q)
    return g + u * (h - g), (r, u, g, q)


def _back_before(xp: Any, w_h: Array) -> Any:
    m = w_h.shape[0]
    back_gates, back_g = xp.matrix_transpose(w_h[:, : 2 * m]), xp.matrix_transpose(w_h[:, 2 * m :])

    def back(dh: Array, row: Any) -> Any:
        dy, (r, u, g, h) = row
        dh = dh + dy
        dg = dh * u * (1.0 - g * g)
        d_reset = xp.matmul(dg, back_g)
        dr, du = d_reset * h * r * (1.0 - r), dh * (g - h) * u * (1.0 - u)
        gates = xp.concat([dr, du], axis=-1)
        dz = xp.concat([gates, dg], axis=-1)
        return dh * (1.0 - u) + d_reset * r + xp.matmul(gates, back_gates), (dz, dz)

    return back


def _back_after(xp: Any, w_h: Array) -> Any:
    back_w = xp.matrix_transpose(w_h)

    def back(dh: Array, row: Any) -> Any:
        dy, (r, u, g, q, h) = row
        dh = dh + dy
        dg = dh * (1.0 - u) * (1.0 - g * g)
        dr, du = dg * q * r * (1.0 - r), dh * (h - g) * u * (1.0 - u)
        dz, dz_h = xp.concat([dr, du, dg], axis=-1), xp.concat([dr, du, dg * r], axis=-1)
        return dh * u + xp.matmul(dz_h, back_w), (dz, dz_h)

    return back


def gru_cell(
    x: Array,
    h: Array | None,
    w_x: Array,
    w_h: Array,
    b: Array | None = None,
    b_h: Array | None = None,
    /,
    *,
    reset: str = "before",
) -> Array:
    """One step of `gru`.

    Parameters
    ----------
    x : (n, n_in) array
    h : (n, n_hidden) array, or None
        State before the step; None means zeros.
    w_x : (n_in, 3 n_hidden) array
        Weights of the input, in the order r, u, g.
    w_h : (n_hidden, 3 n_hidden) array
    b : (3 n_hidden,) array, optional
    b_h : (n_hidden,) array, optional
        Bias inside the reset, for ``reset="after"`` alone.
    reset : {"before", "after"}
        Which kind, as for `gru`.

    Returns
    -------
    h : (n, n_hidden) array
        State after the step, which is also the output.

    Raises
    ------
    ValueError, TypeError
        If shapes or dtypes do not fit.
    """
    _check_reset(reset, b_h)
    check_step(x, {"h": h}, w_x, w_h, _biases(b, b_h, w_h), 3)
    like = x
    xp, (x, h, w_x, w_h, b, b_h) = together(x, h, w_x, w_h, b, b_h)
    new, _ = _next(xp, linear(x, w_x, b), initial(xp, h, x, w_h), w_h, b_h, reset)
    return narrowed(xp, (new,), (like,))[0]


def check_gru(x: Any, h: Any, w_x: Any, w_h: Any, b: Any, b_h: Any, lengths: Any, reset: str) -> None:
    """Refuse shapes, dtypes and options that do not fit."""
    _check_reset(reset, b_h)
    check_recurrence(x, {"h": h}, w_x, w_h, _biases(b, b_h, w_h), lengths, 3)


def _biases(b: Any, b_h: Any, w_h: Any) -> dict[str, Any]:
    return {"b": (b, (3 * w_h.shape[0],)), "b_h": (b_h, (w_h.shape[0],))}


def _check_reset(reset: str, b_h: Any) -> None:
    if reset not in RESETS:
        message = f"`reset` must be one of {RESETS}, got {reset!r}"
        raise ValueError(message)
    if b_h is not None and reset == "before":
        message = "`b_h` stands inside a reset after the product; with reset='before', `b` is the only bias"
        raise ValueError(message)
