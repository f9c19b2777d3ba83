"""Layers and their gradients, written by hand in NumPy."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _patches(x, k, pad, stride=1):
    """Rows of (n, oh, ow) places with the k x k x c numbers each sees, and the shape of the places."""
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    seen = sliding_window_view(x, (k, k), axis=(1, 2))[:, ::stride, ::stride]  # n, oh, ow, c, k, k
    n, oh, ow, c = seen.shape[:4]
    return np.ascontiguousarray(seen.transpose(0, 1, 2, 4, 5, 3)).reshape(n * oh * ow, k * k * c), (n, oh, ow)


def convolve(x, w, stride=1, pad=0):
    """Convolution, and the patches it was made of."""
    rows, places = _patches(x, w.shape[0], pad, stride)
    return (rows @ w.reshape(-1, w.shape[-1])).reshape(*places, -1), rows


def convolve_gradients(dy, rows, shape, w, stride=1, pad=0, of_x=True):
    """Gradients by the images, of that shape, and by the kernel."""
    k, _, c, d = w.shape
    n, oh, ow, _ = dy.shape
    dw = (rows.T @ dy.reshape(-1, d)).reshape(w.shape)
    if not of_x:
        return None, dw
    if stride == 1:  # a convolution with the kernel turned around
        turned = np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2)).reshape(k * k * d, c)
        return (_patches(dy, k, k - 1 - pad)[0] @ turned).reshape(shape), dw
    parts = (dy.reshape(-1, d) @ w.reshape(-1, d).T).reshape(n, oh, ow, k, k, c)
    dx = np.zeros((n, shape[1] + 2 * pad, shape[2] + 2 * pad, c), dy.dtype)
    for i in range(k):
        for j in range(k):
            dx[:, i : i + stride * oh : stride, j : j + stride * ow : stride] += parts[:, :, :, i, j]
    return dx[:, pad : pad + shape[1], pad : pad + shape[2]], dw


def conv(arrays, device, compiled):
    x, w, dy = arrays["x"], arrays["w"], arrays["dy"]

    def run():
        y, rows = convolve(x, w, pad=1)
        return (*convolve_gradients(dy, rows, x.shape, w, pad=1), y)[0]

    return run


def attention(arrays, device, compiled):
    q, k, v, dy = (arrays[name] for name in ("q", "k", "v", "dy"))
    scale = q.shape[-1] ** -0.5

    def run():
        p = (q * scale) @ k.mT
        p -= p.max(axis=-1, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=-1, keepdims=True)
        y = p @ v
        dv = p.mT @ dy
        ds = dy @ v.mT
        ds -= (dy * y).sum(axis=-1, keepdims=True)
        ds *= p
        dq = (ds @ k) * scale
        dk = (ds.mT @ q) * scale
        return (dq, dk, dv)[0]

    return run


def _sigmoid(z):
    """In place."""
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    np.reciprocal(z, out=z)


def lstm(arrays, device, compiled):
    x, w_x, w_h, b, dy = (arrays[name] for name in ("x", "w_x", "w_h", "b", "dy"))
    batch, time, n_in = x.shape
    m = w_h.shape[0]
    input, forget, cell, output = (slice(k * m, (k + 1) * m) for k in range(4))

    def run():
        steps = np.ascontiguousarray(x.transpose(1, 0, 2)).reshape(-1, n_in)
        gates = (steps @ w_x + b).reshape(time, batch, 4 * m)
        h, c = np.zeros((time + 1, batch, m), x.dtype), np.zeros((time + 1, batch, m), x.dtype)
        tanh = np.empty((time, batch, m), x.dtype)
        for t, z in enumerate(gates):
            z += h[t] @ w_h
            _sigmoid(z[:, : 2 * m])
            np.tanh(z[:, cell], out=z[:, cell])
            _sigmoid(z[:, output])
            np.multiply(z[:, forget], c[t], out=c[t + 1])
            c[t + 1] += z[:, input] * z[:, cell]
            np.tanh(c[t + 1], out=tanh[t])
            np.multiply(z[:, output], tanh[t], out=h[t + 1])
        dz = np.empty_like(gates)
        dh, dc = np.zeros((batch, m), x.dtype), np.zeros((batch, m), x.dtype)
        for t in reversed(range(time)):
            z, out = gates[t], dz[t]
            dh += dy[:, t]
            dc += dh * z[:, output] * (1 - tanh[t] * tanh[t])
            out[:, input] = dc * z[:, cell] * z[:, input] * (1 - z[:, input])
            out[:, forget] = dc * c[t] * z[:, forget] * (1 - z[:, forget])
            out[:, cell] = dc * z[:, input] * (1 - z[:, cell] * z[:, cell])
            out[:, output] = dh * tanh[t] * z[:, output] * (1 - z[:, output])
            dh = out @ w_h.T
            dc *= z[:, forget]
        rows = dz.reshape(-1, 4 * m)
        dx = (rows @ w_x.T).reshape(time, batch, n_in).transpose(1, 0, 2)
        dw_x, dw_h, db = steps.T @ rows, h[:-1].reshape(-1, m).T @ rows, rows.sum(axis=0)
        return (dx, dw_x, dw_h, db, h[1:].transpose(1, 0, 2))[0]

    return run


def softmax(arrays, device, compiled):
    x, dy = arrays["x"], arrays["dy"]

    def run():
        y = x - x.max(axis=-1, keepdims=True)
        np.exp(y, out=y)
        y /= y.sum(axis=-1, keepdims=True)
        dx = dy * y
        dx -= y * dx.sum(axis=-1, keepdims=True)
        return dx

    return run


def layer_norm(arrays, device, compiled):
    x, scale, bias, dy = (arrays[name] for name in ("x", "scale", "bias", "dy"))

    def run():
        z = x - x.mean(axis=-1, keepdims=True)
        inverse = 1 / np.sqrt(np.square(z).mean(axis=-1, keepdims=True) + 1e-5)
        z *= inverse
        y, dscale, dbias = z * scale + bias, (dy * z).sum(axis=0), dy.sum(axis=0)
        dz = dy * scale
        mean = (dz * z).mean(axis=-1, keepdims=True)
        dz -= dz.mean(axis=-1, keepdims=True)
        dz -= z * mean
        dz *= inverse
        return (dz, dscale, dbias, y)[0]

    return run
