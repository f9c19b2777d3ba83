"""Gradients: torch.autograd.grad where nothing else is at work, torch.func inside its transforms."""

import threading
from typing import Any

import torch
from torch.autograd import graph

from xdl.core import tree

from ._leaves import Flat, check_cotangent, conjugate, inputs, smooth, split, transforming

__all__ = ["depth", "value_and_grad", "vjp"]

_levels = threading.local()
_Leaf = type(graph.get_gradient_edge(torch.empty((), requires_grad=True)).node)
_run = getattr(graph, "_engine_run_backward", None)  # private: without it the function around it serves


def depth() -> int:
    """How many gradients are being taken around the caller."""
    return getattr(_levels, "depth", 0)


class _Level:
    """One gradient being taken; its variables know it, and it knows whether its function is still running."""

    active = True

    def run(self, f, args, options):
        _levels.depth = depth() + 1
        try:
            return f(*args, **options)
        finally:
            _levels.depth -= 1
            self.active = False


def _track(leaves, level):
    # Variables of this level alone: the gradient of an outer level goes on through the alias, and
    # nothing of this level gets into the outer one.
    xs = []
    for x in leaves:
        if x.requires_grad:
            x = x.view_as(x)
        else:
            x = x.detach().requires_grad_()
            x._xdl_level = level
        xs.append(x)
    return xs


def _attached(leaves, roots):
    """Whether results depend on a variable of an outer level, so that they must stay differentiable.

    It may come in through an argument, or through something that the function closes over.
    """
    for x in leaves:
        if x.requires_grad:
            return True
    nodes = []
    for x in roots:
        if x.grad_fn is not None:
            nodes.append(x.grad_fn)
        elif x.requires_grad and _is_outer(x):
            return True
    seen = set(nodes)
    for node in nodes:  # grows while it is walked
        for n, _ in node.next_functions:
            if n is None or n in seen:
                continue
            seen.add(n)
            if type(n) is not _Leaf:
                nodes.append(n)
            elif _is_outer(n.variable):
                return True
    return False


def _is_outer(leaf):
    level = getattr(leaf, "_xdl_level", None)
    return level is None or level.active


def _detach(x):
    return x.detach() if isinstance(x, torch.Tensor) and x.requires_grad else x


def _put(args, argnums, active):
    full = list(args)
    for i, x in zip(argnums, active, strict=True):
        full[i] = x
    return full


def _loss(value):
    if not isinstance(value, torch.Tensor):
        message = f"expected a function that returns a scalar tensor, got {type(value).__module__}.{type(value).__qualname__}"
        raise TypeError(message)
    if value.ndim or not value.is_floating_point():
        message = (
            f"expected a function that returns a real scalar, got shape {tuple(value.shape)} of {value.dtype}"
        )
        raise TypeError(message)
    return value


def value_and_grad(f, argnums, has_aux, args, options):
    active = tuple([args[i] for i in argnums])
    if transforming():
        return _value_and_grad_inside(f, argnums, has_aux, args, options, active)
    if torch.is_grad_enabled():
        return _value_and_grad(f, argnums, has_aux, args, options, active, True)
    with torch.enable_grad():
        return _value_and_grad(f, argnums, has_aux, args, options, active, False)


def _value_and_grad(f, argnums, has_aux, args, options, active, outer):
    leaves, structure = tree.flatten(active)
    level = _Level()
    xs = _track(inputs(leaves), level)
    out = level.run(f, _put(args, argnums, tree.unflatten(structure, xs)), options)
    value, aux = out if has_aux else (out, None)
    roots = [_loss(value)]
    if has_aux:
        roots += [x for x in tree.leaves(aux) if isinstance(x, torch.Tensor)]
    attached = outer and _attached(leaves, roots)
    grads = _pull((value,), xs, (torch.ones_like(value),), attached, attached)
    if not attached:
        value = value.detach()
        aux = tree.map(_detach, aux) if has_aux else None
    return ((value, aux) if has_aux else value), tree.unflatten(structure, grads)


def _value_and_grad_inside(f, argnums, has_aux, args, options, active):
    leaves, structure = tree.flatten(active)
    inputs(leaves)
    if not leaves:
        return f(*args, **options), active
    flat = Flat(
        lambda *a: f(*_put(args, argnums, a), **options), lambda xs: tree.unflatten(structure, xs), has_aux
    )

    def loss(*xs):
        ys, others = flat(*xs)
        return _loss(flat.y(ys, others)), others

    transform = torch.func.grad_and_value(loss, argnums=tuple(range(len(leaves))), has_aux=True)
    grads, (value, others) = transform(*leaves)
    grads = tree.unflatten(structure, [conjugate(g) for g in grads])
    return ((value, flat.aux(others)) if has_aux else value), grads


def vjp(f, primals, has_aux):
    if transforming():
        return _vjp_inside(f, primals, has_aux)
    if torch.is_grad_enabled():
        return _vjp(f, primals, has_aux, True)
    with torch.enable_grad():
        return _vjp(f, primals, has_aux, False)


def _vjp(f, primals, has_aux, outer):
    leaves, rebuild, spread = split(primals)
    level = _Level()
    xs = _track(leaves, level)
    out = level.run(f, rebuild(xs), {})
    y, aux = out if has_aux else (out, None)
    ys, structure = tree.flatten(y)
    more = tree.leaves(aux) if has_aux else []
    attached = outer and _attached(leaves, [x for x in (*ys, *more) if isinstance(x, torch.Tensor)])
    roots = [x for x in ys if smooth(x)]
    places = [i for i, x in enumerate(ys) if smooth(x)]
    if not attached:
        y = tree.unflatten(structure, map(_detach, ys))
        aux = tree.map(_detach, aux) if has_aux else None

    def pullback(dy):
        dys, found = tree.flatten(dy)
        check_cotangent(found, structure)
        dys = [conjugate(dys[i]) for i in places]
        create = torch.is_grad_enabled() and (attached or any(d.requires_grad for d in dys))
        return spread(_pull(roots, xs, dys, True, create))

    return (y, pullback, aux) if has_aux else (y, pullback)


def _vjp_inside(f, primals, has_aux):
    leaves, rebuild, spread = split(primals)
    flat = Flat(f, rebuild, has_aux)
    ys, pull, others = torch.func.vjp(flat, *leaves, has_aux=True)
    pullback = lambda dy: spread([conjugate(g) for g in pull(tuple(flat.cotangent(dy)))])
    y = flat.y(ys, others)
    return (y, pullback, flat.aux(others)) if has_aux else (y, pullback)


def _pull(ys: Any, xs: Any, dys: Any, keep: bool, create: bool) -> list[Any]:
    """Cotangents of the xs, in JAX's convention; zeros for those that the ys do not depend on."""
    pairs = [(y, d) for y, d in zip(ys, dys, strict=True) if y.requires_grad]
    if not pairs:
        return [torch.zeros_like(x) for x in xs]
    ys, dys = zip(*pairs, strict=True)
    if _run is None or any(y.shape != d.shape or y.dtype != d.dtype for y, d in pairs):
        grads = torch.autograd.grad(ys, xs, dys, retain_graph=keep, create_graph=create, allow_unused=True)
    else:
        # what torch.autograd.grad calls when it has looked at its arguments, which takes longer than many a gradient
        grads = _run(ys, dys, keep, create, tuple(xs), True, accumulate_grad=False)
    return [torch.zeros_like(x) if g is None else conjugate(g) for x, g in zip(xs, grads, strict=True)]
