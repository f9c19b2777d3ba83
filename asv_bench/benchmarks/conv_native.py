"""Convolution by xdl on PyTorch and JAX, forward and backward, by the same written for the library itself."""

from .pairs import need, ratio

# (images, size, channels in, channels out, kernel, groups)
PROBLEMS = {
    "64 to 64": (8, 28, 64, 64, 3, 1),
    "3 to 32": (32, 32, 3, 32, 3, 1),
    "depthwise 64": (8, 28, 64, 64, 3, 64),
}
WINDOW = {"padding": 1}


def arrays(problem):
    """Images, kernel, bias and the cotangent of the result, channels last."""
    import numpy as np

    n, size, c, d, k, groups = PROBLEMS[problem]
    rng = np.random.default_rng(0)
    shapes = ((n, size, size, c), (k, k, c // groups, d), (d,), (n, size, size, d))
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes], groups


def torch_step(f, args, dy):
    def step():
        for a in args:
            a.grad = None
        f(*args).backward(dy)

    return step


def torch_by_xdl(problem):
    import torch

    from xdl import nn

    (*args, dy), groups = arrays(problem)
    args = [torch.tensor(a, requires_grad=True) for a in args]
    return torch_step(lambda x, w, b: nn.conv(x, w, b, groups=groups, **WINDOW), args, torch.tensor(dy))


def torch_by_hand(problem):
    """As PyTorch advises for a CPU: images and kernels in its channels-last format."""
    import torch

    (x, w, b, dy), groups = arrays(problem)
    last = {"memory_format": torch.channels_last}
    x, dy = (torch.tensor(a).permute(0, 3, 1, 2) for a in (x, dy))
    args = [x.requires_grad_(), torch.tensor(w).permute(3, 2, 0, 1).contiguous(**last).requires_grad_()]
    args.append(torch.tensor(b, requires_grad=True))
    f = lambda x, w, b: torch.nn.functional.conv2d(x, w, b, groups=groups, **WINDOW)
    return torch_step(f, args, dy)


class TorchConv:
    """In eager mode, differentiated by PyTorch."""

    params = (list(PROBLEMS),)
    param_names = ("problem",)
    timeout = 300

    def setup(self, problem):
        need("torch")
        import torch

        torch.set_num_threads(1)

    def track_ratio_to_torch(self, problem):
        return ratio(torch_by_xdl(problem), torch_by_hand(problem))

    track_ratio_to_torch.unit = "ratio"


def jax_step(f, problem):
    import jax

    *args, dy = (jax.numpy.asarray(a) for a in arrays(problem)[0])

    @jax.jit
    def step(args, dy):
        y, pullback = jax.vjp(f, *args)
        return y, pullback(dy)

    return lambda: jax.block_until_ready(step(args, dy))


def jax_by_xdl(problem):
    from xdl import nn

    groups = PROBLEMS[problem][-1]
    return jax_step(lambda x, w, b: nn.conv(x, w, b, groups=groups, **WINDOW), problem)


def jax_by_hand(problem):
    from jax import lax

    def f(x, w, b):
        y = lax.conv_general_dilated(
            x,
            w,
            (1, 1),
            ((1, 1), (1, 1)),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=PROBLEMS[problem][-1],
        )
        return y + b

    return jax_step(f, problem)


class JaxConv:
    """Compiled, differentiated by JAX."""

    params = (list(PROBLEMS),)
    param_names = ("problem",)
    timeout = 300

    def setup(self, problem):
        need("jax")

    def track_ratio_to_jax(self, problem):
        return ratio(jax_by_xdl(problem), jax_by_hand(problem))

    track_ratio_to_jax.unit = "ratio"
