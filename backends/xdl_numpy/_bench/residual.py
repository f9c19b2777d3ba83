"""Residual networks, written by hand in NumPy."""

import numpy as np

from .layers import convolve, convolve_gradients
from .network import workloads

HEADS = 4


# ---- ResNet ----


class _Normalized:
    """Convolution and batch normalization; takes its parameters off the list."""

    def __init__(self, parameters, stride=1):
        w, scale, shift, self.mean, self.var = (parameters.pop(0) for _ in range(5))
        self.parameters, self.options = [w, scale, shift], {"stride": stride, "pad": w.shape[0] // 2}

    def forward(self, x):
        w, scale, shift = self.parameters
        y, rows = convolve(x, w, **self.options)
        axes, n = (0, 1, 2), y.size // y.shape[-1]
        mean = y.mean(axis=axes)
        y -= mean
        var = np.square(y).mean(axis=axes)
        self.mean += 0.1 * (mean - self.mean)
        self.var += 0.1 * (n / (n - 1) * var - self.var)
        inverse = 1 / np.sqrt(var + 1e-5)
        y *= inverse
        self.kept = x.shape, rows, y, inverse
        z = y * scale
        z += shift
        return z

    def backward(self, dz, of_x=True):
        w, scale, _ = self.parameters
        shape, rows, y, inverse = self.kept
        n = y.size // y.shape[-1]
        dshift, dscale = dz.sum(axis=(0, 1, 2)), np.einsum("nhwc,nhwc->c", dz, y)
        dy = y * (-dscale / n)
        dy += dz
        dy -= dshift / n
        dy *= scale * inverse
        dx, dw = convolve_gradients(dy, rows, shape, w, of_x=of_x, **self.options)
        return dx, [dw, dscale, dshift]


class _Block:
    def __init__(self, parameters, stride):
        self.first, self.second = _Normalized(parameters, stride), _Normalized(parameters)
        self.around = None if stride == 1 else _Normalized(parameters, stride)
        self.layers = [layer for layer in (self.first, self.second, self.around) if layer]

    def forward(self, x):
        self.between = self.first.forward(x)
        np.maximum(self.between, 0, out=self.between)
        self.y = self.second.forward(self.between)
        self.y += self.around.forward(x) if self.around else x
        np.maximum(self.y, 0, out=self.y)
        return self.y

    def backward(self, dy):
        dy *= self.y > 0
        dz, second = self.second.backward(dy)
        dz *= self.between > 0
        dx, first = self.first.backward(dz)
        around, grads = self.around.backward(dy) if self.around else (dy, [])
        dx += around
        return dx, [*first, *second, *grads]


class _ResNet:
    def __init__(self, parameters):
        parameters = list(parameters)
        self.start = _Normalized(parameters)
        self.blocks = [_Block(parameters, stride) for stride in (1, 2, 2)]
        self.end = parameters
        layers = [self.start, *[layer for block in self.blocks for layer in block.layers]]
        self.parameters = [p for layer in layers for p in layer.parameters] + self.end

    def forward(self, x):
        x = self.first = self.start.forward(x)
        np.maximum(x, 0, out=x)
        for block in self.blocks:
            x = block.forward(x)
        self.places, self.means = x.shape, x.mean(axis=(1, 2))
        w, b = self.end
        return self.means @ w + b

    def backward(self, dy):
        grads = [self.means.T @ dy, dy.sum(axis=0)]
        _, high, wide, _ = self.places
        dx = np.broadcast_to(((dy @ self.end[0].T) / (high * wide))[:, None, None], self.places).copy()
        for block in reversed(self.blocks):
            dx, found = block.backward(dx)
            grads = [*found, *grads]
        dx *= self.first > 0
        _, found = self.start.backward(dx, of_x=False)
        return [*found, *grads]


# ---- transformer ----


class _Norm:
    def __init__(self, scale, shift):
        self.scale, self.shift = scale, shift

    def forward(self, x):
        z = x - x.mean(axis=-1, keepdims=True)
        self.inverse = 1 / np.sqrt(np.square(z).mean(axis=-1, keepdims=True) + 1e-5)
        z *= self.inverse
        self.z = z
        y = z * self.scale
        y += self.shift
        return y

    def backward(self, dy, of_x=True):
        dscale, dshift = np.einsum("btc,btc->c", dy, self.z), dy.sum(axis=(0, 1))
        if not of_x:
            return None, dscale, dshift
        dz = dy * self.scale
        mean = (dz * self.z).mean(axis=-1, keepdims=True)
        dz -= dz.mean(axis=-1, keepdims=True)
        dz -= self.z * mean
        dz *= self.inverse
        return dz, dscale, dshift


def _gelu(x):
    """Value and slope."""
    square = x * x
    t = np.tanh(0.7978845608 * x * (1 + 0.044715 * square))
    half = 0.5 * (1 + t)
    slope = half + half * (1 - t) * x * 0.7978845608 * (1 + 3 * 0.044715 * square)
    return x * half, slope


class _Transformer:
    """The maps to queries, keys and values are one product."""

    def __init__(self, parameters):
        *norms, q, k, v, out, w1, b1, w2, b2 = parameters
        self.parameters = [*norms, np.concatenate([q, k, v], axis=1), out, w1, b1, w2, b2]
        self.norm1, self.norm2 = _Norm(*norms[:2]), _Norm(*norms[2:])

    def forward(self, x):
        *_, qkv, out, w1, b1, w2, b2 = self.parameters
        batch, time, _ = x.shape
        self.z = self.norm1.forward(x)
        heads = (self.z @ qkv).reshape(batch, time, 3, HEADS, -1).transpose(2, 0, 3, 1, 4)
        self.q, self.k, self.v = heads
        self.scale = heads.shape[-1] ** -0.5
        p = (self.q * self.scale) @ self.k.mT
        p += np.triu(np.full((time, time), -np.inf, np.float32), 1)
        p -= p.max(axis=-1, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=-1, keepdims=True)
        self.p, self.y = p, p @ self.v
        self.joined = np.ascontiguousarray(self.y.transpose(0, 2, 1, 3)).reshape(x.shape)
        x = x + self.joined @ out
        self.normed = self.norm2.forward(x)
        wide = self.normed @ w1
        wide += b1
        self.wide, self.slope = _gelu(wide)
        return x + (self.wide @ w2 + b2)

    def backward(self, dx):
        *_, qkv, out, w1, _, w2, _ = self.parameters
        rows = lambda x: x.reshape(-1, x.shape[-1])
        db2, dw2 = rows(dx).sum(axis=0), rows(self.wide).T @ rows(dx)
        dwide = dx @ w2.T
        dwide *= self.slope
        db1, dw1 = rows(dwide).sum(axis=0), rows(self.normed).T @ rows(dwide)
        dnorm, dscale2, dshift2 = self.norm2.backward(dwide @ w1.T)
        dx = dx + dnorm
        dout = rows(self.joined).T @ rows(dx)
        batch, heads, time, depth = self.y.shape
        dy = (dx @ out.T).reshape(batch, time, heads, depth).transpose(0, 2, 1, 3)
        ds = dy @ self.v.mT
        ds -= (dy * self.y).sum(axis=-1, keepdims=True)
        ds *= self.p
        dheads = np.empty((batch, time, 3, heads, depth), dx.dtype)
        dq, dk, dv = dheads.transpose(2, 0, 3, 1, 4)
        np.multiply(ds @ self.k, self.scale, out=dq)
        np.multiply(ds.mT @ self.q, self.scale, out=dk)
        dv[...] = self.p.mT @ dy
        dheads = dheads.reshape(batch, time, -1)
        dqkv = rows(self.z).T @ rows(dheads)
        _, dscale1, dshift1 = self.norm1.backward(dheads @ qkv.T, of_x=False)
        return [dscale1, dshift1, dscale2, dshift2, dqkv, dout, dw1, db1, dw2, db2]


def _mean_square(x, target):
    d = x - target
    loss = np.square(d).mean()
    d *= 2 / d.size
    return loss, d


resnet_step, resnet_gradient, resnet_forward = workloads(_ResNet)
transformer_step, transformer_gradient, transformer_forward = workloads(_Transformer, _mean_square)
