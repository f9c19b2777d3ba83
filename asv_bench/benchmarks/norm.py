"""Normalizations and dropout of 8192 rows of 1024 numbers, beside PyTorch's and JAX's own.

Large arrays by PyTorch are mostly a matter of memory: by default, malloc returns it to the system after each call,
which then clears every page anew. So rows with NumPy are measured twice, the second time in a process in which
malloc keeps memory (for both sides); and with Numba and without.
"""

import contextlib
import os
import subprocess
import sys

from .pairs import ONCE, need, of_two_threads, ratio, skip

SHAPE = (8192, 1024)
IMAGES = (32, 28, 28, 64)
RATE = 0.1
TUNED = {"MALLOC_MMAP_THRESHOLD_": "4294967295", "MALLOC_TRIM_THRESHOLD_": "4294967295"}


def arrays(shape=SHAPE):
    import numpy as np

    rng = np.random.default_rng(0)
    draw = lambda *s: rng.standard_normal(s, dtype=np.float32)
    return draw(*shape), 1 + draw(shape[-1]), draw(shape[-1])


def by_torch(*xs):
    import torch

    torch.set_num_threads(1)
    return [torch.tensor(x) for x in xs]


def layer_norm():
    import torch.nn.functional as F

    from xdl import nn

    x, w, b = arrays()
    z, v, c = by_torch(x, w, b)
    return lambda: nn.layer_norm(x, w, b), lambda: F.layer_norm(z, (SHAPE[1],), v, c)


def rms_norm():
    import torch.nn.functional as F

    from xdl import nn

    x, w, _ = arrays()
    z, v = by_torch(x, w)
    return lambda: nn.rms_norm(x, w), lambda: F.rms_norm(z, (SHAPE[1],), v, 1e-5)


def layer_norm_step():
    """Value and gradients of all arguments."""
    import torch.nn.functional as F

    import xdl
    from xdl import nn

    x, w, b = arrays()
    dy = arrays()[0]
    args = [a.requires_grad_() for a in by_torch(x, w, b)]
    (dz,) = by_torch(dy)

    def theirs():
        for a in args:
            a.grad = None
        F.layer_norm(args[0], (SHAPE[1],), args[1], args[2]).backward(dz)

    return lambda: xdl.vjp(nn.layer_norm, x, w, b)[1](dy), theirs


def batch_norm():
    """In training, of images with the channels last on both sides."""
    import torch.nn.functional as F

    from xdl import nn

    x, w, b = arrays(IMAGES)
    z, v, c = by_torch(x, w, b)
    z = z.permute(0, 3, 1, 2)
    return lambda: nn.batch_norm(x, w, b), lambda: F.batch_norm(z, None, None, v, c, training=True)


def batch_norm_step():
    import torch.nn.functional as F

    import xdl
    from xdl import nn

    x, w, b = arrays(IMAGES)
    args = [a.requires_grad_() for a in by_torch(x, w, b)]
    dy = arrays(IMAGES)[0]
    dz = by_torch(dy)[0].permute(0, 3, 1, 2)

    def theirs():
        for a in args:
            a.grad = None
        F.batch_norm(args[0].permute(0, 3, 1, 2), None, None, *args[1:], training=True).backward(dz)

    return lambda: xdl.vjp(lambda *a: nn.batch_norm(*a)[0], x, w, b)[1](dy), theirs


def batch_norm_inference():
    import torch.nn.functional as F

    from xdl import nn

    x, w, b = arrays(IMAGES)
    var = w * w
    z, v, c, s = by_torch(x, w, b, var)
    z = z.permute(0, 3, 1, 2)
    return lambda: nn.batch_norm(x, w, b, mean=b, var=var), lambda: F.batch_norm(z, c, s, v, c)


def group_norm():
    import torch.nn.functional as F

    from xdl import nn

    x, w, b = arrays(IMAGES)
    z, v, c = by_torch(x, w, b)
    z = z.permute(0, 3, 1, 2)
    return lambda: nn.group_norm(x, w, b, groups=8), lambda: F.group_norm(z, 8, v, c)


def dropout():
    import torch.nn.functional as F

    import xdl
    from xdl import nn

    x = arrays()[0]
    (z,) = by_torch(x)
    key = xdl.random.key(0, like=x)
    return lambda: nn.dropout(x, key, rate=RATE), lambda: F.dropout(z, RATE)


ROWS = {
    f.__name__: f
    for f in (
        layer_norm,
        rms_norm,
        layer_norm_step,
        batch_norm,
        batch_norm_step,
        batch_norm_inference,
        group_norm,
        dropout,
    )
}


def measure(row, numba, rounds=15):
    """Ratio of a row with NumPy to PyTorch."""
    ours, theirs = ROWS[row]()
    from xdl_numpy._numba import without

    with contextlib.nullcontext() if numba else without():
        return ratio(ours, theirs, rounds=rounds)


def measure_tuned(row, numba):
    """Ratio in a process in which malloc keeps memory."""
    code = f"from benchmarks.norm import measure; print(measure({row!r}, {numba}))"
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | TUNED,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(run.stdout.split()[-1])


class NumPy:
    """Of NumPy to PyTorch, one thread."""

    params = (list(ROWS), [True, False])
    param_names = ("row", "numba")
    timeout = 600

    def setup(self, row, numba):
        need("torch", *(["numba"] if numba else []))

    def track_default(self, row, numba):
        return measure(row, numba)

    def track_tuned(self, row, numba):
        if ONCE and row != next(iter(ROWS)):
            skip("a process for each row takes minutes")
        return measure_tuned(row, numba)

    track_default.unit = track_tuned.unit = "ratio"


class TwoThreads:
    """Of two threads to one, with NumPy."""

    params = ["layer_norm", "group_norm", "dropout"]
    param_names = ("row",)
    timeout = 600

    def setup(self, row):
        need("torch")

    def track_ratio(self, row):
        return of_two_threads(ROWS[row]()[0])

    track_ratio.unit = "ratio"


class Torch:
    """Of our methods for PyTorch to its functions, of a million numbers."""

    params = ["layer_norm", "rms_norm", "group_norm", "batch_norm", "batch_norm_inference"]
    param_names = ("row",)
    timeout = 300

    def setup(self, row):
        need("torch")

    def track_ratio(self, row):
        import torch.nn.functional as F

        from xdl import nn

        x, w, b = by_torch(*arrays((2048, 512)))
        image = x.reshape(64, 32, 512)
        first, var = image.movedim(-1, 1), w * w
        return ratio(
            *{
                "layer_norm": (lambda: nn.layer_norm(x, w, b), lambda: F.layer_norm(x, (512,), w, b)),
                "rms_norm": (lambda: nn.rms_norm(x, w), lambda: F.rms_norm(x, (512,), w, 1e-5)),
                "group_norm": (
                    lambda: nn.group_norm(image, w, b, groups=8),
                    lambda: F.group_norm(first, 8, w, b),
                ),
                # beside what gives the statistics of the batch, too
                "batch_norm": (
                    lambda: nn.batch_norm(x, w, b),
                    lambda: F.batch_norm(x, x.new_zeros(512), x.new_zeros(512), w, b, True, 1.0),
                ),
                "batch_norm_inference": (
                    lambda: nn.batch_norm(x, w, b, mean=b, var=var),
                    lambda: F.batch_norm(x, b, var, w, b),
                ),
            }[row],
            rounds=200,
            repeat=5,
        )

    track_ratio.unit = "ratio"


class JAX:
    """Of our methods for JAX to compiled formulas written by hand, call by call and inside ``jit``."""

    params = (["layer_norm", "rms_norm", "batch_norm"], [False, True])
    param_names = ("row", "jit")
    timeout = 300

    def setup(self, row, jit):
        need("jax")

    def track_ratio(self, row, jit):
        import jax
        import jax.numpy as jnp

        from xdl import nn

        x, w, b = map(jnp.asarray, arrays((256, 512)))

        def by_rows(x, w, b):
            mean, var = jnp.mean(x, -1, keepdims=True), jnp.var(x, -1, keepdims=True)
            return (x - mean) / jnp.sqrt(var + 1e-5) * w + b

        def by_columns(x, w, b):
            mean, var = jnp.mean(x, 0), jnp.var(x, 0)
            return (x - mean) / jnp.sqrt(var + 1e-5) * w + b, mean, var

        def by_squares(x, w, b):
            return x / jnp.sqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-5) * w

        ours, theirs = {
            "layer_norm": (nn.layer_norm, by_rows),
            "rms_norm": (lambda x, w, b: nn.rms_norm(x, w), by_squares),
            "batch_norm": (nn.batch_norm, by_columns),
        }[row]
        ours, theirs = jax.jit(ours) if jit else ours, jax.jit(theirs)
        wait = jax.block_until_ready
        return ratio(lambda: wait(ours(x, w, b)), lambda: wait(theirs(x, w, b)), rounds=200, repeat=5)

    track_ratio.unit = "ratio"
