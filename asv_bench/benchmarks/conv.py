"""Convolution with padding "same" of float32 images, forward and backward, on one thread: xdl on NumPy beside torch.

Both get the cotangent of the result, of which they make those of the images and of the kernel. torch's memory format
is channels_last, its faster one. Each side's cotangent lies in memory as its own result does, as the next layer gives it.
"""

from .pairs import in_turns, need, of_two_threads, ratio

# images (n, h, w), channels before and after, size of the kernel
MIDDLE = ((32, 16, 16), 64, 64, 3)
WIDE = ((8, 28, 28), 128, 128, 3)
FIRST = ((32, 32, 32), 3, 32, 3)
POINTWISE = ((32, 16, 16), 64, 64, 1)


def arrays(size):
    """Images, kernel, bias and cotangent."""
    import numpy as np

    images, c, d, k = size
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    return draw(*images, c), draw(k, k, c, d), draw(d), draw(*images, d)


def by_xdl(size, *, first=False, **options):
    """Thunk; of a ``first`` layer nobody asks the cotangent of the images."""
    import numpy as np

    import xdl
    from xdl import nn

    x, w, b, dy = arrays(size)
    like = nn.conv(x, w, b, padding="same", **options)
    dy = np.copyto(laid := np.empty_like(like), dy) or laid

    if first:
        f = lambda w, b: nn.conv(x, w, b, padding="same", **options)
        args = (w, b)
    else:
        f = lambda x, w, b: nn.conv(x, w, b, padding="same", **options)
        args = (x, w, b)

    def run():
        _, pull = xdl.vjp(f, *args)
        return pull(dy)

    return run


def by_torch(size, *, first=False):
    import torch

    torch.set_num_threads(1)
    x, w, b, dy = map(torch.tensor, arrays(size))
    x, dy = x.permute(0, 3, 1, 2), dy.permute(0, 3, 1, 2)
    w = w.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last).requires_grad_()
    x, b = x.requires_grad_(not first), b.requires_grad_()

    def run():
        x.grad = w.grad = b.grad = None
        torch.nn.functional.conv2d(x, w, b, padding="same").backward(dy)

    return run


class Conv:
    """64 to 64 channels, 128 to 128, and the first layer of a network, 3 to 32; kernels of 3 x 3."""

    timeout = 300

    def setup(self):
        need("torch")

    def track_ratio_64_to_64(self):
        return ratio(by_xdl(MIDDLE), by_torch(MIDDLE))

    def track_ratio_64_to_64_exact(self):
        return ratio(by_xdl(MIDDLE, precision="exact"), by_torch(MIDDLE))

    def track_ratio_128_to_128(self):
        return ratio(by_xdl(WIDE), by_torch(WIDE))

    def track_ratio_3_to_32(self):
        return ratio(by_xdl(FIRST), by_torch(FIRST))

    def track_ratio_3_to_32_of_data(self):
        return ratio(by_xdl(FIRST, first=True), by_torch(FIRST, first=True))

    def track_ratio_1_by_1(self):
        return ratio(by_xdl(POINTWISE), by_torch(POINTWISE))

    def track_milliseconds_64_to_64(self):
        return in_turns(by_xdl(MIDDLE))[0] * 1e3

    for _track in (
        track_ratio_64_to_64,
        track_ratio_64_to_64_exact,
        track_ratio_128_to_128,
        track_ratio_3_to_32,
        track_ratio_3_to_32_of_data,
        track_ratio_1_by_1,
    ):
        _track.unit = "ratio"
    track_milliseconds_64_to_64.unit = "ms"


class ConvTwoThreads:
    """Time on two threads by that on one."""

    timeout = 300

    def track_64_to_64(self):
        return of_two_threads(by_xdl(MIDDLE))

    def track_64_to_64_exact(self):
        return of_two_threads(by_xdl(MIDDLE, precision="exact"))

    track_64_to_64.unit = track_64_to_64_exact.unit = "ratio"
