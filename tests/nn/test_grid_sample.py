import itertools

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import at_once

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
PADDINGS = ("zeros", "border", "reflection")
IMAGE = RNG.normal(size=(2, 4, 5, 3))
# reaching outside on all sides, and off the lines on which entries lie
GRID = RNG.uniform(-1.7, 1.7, size=(2, 3, 4, 2))


def by_torch(x, grid, mode, padding_mode, align_corners):
    """Sampling by PyTorch, of a tensor with channels last."""
    import torch

    y = torch.nn.functional.grid_sample(
        torch.movedim(x, -1, 1),
        grid,
        mode="bilinear" if mode == "linear" else mode,
        padding_mode=padding_mode,
        align_corners=align_corners,
    )
    return torch.movedim(y, 1, -1)


@pytest.mark.parametrize("mode", ["linear", "nearest"])
@pytest.mark.parametrize("padding_mode", PADDINGS)
@pytest.mark.parametrize("shape", [(2, 4, 5, 3), (1, 3, 2, 4, 2)])
def test_values_are_those_of_torch(xp, mode, padding_mode, shape):
    import torch

    ndim = len(shape) - 2
    x = xp.asarray(RNG.normal(size=shape), dtype=xp.float32)
    grid = xp.asarray(RNG.uniform(-1.7, 1.7, size=(shape[0], *(3,) * ndim, ndim)), dtype=xp.float32)
    for align in (False, True):
        f = lambda x, g, a=align: nn.grid_sample(x, g, mode=mode, padding_mode=padding_mode, align_corners=a)
        y = also_jit(f, x, grid) if align else f(x, grid)
        there = [torch.asarray(values(a).copy()) for a in (x, grid)]
        assert_close(y, by_torch(*there, mode, padding_mode, align).numpy(), like=x, atol=1e-5)


@pytest.mark.xp_skip("mock", reason="check_grads compares values on the host")
@pytest.mark.parametrize(
    ("padding_mode", "align"), [("zeros", True), ("border", False), ("reflection", False)]
)
def test_derivatives_agree_with_differences(xp64, padding_mode, align):
    """With respect to image and grid, of both orders; PyTorch's own kernel has no second one."""
    x = xp64.asarray(IMAGE[:1, :3, :3, :2])
    grid = xp64.asarray(GRID[:1, :2, :2])

    def f(x, grid):
        return nn.grid_sample(x, grid, padding_mode=padding_mode, align_corners=align) ** 2

    for engine in (None, "tape"):
        xdl.check_grads(f, (x, grid), order=2, engine=engine)


@pytest.mark.parametrize(("mode", "padding_mode"), [("linear", "border"), ("nearest", "zeros")])
def test_first_derivatives_are_those_of_torch(xp, mode, padding_mode):
    import torch

    x, grid = (xp.asarray(a, dtype=xp.float32) for a in (IMAGE, GRID))
    there = [torch.asarray(values(a).copy()).requires_grad_() for a in (x, grid)]
    expected = by_torch(*there, mode, padding_mode, False)
    dy = RNG.normal(size=tuple(expected.shape)).astype(np.float32)
    grads = torch.autograd.grad(expected, there, torch.asarray(dy))
    for engine in (None, "tape"):

        def pulled(x, grid, dy, engine=engine):
            f = lambda x, grid: nn.grid_sample(x, grid, mode=mode, padding_mode=padding_mode)
            return xdl.vjp(f, x, grid, engine=engine)[1](dy)

        for found, wanted in zip(at_once(pulled, [x, grid, xp.asarray(dy)]), grads, strict=True):
            assert_close(found, wanted.numpy(), like=x, rtol=1e-4, atol=1e-5)


def test_image_and_grid_of_one_origin(xp):
    """A second derivative through both, which must not be counted twice."""
    x = xp.asarray(0.4 * RNG.normal(size=(1, 3, 3, 2)), dtype=xp.float32)
    weights = xp.asarray(RNG.normal(size=(1, 3, 3, 2)), dtype=xp.float32)

    def slope(x, engine):
        def loss(x):
            image = 2.0 * x
            y = nn.grid_sample(image, xdl.array_namespace(x).tanh(image), padding_mode="border")
            return xdl.array_namespace(x).sum(y**2 * weights)

        return xdl.array_namespace(x).sum(xdl.grad(loss, engine=engine)(x) * weights)

    found, expected = (
        at_once(xdl.grad(lambda x, e=engine: slope(x, e), engine=engine), [x]) for engine in (None, "tape")
    )
    assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_derivatives_of_images_of_one_axis(xp):
    """As of images of two, of height 1."""
    import torch

    def theirs(x, grid):
        grid = torch.cat([grid, torch.zeros_like(grid)], dim=-1)
        y = by_torch(x.unsqueeze(1), grid.unsqueeze(1), "linear", "border", True)
        return y.squeeze(1)

    x, grid = IMAGE[:, 0], GRID[:, 0, :, :1]
    f = lambda x, grid: nn.grid_sample(x, grid, padding_mode="border", align_corners=True)
    value, *_ = [f(xp.asarray(x, dtype=xp.float32), xp.asarray(grid, dtype=xp.float32))]
    expected = theirs(torch.asarray(x), torch.asarray(grid)).numpy()
    assert_close(value, expected, like=value, rtol=1e-4, atol=1e-5)


def test_the_grid_of_the_identity_gives_the_image(xp):
    x = xp.asarray(IMAGE, dtype=xp.float32)
    theta = xp.asarray(np.repeat([[[1.0, 0, 0], [0, 1, 0]]], 2, axis=0), dtype=xp.float32)
    for align, padding_mode in itertools.product((False, True), PADDINGS):
        grid = nn.affine_grid(theta, (4, 5), align_corners=align)
        y = nn.grid_sample(x, grid, align_corners=align, padding_mode=padding_mode)
        assert_close(y, x, atol=1e-5)


@pytest.mark.parametrize("align", [False, True])
def test_affine_grids_are_those_of_torch(xp, align):
    import torch

    for k, size in ((2, (4, 2 if align else 1)), (3, (2, 3, 4))):
        theta = xp.asarray(RNG.normal(size=(2, k, k + 1)), dtype=xp.float32)
        expected = torch.nn.functional.affine_grid(
            torch.asarray(values(theta).copy()), (2, 1, *size), align_corners=align
        )
        found = nn.affine_grid(theta, size, align_corners=align)
        assert_close(found, expected.numpy(), like=theta, atol=1e-5)


def test_derivatives_through_an_affine_grid(xp):
    def ours(x, theta):
        return nn.grid_sample(x, nn.affine_grid(theta, 3), padding_mode="border")

    def theirs(x, theta):
        import torch

        grid = torch.nn.functional.affine_grid(theta, (2, 3, 3, 3), align_corners=False)
        return by_torch(x, grid, "linear", "border", False)

    import torch

    theta = RNG.normal(size=(2, 2, 3))
    there = [torch.asarray(a).requires_grad_() for a in (IMAGE, theta)]
    expected = torch.autograd.grad((theirs(*there) ** 2).sum(), there)
    args = [xp.asarray(a, dtype=xp.float32) for a in (IMAGE, theta)]
    loss = lambda *a: xdl.array_namespace(*a).sum(ours(*a) ** 2)
    for found, wanted in zip(at_once(xdl.grad(loss, (0, 1)), args), expected, strict=True):
        assert_close(found, wanted.numpy(), like=args[0], rtol=1e-3, atol=1e-3)


def test_nan_counts_as_the_first_edge(xp):
    x = xp.asarray(IMAGE, dtype=xp.float32)
    grid = GRID.copy()
    grid[0, 0, 0] = np.nan
    edge = np.where(np.isnan(grid), -1.0, grid)
    for padding_mode in PADDINGS:
        found, expected = (
            nn.grid_sample(x, xp.asarray(g, dtype=xp.float32), padding_mode=padding_mode)
            for g in (grid, edge)
        )
        assert_equal(found, expected)


def test_places_far_away(xp):
    """No index overflows."""
    x = xp.asarray(IMAGE[:1], dtype=xp.float32)
    grid = xp.asarray([[[[1e18, 0.0], [0.0, -np.inf]]]], dtype=xp.float32)
    for engine in (None, "tape"):
        f = lambda x, g: nn.grid_sample(x, g)
        y, pull = xdl.vjp(f, x, grid, engine=engine)
        assert_equal(y, np.zeros((1, 1, 2, 3)), like=x)
        assert all(np.all(values(d) == 0) for d in pull(xp.ones_like(y)))
    corner = nn.grid_sample(x, xp.asarray([[[[np.inf, -1e18]]]], dtype=xp.float32), padding_mode="border")
    assert_close(xp.reshape(corner, (-1,)), IMAGE[0, 0, 4], like=x)


def test_what_is_outside_may_be_infinite(xp):
    """Zeros stay zeros beside an infinite entry, and so does the derivative."""
    image = np.full((1, 2, 2, 1), np.inf)
    image[0, 1, 1] = 1.0
    x = xp.asarray(image, dtype=xp.float32)
    grid = xp.asarray([[[[-3.0, -3.0], [2.4, 2.4]]]], dtype=xp.float32)
    for engine in (None, "tape"):
        y, pull = xdl.vjp(lambda g: nn.grid_sample(x, g), grid, engine=engine)
        assert_equal(y, np.zeros((1, 1, 2, 1)), like=x)
        assert_equal(pull(xp.ones_like(y))[0], np.zeros((1, 1, 2, 2)), like=x)


def test_empty_batch(xp):
    y = nn.grid_sample(xp.ones((0, 2, 3, 4), dtype=xp.float32), xp.ones((0, 5, 6, 2), dtype=xp.float32))
    assert y.shape == (0, 5, 6, 4)


def test_errors(xp):
    x, grid = xp.ones((2, 4, 5, 3), dtype=xp.float32), xp.ones((2, 3, 3, 2), dtype=xp.float32)
    for args in ((x, grid[:1, ...]), (x, grid[..., :1]), (x, grid[:, 0, ...]), (x[:, :0, ...], grid)):
        with pytest.raises(ValueError, match="expected `x`"):
            nn.grid_sample(*args)
    with pytest.raises(ValueError, match="`mode`"):
        nn.grid_sample(x, grid, mode="bilinear")
    with pytest.raises(ValueError, match="`padding_mode`"):
        nn.grid_sample(x, grid, padding_mode="reflect")
    with pytest.raises(TypeError, match="one dtype"):
        nn.grid_sample(x, xp.astype(grid, xp.complex64))
    with pytest.raises(ValueError, match="`theta`"):
        nn.affine_grid(xp.ones((2, 2, 2), dtype=xp.float32), 3)
