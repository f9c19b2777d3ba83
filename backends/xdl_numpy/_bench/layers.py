"""Layers and their gradients, written by hand in NumPy."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _patches(x, k, pad):
    """Rows of (n, oh, ow) places with the k x k x c numbers each sees."""
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    seen = sliding_window_view(x, (k, k), axis=(1, 2))  # n, oh, ow, c, k, k
    n, oh, ow, c = seen.shape[:4]
    return np.ascontiguousarray(seen.transpose(0, 1, 2, 4, 5, 3)).reshape(n * oh * ow, k * k * c)


def conv(arrays, device, compiled):
    x, w, dy = arrays["x"], arrays["w"], arrays["dy"]
    k, _, c, d = w.shape

    def run():
        patches = _patches(x, k, k // 2)
        y = (patches @ w.reshape(-1, d)).reshape(dy.shape)
        rows = dy.reshape(-1, d)
        dw = (patches.T @ rows).reshape(w.shape)
        turned = np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2)).reshape(k * k * d, c)
        dx = (_patches(dy, k, k // 2) @ turned).reshape(x.shape)
        return (dx, dw, y)[0]

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
