"""Pooling and resampling, float32, one thread: xdl on NumPy beside torch, and on torch and JAX beside their own calls.

The images are those of a LeNet and of the first stage of a residual network. On NumPy they lie in memory with
their channels last, or first ("planar"), as the convolution of few channels returns them; torch's are in its default
format, channels first, or in its channels-last format.
"""

from .pairs import in_turns, need, ratio

SHAPES = {"lenet 1": (64, 28, 28, 6), "lenet 2": (64, 10, 10, 16), "stage": (32, 32, 32, 64)}
# name -> shape, window, options
POOLS = {
    **{name: (shape, 2, {}) for name, shape in SHAPES.items()},
    "stem": ((16, 56, 56, 64), 3, {"stride": 2, "padding": 1}),
}
KINDS = ("max", "avg")


def images(shape):
    import numpy as np

    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def planar(x):
    """Copy of ``x`` (n, h, w, c) with the channels first in memory."""
    import numpy as np

    return np.ascontiguousarray(x.transpose(3, 0, 1, 2)).transpose(1, 2, 3, 0)


def pooling(kind):
    from xdl import nn

    return {"max": nn.max_pool, "avg": nn.avg_pool}[kind]


def both_ways(f, x):
    """Thunk: value and pullback of ``f``, by xdl."""
    import numpy as np

    import xdl

    dy = xdl.asarray(images(tuple(f(x).shape)), like=x)
    if isinstance(x, np.ndarray) and not x.flags.c_contiguous:
        dy = planar(dy)

    def run():
        _, pull = xdl.vjp(f, x)
        return pull(dy)

    return run


def torch_images(shape, *, last):
    """Images of torch (n, c, h, w), in its default or its channels-last format."""
    import torch

    torch.set_num_threads(1)
    x = torch.tensor(images(shape)).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def torch_both_ways(f, x):
    import torch

    x = x.requires_grad_()
    dy = torch.randn_like(f(x))
    return lambda: torch.autograd.grad(f(x), x, dy)


def torch_pool(kind, window, options):
    import torch.nn.functional as F

    pool = {"max": F.max_pool2d, "avg": F.avg_pool2d}[kind]
    return lambda x: pool(x, window, **options)


class NumPyPools:
    """Forward and backward on NumPy, by xdl's tape, beside torch's autograd."""

    params = (list(POOLS), KINDS, ["channels last", "planar"])
    param_names = ("images", "kind", "memory")
    timeout = 300

    def setup(self, name, kind, memory):
        need("torch")

    def _ratio(self, name, kind, memory, *, last):
        shape, window, options = POOLS[name]
        x = images(shape) if memory == "channels last" else planar(images(shape))
        ours = both_ways(lambda x: pooling(kind)(x, window, **options), x)
        return ratio(ours, torch_both_ways(torch_pool(kind, window, options), torch_images(shape, last=last)))

    def track_ratio_to_torch(self, name, kind, memory):
        return self._ratio(name, kind, memory, last=False)

    def track_ratio_to_torch_channels_last(self, name, kind, memory):
        return self._ratio(name, kind, memory, last=True)

    def track_milliseconds(self, name, kind, memory):
        shape, window, options = POOLS[name]
        x = images(shape) if memory == "channels last" else planar(images(shape))
        return in_turns(both_ways(lambda x: pooling(kind)(x, window, **options), x))[0] * 1e3

    track_ratio_to_torch.unit = track_ratio_to_torch_channels_last.unit = "ratio"
    track_milliseconds.unit = "ms"


class TorchPools:
    """xdl on tensors of torch beside the same call of torch, eager; forward, and forward with backward."""

    params = (list(POOLS), KINDS)
    param_names = ("images", "kind")
    timeout = 300

    def setup(self, name, kind):
        need("torch")

    def _pair(self, name, kind):
        shape, window, options = POOLS[name]
        x = torch_images(shape, last=True)
        theirs = torch_pool(kind, window, options)
        return lambda x: pooling(kind)(x, window, **options), theirs, x

    def track_ratio_forward(self, name, kind):
        ours, theirs, x = self._pair(name, kind)
        last = x.permute(0, 2, 3, 1)
        return ratio(lambda: ours(last), lambda: theirs(x), repeat=5)

    def track_ratio_both_ways(self, name, kind):
        ours, theirs, x = self._pair(name, kind)
        last = x.permute(0, 2, 3, 1).detach()
        return ratio(torch_both_ways(ours, last), torch_both_ways(theirs, x.detach()))

    track_ratio_forward.unit = track_ratio_both_ways.unit = "ratio"


class JaxPools:
    """xdl on JAX under jit beside ``lax.reduce_window``; forward, and the gradient."""

    params = (list(POOLS), KINDS)
    param_names = ("images", "kind")
    timeout = 300

    def setup(self, name, kind):
        need("jax")

    def _pair(self, name, kind):
        import jax
        import jax.numpy as jnp
        from jax import lax

        shape, window, options = POOLS[name]
        stride, p = options.get("stride", window), options.get("padding", 0)

        def theirs(x):
            start, join = (-jnp.inf, lax.max) if kind == "max" else (0.0, lax.add)
            pads = ((0, 0), (p, p), (p, p), (0, 0))
            y = lax.reduce_window(x, start, join, (1, window, window, 1), (1, stride, stride, 1), pads)
            return y if kind == "max" else y / window**2

        ours = lambda x: pooling(kind)(x, window, **options)
        return ours, theirs, jnp.asarray(images(shape)), jax

    def track_ratio_forward_jitted(self, name, kind):
        ours, theirs, x, jax = self._pair(name, kind)
        f, g = jax.jit(ours), jax.jit(theirs)
        return ratio(lambda: f(x).block_until_ready(), lambda: g(x).block_until_ready())

    def track_ratio_gradient_jitted(self, name, kind):
        ours, theirs, x, jax = self._pair(name, kind)
        f, g = (jax.jit(jax.grad(lambda x, h=h: (h(x) ** 2).sum())) for h in (ours, theirs))
        return ratio(lambda: f(x).block_until_ready(), lambda: g(x).block_until_ready(), rounds=12)

    track_ratio_forward_jitted.unit = track_ratio_gradient_jitted.unit = "ratio"


def resampling():
    """Operation -> (ours, torch's), of images (16, 32, 32, 32) with channels last in memory."""
    import torch
    import torch.nn.functional as F

    from xdl import nn

    grid = torch.rand(16, 32, 32, 2) * 2 - 1

    def interpolate(mode):
        return lambda x: F.interpolate(x, scale_factor=2, mode=mode)

    return {
        "nearest": (lambda x: nn.upsample(x, scale=2), interpolate("nearest")),
        "linear": (lambda x: nn.upsample(x, scale=2, mode="linear"), interpolate("bilinear")),
        "grid": (
            lambda x: nn.grid_sample(x, grid),
            lambda x: F.grid_sample(x, grid, align_corners=False),
        ),
        "shuffle": (lambda x: nn.pixel_shuffle(x, 2), lambda x: F.pixel_shuffle(x, 2)),
        "adaptive": (lambda x: nn.adaptive_avg_pool(x, 7), lambda x: F.adaptive_avg_pool2d(x, 7)),
        "reflect": (lambda x: nn.pad(x, 2, mode="reflect"), lambda x: F.pad(x, (2,) * 4, mode="reflect")),
    }


NAMES = ("nearest", "linear", "grid", "shuffle", "adaptive", "reflect")


class Resampling:
    """Resampling, sampling and padding on torch beside its own calls, and on NumPy beside torch."""

    params = (NAMES,)
    param_names = ("operation",)
    timeout = 300

    def setup(self, name):
        need("torch")

    def track_ratio_torch_both_ways(self, name):
        ours, theirs = resampling()[name]
        x = torch_images((16, 32, 32, 32), last=True)
        last = x.permute(0, 2, 3, 1)
        return ratio(torch_both_ways(ours, last.detach()), torch_both_ways(theirs, x.detach()))

    def track_ratio_numpy_to_torch(self, name):
        import numpy as np

        from xdl import nn

        ours, theirs = resampling()[name]
        if name == "grid":
            grid = np.random.default_rng(1).uniform(-1, 1, (16, 32, 32, 2)).astype(np.float32)
            ours = lambda x: nn.grid_sample(x, grid)
        x = images((16, 32, 32, 32))
        return ratio(both_ways(ours, x), torch_both_ways(theirs, torch_images(x.shape, last=True)), rounds=12)

    track_ratio_torch_both_ways.unit = track_ratio_numpy_to_torch.unit = "ratio"
