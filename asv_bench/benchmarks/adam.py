"""Adam's step of 10 million float32 parameters, bound by memory: ours beside each library's best, one thread.

The memory of NumPy's temporaries is kept by the allocator, as a training script would have it; where a compiled
loop runs there are none.
"""

import json
import os
import subprocess
import sys

from .bandwidth import KEPT
from .pairs import need, ratio

SIZE = 10_000_000
RULES = ["Adam", "AdamW"]


def draw():
    import numpy as np

    return np.random.default_rng(0).standard_normal((2, SIZE), dtype=np.float32)


def ours(rule, w, g):
    """Step in place, on any library."""
    import xdl
    from xdl import optim

    rule = getattr(optim, rule)(1e-3)
    held = [w, optim.init(rule, w)]
    wait = xdl.backend("jax").synchronize if type(w).__module__.startswith("jax") else lambda x: None

    def step():
        held[:] = optim.update(rule, held[0], g, held[1], donate=True)
        wait(held[0])

    return step


def of_torch(rule, w, g, **options):
    import torch

    torch.set_num_threads(1)
    p = torch.nn.Parameter(torch.tensor(w))
    p.grad = torch.tensor(g)
    return getattr(torch.optim, rule)([p], 1e-3, **options).step


def of_jax(rule, w, g):
    """The formula, compiled, in memory given up."""
    import jax
    import jax.numpy as jnp

    shrink = 1 - 1e-3 * 1e-2 if rule == "AdamW" else 1.0

    def step(w, m, v, t, g):
        t = t + 1
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        c, s = 1 - 0.9**t, jnp.sqrt(1 - 0.999**t)
        return shrink * w - (1e-3 * s / c) * m / (jnp.sqrt(v) + 1e-8 * s), m, v, t

    compiled = jax.jit(step, donate_argnums=(0, 1, 2, 3))
    g = jnp.asarray(g)
    held = [jnp.array(w), jnp.zeros_like(g), jnp.zeros_like(g), jnp.zeros(())]

    def run():
        held[:] = compiled(*held, g)
        held[0].block_until_ready()

    return run


def measured(pair, rule):
    """Ratio of a pair, in this process."""
    w, g = draw()
    if pair == "numpy":
        import xdl

        xdl.backend("numpy").load()
        from xdl_numpy import _numba

        with _numba.without():
            return ratio(ours(rule, w.copy(), g), of_torch(rule, w, g), rounds=9)
    if pair == "numba":
        return ratio(ours(rule, w.copy(), g), of_torch(rule, w, g, fused=True), rounds=9)
    if pair == "torch":
        import torch

        return ratio(ours(rule, torch.tensor(w), torch.tensor(g)), of_torch(rule, w, g, fused=True), rounds=9)
    import jax.numpy as jnp

    return ratio(ours(rule, jnp.array(w), jnp.array(g)), of_jax(rule, w, g), rounds=9)


class Adam:
    """Ratios: plain NumPy to torch's default; with numba to torch's fused; on torch to fused; on JAX to jit."""

    timeout = 600
    params = (RULES, ["numpy", "numba", "torch", "jax"])
    param_names = ["rule", "pair"]

    def setup(self, rule, pair):
        need("jax" if pair == "jax" else "torch", *(["numba"] if pair == "numba" else []))

    def track_ratio(self, rule, pair):
        code = f"import json; from benchmarks.adam import measured; print(json.dumps(measured({pair!r}, {rule!r})))"
        result = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **KEPT},
            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(result.stdout)

    track_ratio.unit = "ratio"
