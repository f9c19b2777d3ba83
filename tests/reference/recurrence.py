"""Recurrences: ONNX has time first, weights transposed, and gates in orders of its own."""

from xdl import nn

from ._graph import Unsupported, operator


def _refuse(activations, default, clip, input_forget=0):
    if activations is not None and [a.lower() for a in activations] != default * (
        len(activations) // len(default)
    ):
        raise Unsupported("other activations")
    if clip is not None or input_forget:
        raise Unsupported("clipped states and coupled gates")


def _gates(xp, w, order):
    """Weights (n * hidden, k) as (k, n * hidden), their parts in another order."""
    size = w.shape[0] // len(order)
    parts = [w[k * size : (k + 1) * size, ...] for k in order]
    return xp.concat(parts, axis=0)


def _halves(b):
    n = b.shape[0] // 2
    return b[:n], b[n:]


def _run(xp, x, directions, states, layout, one):
    """Run ``one(x, direction, reverse, states)`` in each direction; put the results as ONNX has them."""
    x = x if layout else xp.permute_dims(x, (1, 0, 2))
    number = 2 if directions == "bidirectional" else 1
    ys, finals = [], []
    for k in range(number):
        begin = [None if s is None else (s[:, k, :] if layout else s[k, :, :]) for s in states]
        y, *final = one(x, k, directions == "reverse" or k == 1, begin)
        ys.append(y)
        finals.append(final)
    y = xp.stack(ys, axis=2 if layout else 1)  # (n, t, h) each
    y = y if layout else xp.permute_dims(y, (2, 1, 0, 3))
    return (y, *(xp.stack(list(f), axis=1 if layout else 0) for f in zip(*finals, strict=True)))


@operator("RNN")
def _(
    xp, x, w, r, b=None, lengths=None, h=None, *, activations=None, clip=None, direction="forward",
    hidden_size=None, layout=0,
):  # fmt: skip
    _refuse(activations, ["tanh"], clip)

    def one(x, k, reverse, states):
        bias = None if b is None else _halves(b[k, ...])[0] + _halves(b[k, ...])[1]
        return nn.rnn(x, *states, w[k, ...].T, r[k, ...].T, bias, lengths, reverse=reverse)

    return _run(xp, x, direction, [h], layout, one)


@operator("LSTM")
def _(
    xp, x, w, r, b=None, lengths=None, h=None, c=None, p=None, *, activations=None, clip=None,
    direction="forward", hidden_size=None, input_forget=0, layout=0,
):  # fmt: skip
    _refuse(activations, ["sigmoid", "tanh", "tanh"], clip, input_forget)
    if p is not None:
        raise Unsupported("peepholes")
    order = (0, 2, 3, 1)  # i o f g as i f g o

    def one(x, k, reverse, states):
        bias = None if b is None else _gates(xp, _halves(b[k, ...])[0] + _halves(b[k, ...])[1], order)
        w_x, w_h = _gates(xp, w[k, ...], order).T, _gates(xp, r[k, ...], order).T
        return nn.lstm(x, *states, w_x, w_h, bias, lengths, reverse=reverse)

    return _run(xp, x, direction, [h, c], layout, one)


@operator("GRU")
def _(
    xp, x, w, r, b=None, lengths=None, h=None, *, activations=None, clip=None, direction="forward",
    hidden_size=None, layout=0, linear_before_reset=0,
):  # fmt: skip
    _refuse(activations, ["sigmoid", "tanh"], clip)

    def one(x, k, reverse, states):
        n = r.shape[2]
        # update = 1 keeps the state in ONNX; with the reset before the product it takes the candidate here
        sign = 1.0 if linear_before_reset else -1.0

        def arranged(v):
            z, reset, g = v[:n, ...], v[n : 2 * n, ...], v[2 * n :, ...]
            return xp.concat([reset, sign * z, g], axis=0)

        w_x, w_h = arranged(w[k, ...]).T, arranged(r[k, ...]).T
        bias = inner = None
        if b is not None:
            outer, recurrent = (arranged(v) for v in _halves(b[k, ...]))
            if linear_before_reset:
                inner = recurrent[2 * n :]
                bias = xp.concat([outer[: 2 * n] + recurrent[: 2 * n], outer[2 * n :]])
            else:
                bias = outer + recurrent
        reset = "after" if linear_before_reset else "before"
        return nn.gru(x, *states, w_x, w_h, bias, inner, lengths, reset=reset, reverse=reverse)

    return _run(xp, x, direction, [h], layout, one)


@operator("ReverseSequence")
def _(xp, x, lengths, *, batch_axis=1, time_axis=0):
    x = x if time_axis else xp.moveaxis(x, 0, 1)
    flat = x.ndim == 2
    y = nn.reverse_sequence(xp.expand_dims(x, axis=-1) if flat else x, lengths)
    y = xp.squeeze(y, axis=-1) if flat else y
    return y if time_axis else xp.moveaxis(y, 1, 0)
