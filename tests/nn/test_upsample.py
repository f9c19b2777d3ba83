import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives

import xdl
from xdl import nn
from xdl.nn._upsample import weights

RNG = np.random.default_rng(0)
KERNELS = {3: "linear", 4: "bilinear", 5: "trilinear"}
CASES = [((2, 5, 3), 12), ((2, 5, 3), 2), ((2, 4, 6, 2), (8, 9)), ((1, 3, 4, 2, 2), (6, 3, 1))]


def by_torch(x, size, mode, align_corners=False):
    """Resampling by PyTorch, of a tensor with channels last."""
    import torch

    options = (
        {"mode": mode} if mode == "nearest" else {"mode": KERNELS[x.ndim], "align_corners": align_corners}
    )
    y = torch.nn.functional.interpolate(torch.movedim(x, -1, 1), size=size, **options)
    return torch.movedim(y, 1, -1)


@pytest.mark.parametrize(("mode", "align"), [("nearest", False), ("linear", False), ("linear", True)])
@pytest.mark.parametrize(("shape", "size"), CASES, ids=str)
def test_values_are_those_of_torch(xp, shape, size, mode, align):
    import torch

    x = xp.asarray(RNG.normal(size=shape), dtype=xp.float32)
    y = also_jit(
        lambda x: nn.upsample(x, size=size, mode=mode, align_corners=align), x, fullgraph=len(shape) == 4
    )
    assert_close(y, by_torch(torch.asarray(values(x).copy()), size, mode, align).numpy(), like=x)


@pytest.mark.parametrize(("mode", "align"), [("nearest", False), ("linear", False), ("linear", True)])
def test_derivatives_are_those_of_torch(xp, mode, align):
    assert_derivatives(
        xp,
        lambda x: nn.upsample(x, size=(7, 3), mode=mode, align_corners=align) ** 2,
        lambda x: by_torch(x, (7, 3), mode, align) ** 2,
        RNG.normal(size=(2, 4, 6, 2)),
    )


def test_nearest_is_exact_for_all_sizes():
    """No rounded ratio decides between two entries, whatever the library."""
    x = np.arange(600.0).reshape(1, -1, 1)
    for n, m in [(600, 7), (41, 41 * 13), (49, 49 * 7), (100, 331)]:
        y = nn.upsample(x[:, :n], size=m)
        assert_equal(y[0, :, 0], x[0, [i * n // m for i in range(m)], 0])
    torch = xdl.backend("torch")
    y = nn.upsample(torch.asarray(x[:, :41].copy()), size=41 * 13)
    assert_equal(values(y)[0, :, 0], np.repeat(np.arange(41.0), 13))


def test_a_line_stays_a_line(xp):
    x = xp.reshape(xp.asarray(np.linspace(-1, 1, 5), dtype=xp.float32), (1, 5, 1))
    y = nn.upsample(x, size=13, mode="linear", align_corners=True)
    assert_close(xp.reshape(y, (-1,)), np.linspace(-1, 1, 13), like=x, atol=1e-6)


def test_weights_are_of_neighbors():
    for n, m, align in [(5, 9, False), (5, 9, True), (9, 4, False), (1, 3, True), (3, 1, True)]:
        below, above, parts = weights(n, m, align)
        assert all(0 <= a <= b <= min(a + 1, n - 1) for a, b in zip(below, above, strict=True))
        assert all(0 <= t < 1 for t in parts)


@pytest.mark.xp_skip("torch", reason="its kernel multiplies what has no part by zero: NaN beside an infinity")
def test_an_infinity_without_part_stays_out(xp):
    x = xp.asarray([[[1.0], [np.inf], [3.0]]], dtype=xp.float32)
    y = nn.upsample(x, size=3, mode="linear")
    assert_equal(y, x)
    y = nn.upsample(x, size=5, mode="linear", align_corners=True)
    assert_equal(xp.reshape(y, (-1,)), [1.0, np.inf, np.inf, np.inf, 3.0], like=x)


def test_scale(xp):
    x = xp.asarray(RNG.normal(size=(1, 4, 6, 2)), dtype=xp.float32)
    assert_equal(nn.upsample(x, scale=2), np.repeat(np.repeat(values(x), 2, 1), 2, 2), like=x)
    for mode in ("nearest", "linear"):
        assert_equal(nn.upsample(x, scale=(0.5, 1.3), mode=mode), nn.upsample(x, size=(2, 7), mode=mode))


@pytest.mark.xp_skip("mock", reason="check_grads compares values on the host")
@pytest.mark.parametrize(("mode", "align"), [("nearest", False), ("linear", False), ("linear", True)])
def test_derivatives_agree_with_differences(xp64, mode, align):
    x = xp64.asarray(RNG.normal(size=(1, 4, 3, 2)), dtype=xp64.float64)
    f = lambda x: nn.upsample(x, size=(6, 2), mode=mode, align_corners=align) ** 2
    xdl.check_grads(f, (x,), order=2, engine="tape")


def test_integers_and_complex_numbers(xp):
    x = xp.asarray([[[1], [2]]])
    assert_equal(nn.upsample(x, size=3), [[[1], [1], [2]]], like=x)
    with pytest.raises(TypeError, match="floating"):
        nn.upsample(x, size=3, mode="linear")
    z = xp.asarray([[[1j], [2.0]]], dtype=xp.complex64)
    y = nn.upsample(z, size=3, mode="linear", align_corners=True)
    assert_close(xp.reshape(y, (-1,)), [1j, 1 + 0.5j, 2], like=z)


def test_empty_batch(xp):
    for mode in ("nearest", "linear"):
        assert nn.upsample(xp.ones((0, 2, 3, 4)), size=5, mode=mode).shape == (0, 5, 5, 4)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({}, "either `scale` or `size`"),
        ({"scale": 2, "size": 3}, "either `scale` or `size`"),
        ({"size": 0}, "`size`"),
        ({"size": (2, 3)}, "`size`"),
        ({"scale": -1.0}, "`scale`"),
        ({"scale": 0.1}, "`scale`"),
        ({"scale": (2, 2)}, "`scale`"),
        ({"scale": 2, "mode": "cubic"}, "`mode`"),
        ({"scale": 2, "align_corners": True}, "`align_corners`"),
    ],
)
def test_errors(xp, options, match):
    with pytest.raises(ValueError, match=match):
        nn.upsample(xp.ones((1, 4, 2), dtype=xp.float32), **options)


def test_shapes_that_are_no_images(xp):
    for shape in ((3, 2), (1, 0, 2)):
        with pytest.raises(ValueError, match="1 to 3 spatial axes"):
            nn.upsample(xp.ones(shape, dtype=xp.float32), scale=2)
