"""Padding and resampling."""

import numpy as np

from xdl import nn

from ._graph import Unsupported, first, last, operator


@operator("Pad", settings=(1, 2, 3))
def _(xp, x, pads=None, value=None, axes=None, *, mode="constant"):
    pads = [int(k) for k in pads]
    if min(pads) < 0:
        raise Unsupported("negative padding: take a part")
    axes = list(range(x.ndim)) if axes is None else [int(a) % x.ndim for a in axes]
    n = len(axes)
    pairs = tuple(zip(pads[:n], pads[n:], strict=True))
    names = {"constant": "constant", "reflect": "reflect", "edge": "edge", "wrap": "wrap"}
    fill = 0.0 if value is None else float(np.asarray(value).reshape(-1)[0])
    return nn.pad(x, pairs, axis=tuple(axes), mode=names[mode], value=fill)


@operator("DepthToSpace")
def _(xp, x, *, blocksize, mode="DCR"):
    if mode == "DCR":
        raise Unsupported("blocks before channels, as TensorFlow has them: PyTorch's order is CRD")
    return first(xp, nn.pixel_shuffle(last(xp, x), blocksize))


@operator("SpaceToDepth")
def _(xp, x, *, blocksize, mode="DCR"):
    if mode == "DCR":
        raise Unsupported("blocks before channels, as TensorFlow has them: PyTorch's order is CRD")
    return first(xp, nn.pixel_unshuffle(last(xp, x), blocksize))


@operator("GridSample")
def _(xp, x, grid, *, align_corners=0, mode="linear", padding_mode="zeros"):
    mode = {"bilinear": "linear"}.get(mode, mode)
    if mode in ("cubic", "bicubic"):
        raise Unsupported("cubic interpolation")
    y = nn.grid_sample(
        last(xp, x), grid, mode=mode, padding_mode=padding_mode, align_corners=bool(align_corners)
    )
    return first(xp, y)


@operator("AffineGrid", settings=(1,))
def _(xp, theta, size, *, align_corners=0):
    return nn.affine_grid(theta, tuple(int(n) for n in size[2:]), align_corners=bool(align_corners))


@operator("Resize", settings=(1, 2, 3))
def _(
    xp, x, roi=None, scales=None, sizes=None, *, antialias=0, axes=None, coordinate_transformation_mode="half_pixel",
    cubic_coeff_a=-0.75, exclude_outside=0, extrapolation_value=0.0, keep_aspect_ratio_policy="stretch",
    mode="nearest", nearest_mode="round_prefer_floor",
):  # fmt: skip
    if mode == "cubic" or antialias:
        raise Unsupported("cubic interpolation and antialiasing")
    if (roi is not None and roi.size) or coordinate_transformation_mode == "tf_crop_and_resize":
        raise Unsupported("a region of interest")
    if keep_aspect_ratio_policy != "stretch":
        raise Unsupported("a size that depends on the others")
    axes = list(range(x.ndim)) if axes is None else [int(a) % x.ndim for a in axes]
    target = list(x.shape)
    for k, a in enumerate(axes):
        target[a] = int(sizes[k]) if sizes is not None and sizes.size else int(x.shape[a] * float(scales[k]))
    if target[:2] != list(x.shape[:2]):
        raise Unsupported("resampling of examples or channels")
    if scales is not None and scales.size:
        factors = [float(s) for s in scales]
        exact = all(abs(x.shape[a] * s - target[a]) < 1e-6 for a, s in zip(axes, factors, strict=True))
        if not exact:
            raise Unsupported("a scale that is not the ratio of the sizes")
    up = all(t % n == 0 for t, n in zip(target[2:], x.shape[2:], strict=True))
    if mode == "nearest":
        known = {
            ("asymmetric", "floor"),  # PyTorch's nearest
            *((c, m) for c in ("half_pixel",) for m in ("round_prefer_floor", "round_prefer_ceil") if up),
        }
        if (coordinate_transformation_mode, nearest_mode) not in known:
            raise Unsupported("nearest neighbors other than PyTorch's: floor(i n / m)")
        return first(xp, nn.upsample(last(xp, x), size=tuple(target[2:]), mode="nearest"))
    corners = {
        "half_pixel": False,
        "pytorch_half_pixel": False,
        "half_pixel_symmetric": False,
        "align_corners": True,
    }
    if coordinate_transformation_mode not in corners:
        raise Unsupported("coordinates neither of the corners nor of the centers of pixels")
    if coordinate_transformation_mode == "pytorch_half_pixel" and 1 in target[2:]:
        raise Unsupported("PyTorch's former rule for a size of 1")
    return first(
        xp,
        nn.upsample(
            last(xp, x),
            size=tuple(target[2:]),
            mode="linear",
            align_corners=corners[coordinate_transformation_mode],
        ),
    )


@operator("Upsample", settings=(1,))
def _(xp, x, scales, *, mode="nearest"):
    size = tuple(int(n * float(s)) for n, s in zip(x.shape[2:], scales[2:], strict=True))
    return first(xp, nn.upsample(last(xp, x), size=size, mode=mode))
