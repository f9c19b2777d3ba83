"""Attention, forward and backward, batch 8, 8 heads, 256 queries and keys of 64 numbers, float32.

xdl on NumPy beside torch's fused kernel; xdl on torch and on JAX beside what each of them offers by itself, the
faster of a function of the library and the formula written out.
"""

import math

from .pairs import need, of_two_threads, ratio

SHAPE = (8, 8, 256, 64)


def arrays(shape=SHAPE):
    import numpy as np

    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(np.float32) for _ in range(4)]


def by_numpy(shape=SHAPE, **options):
    import xdl
    from xdl import nn

    q, k, v, dy = arrays(shape)

    def step():
        _, pullback = xdl.vjp(lambda q, k, v: nn.attention(q, k, v, **options), q, k, v)
        return pullback(dy)

    return step


def by_torch(attention, shape=SHAPE, **options):
    import torch

    torch.set_num_threads(1)
    *args, dy = [torch.tensor(x) for x in arrays(shape)]
    for x in args:
        x.requires_grad_()

    def step():
        return torch.autograd.grad(attention(*args, **options), args, dy)

    return step


def native_torch(shape=SHAPE, **options):
    import torch.nn.functional as F

    return by_torch(F.scaled_dot_product_attention, shape, **options)


def xdl_torch(shape=SHAPE, **options):
    from xdl import nn

    return by_torch(nn.attention, shape, **options)


def by_jax(attention, **options):
    import jax
    import jax.numpy as jnp

    *args, dy = map(jnp.asarray, arrays())

    @jax.jit
    def step(q, k, v, dy):
        return jax.vjp(lambda q, k, v: attention(q, k, v, **options), q, k, v)[1](dy)

    return lambda: jax.block_until_ready(step(*args, dy))


def written_out(q, k, v, *, is_causal=False):
    """Attention by the formula, with JAX."""
    import jax
    import jax.numpy as jnp

    scores = jnp.einsum("bhtd,bhsd->bhts", q * (1 / math.sqrt(q.shape[-1])), k)
    if is_causal:
        t, s = scores.shape[-2:]
        scores = jnp.where(jnp.tril(jnp.ones((t, s), dtype=bool)), scores, -math.inf)
    return jnp.einsum("bhts,bhsd->bhtd", jax.nn.softmax(scores), v)


def function_of_jax(q, k, v, *, is_causal=False):
    import jax

    q, k, v = (x.swapaxes(1, 2) for x in (q, k, v))
    return jax.nn.dot_product_attention(q, k, v, is_causal=is_causal).swapaxes(1, 2)


class Attention:
    """By masks: full and causal."""

    params = (False, True)
    param_names = ("is_causal",)
    timeout = 300

    def setup(self, is_causal):
        need("torch", "jax")

    def track_numpy_to_torch(self, is_causal):
        return ratio(by_numpy(is_causal=is_causal), native_torch(is_causal=is_causal))

    def track_numpy_two_threads_to_one(self, is_causal):
        return of_two_threads(by_numpy(is_causal=is_causal))

    def track_torch_to_native(self, is_causal):
        return ratio(xdl_torch(is_causal=is_causal), native_torch(is_causal=is_causal))

    def track_jax_to_written_out(self, is_causal):
        from xdl import nn

        return ratio(by_jax(nn.attention, is_causal=is_causal), by_jax(written_out, is_causal=is_causal))

    def track_jax_to_its_function(self, is_causal):
        from xdl import nn

        return ratio(by_jax(nn.attention, is_causal=is_causal), by_jax(function_of_jax, is_causal=is_causal))


class AttentionMemory:
    """Peak of what is allocated by 4096 causal queries of 8 heads, by inputs, results, gradients and statistics."""

    timeout = 300

    def track_numpy_to_its_arrays(self):
        import tracemalloc

        shape = (1, 8, 4096, 64)
        by_numpy((1, 1, 64, 64), is_causal=True)()  # imports
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            step = by_numpy(shape, is_causal=True)
            step()
            peak = tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
        one = 4 * math.prod(shape)
        # q, k, v and their gradients, the result and its cotangent, and one number for each query
        return peak / (8 * one + one / shape[-1])

    track_numpy_to_its_arrays.unit = "ratio"


for _track in (
    Attention.track_numpy_to_torch,
    Attention.track_numpy_two_threads_to_one,
    Attention.track_torch_to_native,
    Attention.track_jax_to_written_out,
    Attention.track_jax_to_its_function,
):
    _track.unit = "ratio"
