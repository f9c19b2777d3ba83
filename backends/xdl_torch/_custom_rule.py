"""Derivatives given by the user, in both modes and at any order."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import forward_ad

from xdl.core import tree

from ._leaves import conjugate, smooth, transforming
from ._reverse import vjp

__all__ = ["custom_rule"]


def custom_rule(f: Callable[..., Any], pullback: Any, pushforward: Any) -> Callable[..., Any]:
    @functools.wraps(f)
    def call(*args):
        leaves, structure = tree.flatten(args)
        places = [i for i, x in enumerate(leaves) if isinstance(x, torch.Tensor)]
        if not _observed([leaves[i] for i in places]):
            with torch.no_grad():  # as in the forward pass of a rule
                return f(*args)
        record = _Call(f, pullback, pushforward, leaves, structure, places)
        apply = _Plain.apply if torch.compiler.is_dynamo_compiling() else _Rule.apply
        ys = apply(record, *[leaves[i] for i in places])
        return record.y(ys)

    return call


def _observed(xs):
    """Whether autograd, torch.func or a compiler may ask for derivatives."""
    recording = torch.is_grad_enabled() and any(x.requires_grad for x in xs)
    return recording or transforming() or forward_ad._current_level >= 0


class _Call:
    """One call of a function with a rule: its trees, and the two derivatives on flat tuples."""

    def __init__(self, f, pullback, pushforward, leaves, structure, places):
        self.f, self.pullback, self.pushforward = f, pullback, pushforward
        self.leaves, self.structure, self.places = leaves, structure, places

    def args(self, xs):
        merged = list(self.leaves)
        for i, x in zip(self.places, xs, strict=True):
            merged[i] = x
        return tree.unflatten(self.structure, merged)

    def run(self, *xs):
        leaves, self.y_structure = tree.flatten(self.f(*self.args(xs)))
        self.y_leaves = [None if isinstance(y, torch.Tensor) else (y,) for y in leaves]
        return tuple([y for y in leaves if isinstance(y, torch.Tensor)])

    def y(self, ys):
        ys = iter(ys)
        return tree.unflatten(self.y_structure, [next(ys) if c is None else c[0] for c in self.y_leaves])

    def pull(self, saved, dys):
        """Cotangents of the tensors among the arguments, in JAX's convention on both sides."""
        n = len(self.places)
        xs, ys = saved[:n], saved[n:]
        if self.pullback is None:
            return self.transpose(self.push, saved, xs, dys)
        dargs = self.pullback(self.y(dys), self.y(ys), *self.args(xs))
        found = _leaves_of_cotangents(dargs, self.args(xs))
        return [_fit(found[i], x, "cotangent") for i, x in zip(self.places, xs, strict=True)]

    def push(self, saved, dxs):
        """Tangents of the tensors of the result."""
        n = len(self.places)
        xs, ys = saved[:n], saved[n:]
        if self.pushforward is None:
            return self.transpose(self.pull, saved, ys, dxs)
        dy = self.pushforward(self.args(dxs), self.y(ys), *self.args(xs))
        pairs = zip(tree.leaves(tree.map(lambda _, d: d, self.y(ys), dy)), self.y_leaves, strict=True)
        found = [d for d, constant in pairs if constant is None]
        return [_fit(d, y, "tangent") for d, y in zip(found, ys, strict=True)]

    @staticmethod
    def transpose(linear, saved, inputs, cotangents):
        """Transpose of ``linear(saved, .)``, a linear function of tensors like ``inputs``."""
        zeros = tuple([torch.zeros_like(x) for x in inputs])
        y, pull = vjp(lambda *u: linear(saved, list(u)), zeros, False)
        return pull([d if smooth(a) else a for a, d in zip(y, cotangents, strict=True)])


def _leaves_of_cotangents(dargs, args):
    if not isinstance(dargs, tuple) or len(dargs) != len(args):
        message = f"a pullback returns a tuple with one cotangent for each of the {len(args)} arguments, got {dargs!r}"
        raise TypeError(message)
    found = []
    for d, x in zip(dargs, args, strict=True):
        found += tree.leaves(tree.map(lambda x: 0, x) if d is None else tree.map(lambda _, d: d, x, d))
    return found


def _fit(d, x, kind):
    """Tangent or cotangent in the shape and dtype of ``x``; numbers are spread."""
    if not smooth(x):
        return torch.zeros_like(x)
    if not isinstance(d, torch.Tensor):
        return torch.full_like(x, d)
    if d.ndim and d.shape != x.shape:
        message = f"a rule returned a {kind} of shape {tuple(d.shape)} for a tensor of shape {tuple(x.shape)}"
        raise ValueError(message)
    d = d.real if d.is_complex() and not x.is_complex() else d
    return d.to(x.dtype).expand(x.shape)


def _backward(ctx, *dys):
    n = len(ctx.record.places)
    ys = ctx.saved_tensors[n:]
    dys = [conjugate(d) if smooth(y) else torch.zeros_like(y) for d, y in zip(dys, ys, strict=True)]
    dxs = ctx.record.pull(ctx.saved_tensors, dys)
    return None, *[conjugate(d) if smooth(x) else None for d, x in zip(dxs, ctx.saved_tensors, strict=False)]


class _Plain(torch.autograd.Function):
    """Reverse mode alone, which torch.compile can follow."""

    @staticmethod
    def forward(record, *xs):
        return record.run(*xs)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.record = inputs[0]
        ctx.save_for_backward(*inputs[1:], *output)
        ctx.mark_non_differentiable(*[y for y in output if not smooth(y)])

    backward = staticmethod(_backward)


class _Rule(_Plain):
    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx, inputs, output):
        _Plain.setup_context(ctx, inputs, output)
        ctx.save_for_forward(*inputs[1:], *output)

    @staticmethod
    def jvp(ctx, _, *dxs):
        saved = ctx.saved_tensors
        n = len(ctx.record.places)
        dxs = [torch.zeros_like(x) if d is None else d for d, x in zip(dxs, saved[:n], strict=True)]
        dys = ctx.record.push(saved, dxs)
        return tuple([d if smooth(y) else None for d, y in zip(dys, saved[n:], strict=True)])
