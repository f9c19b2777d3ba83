"""Residual networks, written by hand in JAX."""

import jax
import jax.numpy as jnp

from .layers import normalize_rows
from .network import cross_entropy, workloads

HEADS = 4


def _resnet(parameters, statistics, x, labels):
    w, statistics, found = iter(parameters), iter(statistics), []

    def normalized(x, stride=1):
        """Convolution and batch normalization; the statistics to come are put on the list."""
        kernel, scale, shift, mean, var = next(w), next(w), next(w), next(statistics), next(statistics)
        padding, names = [(kernel.shape[0] // 2,) * 2] * 2, ("NHWC", "HWIO", "NHWC")
        x = jax.lax.conv_general_dilated(x, kernel, (stride, stride), padding, dimension_numbers=names)
        n, here, spread = x.size // x.shape[-1], jnp.mean(x, (0, 1, 2)), jnp.var(x, (0, 1, 2))
        found.extend([0.9 * mean + 0.1 * here, 0.9 * var + 0.1 * n / (n - 1) * spread])
        return (x - here) * (jax.lax.rsqrt(spread + 1e-5) * scale) + shift

    def block(x, stride):
        y = normalized(jax.nn.relu(normalized(x, stride)))
        return jax.nn.relu(y + (x if stride == 1 else normalized(x, stride)))

    x = jax.nn.relu(normalized(x))
    for stride in (1, 2, 2):
        x = block(x, stride)
    logits = jnp.mean(x, (1, 2)) @ next(w) + next(w)
    return cross_entropy(logits, labels), found


def _transformer(parameters, x, target):
    scale1, shift1, scale2, shift2, q, k, v, out, w1, b1, w2, b2 = parameters
    z = normalize_rows(x, scale1, shift1)
    split = lambda y: y.reshape(*y.shape[:-1], HEADS, -1)
    y = jax.nn.dot_product_attention(split(z @ q), split(z @ k), split(z @ v), is_causal=True)
    x = x + y.reshape(x.shape) @ out
    x = x + jax.nn.gelu(normalize_rows(x, scale2, shift2) @ w1 + b1) @ w2 + b2
    return jnp.mean((x - target) ** 2)


resnet_step, resnet_gradient, resnet_forward = workloads(_resnet, lambda k: k < 45 and k % 5 > 2)
transformer_step, transformer_gradient, transformer_forward = workloads(_transformer)
