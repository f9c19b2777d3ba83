"""Forward mode, whole derivatives and maps over an axis, by torch.func on flat tuples of tensors."""

import warnings

import optree
import torch
from torch.autograd import forward_ad

from xdl.core import NoRuleError, TreeError, tree

from ._leaves import Flat, conjugate, inputs, smooth, split
from ._reverse import value_and_grad, vjp

__all__ = ["hessian", "hvp", "jacobian", "jvp", "linearize", "vmap"]


_loaded: list[None] = []


def _load():
    """Let torch load its forward mode without the warnings about its own torch.jit."""
    if not _loaded and not torch.compiler.is_dynamo_compiling():
        with warnings.catch_warnings(), forward_ad.dual_level():
            warnings.simplefilter("ignore", DeprecationWarning)
            forward_ad.make_dual(torch.zeros(()), torch.zeros(()))
        _loaded.append(None)


def jvp(f, primals, tangents, has_aux):
    _load()
    xs, rebuild, _ = split(primals)
    flat = Flat(f, rebuild, has_aux)
    pairs = tree.map(lambda x, d: _Pair(x, d), primals, tangents)
    dxs = [p.d for p in tree.leaves(pairs) if smooth(p.x)]
    ys, dys, others = torch.func.jvp(flat, tuple(xs), tuple(dxs), has_aux=True)
    # the tangent of a number of Python times a 0-d tensor is float64 (pytorch#90065, #160513)
    dys = tuple([dy.to(y.dtype) for y, dy in zip(ys, dys, strict=True)])
    y, dy = flat.y(ys, others), flat.tangent(dys, others)
    return (y, dy, flat.aux(others)) if has_aux else (y, dy)


class _Pair:
    def __init__(self, x, d):
        self.x, self.d = x, d


def linearize(f, primals):
    # torch.func.linearize traces the whole function, which takes longer than most uses of the result
    return f(*primals), lambda *tangents: jvp(f, primals, tangents, False)[1]


def _blocks(blocks, structure):
    return tree.unflatten(structure, [conjugate(b) for b in blocks])


def _of_active(f, argnums, args):
    active = tuple([args[i] for i in argnums])
    leaves, structure = tree.flatten(active)

    def of_active(*xs):
        full = list(args)
        for i, x in zip(argnums, xs, strict=True):
            full[i] = x
        return f(*full)

    return Flat(of_active, lambda xs: tree.unflatten(structure, xs)), inputs(leaves), structure


def jacobian(f, argnums, args):
    flat, leaves, structure = _of_active(f, argnums, args)
    everything = tuple(range(len(leaves)))
    found, others = torch.func.jacrev(flat, argnums=everything, has_aux=True)(*leaves)
    return flat.y([_blocks(row, structure) for row in found], others)


def hessian(f, argnums, args):
    _load()
    flat, leaves, structure = _of_active(f, argnums, args)
    everything = tuple(range(len(leaves)))
    loss = lambda *xs: flat(*xs)[0][0]
    gradient = torch.func.jacrev(loss, argnums=everything)
    try:
        found = torch.func.jacfwd(gradient, argnums=everything)(*leaves)
    except NotImplementedError as error:
        if isinstance(error, NoRuleError):
            raise
        # some operations (fused attention) have no forward mode
        found = torch.func.jacrev(gradient, argnums=everything)(*leaves)
    return tree.unflatten(structure, [_blocks(row, structure) for row in found])


def hvp(f, args, tangents):
    gradient = lambda *xs: value_and_grad(f, tuple(range(len(args))), False, xs, {})[1]
    if any(x.is_complex() for x in tree.leaves(args)):
        return jvp(gradient, args, tangents, False)[1]
    return vjp(gradient, args, False)[1](tangents)  # a Hessian is symmetric


def _axes(prefix, x, what):
    """One axis per leaf of ``x``; an int or None in ``prefix`` stands for all leaves below."""
    if prefix is None or isinstance(prefix, int):
        return [prefix] * len(tree.leaves(x))
    mine = optree.tree_flatten_one_level(prefix, namespace=tree.NAMESPACE)[0]
    children = optree.tree_flatten_one_level(x, namespace=tree.NAMESPACE)[0] if not _is_leaf(x) else ()
    if len(mine) != len(children):
        message = f"`{what}` {prefix!r} does not match a tree of structure {tree.structure(x)}"
        raise TreeError(message)
    return [axis for p, c in zip(mine, children, strict=True) for axis in _axes(p, c, what)]


def _is_leaf(x):
    return optree.tree_is_leaf(x, namespace=tree.NAMESPACE)


def vmap(f, in_axes, out_axes, args):
    leaves, structure = tree.flatten(args)
    axes = _axes(tuple(in_axes) if isinstance(in_axes, list) else in_axes, args, "in_axes")
    mapped = [i for i, x in enumerate(leaves) if isinstance(x, torch.Tensor)]
    record = {}

    def flat(*xs):
        merged = list(leaves)
        for i, x in zip(mapped, xs, strict=True):
            merged[i] = x
        found, record["structure"] = tree.flatten(f(*tree.unflatten(structure, merged)))
        record["axes"] = _axes(out_axes, tree.unflatten(record["structure"], found), "out_axes")
        record["found"] = [x if not isinstance(x, torch.Tensor) else None for x in found]
        pairs = [(x, a) for x, a in zip(found, record["axes"], strict=True) if isinstance(x, torch.Tensor)]
        return tuple([x for x, a in pairs if a is not None]), tuple([x for x, a in pairs if a is None])

    along = tuple([axes[i] for i in mapped])
    moved, same = torch.func.vmap(flat, in_dims=along, out_dims=(0, None))(*[leaves[i] for i in mapped])
    moved, same = iter(moved), iter(same)
    ys = []
    for constant, axis in zip(record["found"], record["axes"], strict=True):
        if constant is not None:
            ys.append(constant)
        else:
            ys.append(next(same) if axis is None else torch.movedim(next(moved), 0, axis))
    return tree.unflatten(record["structure"], ys)
