"""Sampling of images with PyTorch's own kernels, and derivatives of any order."""

import torch
import torch.nn.functional as F

from xdl.nn._grid_sample import LARGE, check_grid_sample, grid_sample

from ._leaves import transforming

MODES = {"linear": 0, "nearest": 1}
PADDINGS = {"zeros": 0, "border": 1, "reflection": 2}


def _suits(x, grid, /, **options):
    if x.numel() == 0 or grid.numel() == 0 or x.dtype not in (torch.float32, torch.float64) or x.ndim < 4:
        return False
    # inside the transforms of torch.func the definition serves, which has derivatives of all kinds
    return torch.compiler.is_dynamo_compiling() or not (
        transforming() or torch.autograd.forward_ad._current_level >= 0
    )


@grid_sample.method("torch", when=_suits)
def _(x, grid, /, *, mode, padding_mode, align_corners):
    check_grid_sample(x, grid, mode, padding_mode)
    grid = torch.nan_to_num(grid, nan=-1.0, posinf=LARGE, neginf=-LARGE)
    traced = torch.is_grad_enabled() and (x.requires_grad or grid.requires_grad)
    if torch.compiler.is_dynamo_compiling() or not traced:
        y = F.grid_sample(
            torch.movedim(x, -1, 1),
            grid,
            mode="bilinear" if mode == "linear" else mode,
            padding_mode=padding_mode,
            align_corners=align_corners,
        )
        return torch.movedim(y, 1, -1)
    return _GridSample.apply(x, grid, mode, padding_mode, align_corners)


class _GridSample(torch.autograd.Function):
    """The kernel, whose own derivative has no derivative, and the definition where one is asked for."""

    @staticmethod
    def forward(ctx, x, grid, mode, padding_mode, align_corners):
        ctx.save_for_backward(x, grid)
        ctx.options = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
        kernel = torch.grid_sampler_3d if x.ndim == 5 else torch.grid_sampler_2d
        y = kernel(torch.movedim(x, -1, 1), grid, MODES[mode], PADDINGS[padding_mode], align_corners)
        return torch.movedim(y, 1, -1)

    @staticmethod
    def backward(ctx, dy):
        x, grid = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        if torch.is_grad_enabled():
            # of the arguments alone, not of what they were computed from
            args = [a.view_as(a) if a.requires_grad else a for a in (x, grid)]
            inner = [a for a, want in zip(args, wanted, strict=True) if want]
            y = grid_sample.definition(*args, **ctx.options)
            found = torch.autograd.grad(
                y, inner, dy, create_graph=True, allow_unused=True, materialize_grads=True
            )
            found = iter(found)
            return *[next(found) if want else None for want in wanted], None, None, None
        aten = torch.ops.aten
        kernel = aten.grid_sampler_3d_backward if x.ndim == 5 else aten.grid_sampler_2d_backward
        dx, dgrid = kernel(
            torch.movedim(dy, -1, 1),
            torch.movedim(x, -1, 1),
            grid,
            MODES[ctx.options["mode"]],
            PADDINGS[ctx.options["padding_mode"]],
            ctx.options["align_corners"],
            (wanted[0], True),
        )
        return torch.movedim(dx, 1, -1) if wanted[0] else None, dgrid, None, None, None
