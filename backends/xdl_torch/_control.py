"""Control flow, and what is kept for the backward pass."""

import torch
from torch.utils import checkpoint as _checkpoint

from xdl.core import TreeError, tree

from ._jit import tracing
from ._leaves import transforming

__all__ = ["checkpoint", "cond", "scan", "stop_gradient", "while_loop"]


def stop_gradient(x):
    return x.detach()


def checkpoint(f, args, options):
    if transforming():
        # torch.func has no hooks for saved tensors: same values, nothing is recomputed
        return f(*args, **options)
    return _checkpoint.checkpoint(lambda *a: f(*a, **options), *args, use_reentrant=False)


def scan(f, init, xs, length, reverse):
    leaves, structure = tree.flatten(xs)
    sizes = {len(x) for x in leaves} | ({length} if length is not None else set())
    if len(sizes) != 1:
        message = f"`scan` needs one length, got {sorted(sizes)} from `xs` and `length`"
        raise ValueError(message)
    (size,) = sizes
    if size == 0:
        return init, _nothing(f, init, leaves, structure)
    columns = [x.unbind(0) for x in leaves]
    carry, rows, shape = init, [], None
    for i in reversed(range(size)) if reverse else range(size):
        carry, y = f(carry, tree.unflatten(structure, [c[i] for c in columns]))
        found, spec = tree.flatten(y)
        if shape is not None and spec != shape:
            message = f"`scan` needs results of one structure, got {shape} and {spec}"
            raise TreeError(message)
        shape = spec
        rows.append(found)
    if reverse:
        rows.reverse()
    stacked = [torch.stack([torch.as_tensor(x) for x in column]) for column in zip(*rows, strict=True)]
    return carry, tree.unflatten(shape, stacked)


def _nothing(f, init, leaves, structure):
    """Results of no step at all: run one on zeros, to learn their shapes."""
    with torch.no_grad():
        _, y = f(init, tree.unflatten(structure, [x.new_zeros(x.shape[1:]) for x in leaves]))
    return tree.map(lambda y: torch.as_tensor(y).new_empty((0, *torch.as_tensor(y).shape)), y)


def cond(pred, true_fun, false_fun, operands):
    if torch.compiler.is_dynamo_compiling() or (tracing() and isinstance(pred, torch.Tensor)):
        return _traced_cond(pred, true_fun, false_fun, operands)
    if isinstance(pred, torch.Tensor) and transforming():
        try:
            pred = bool(pred)
        except RuntimeError:  # under vmap each row has its own: both branches run, as JAX has it
            chosen, other = true_fun(*operands), false_fun(*operands)
            return tree.map(lambda a, b: torch.where(pred, a, b), chosen, other)
    return true_fun(*operands) if pred else false_fun(*operands)


def _traced_cond(pred, true_fun, false_fun, operands):
    # Dynamo follows the branches: they may close over anything, but see no structure made outside.
    def flat(branch):
        def run(*xs):
            _, structure = tree.flatten(operands)
            found = tree.leaves(branch(*tree.unflatten(structure, xs)))
            return tuple([x.clone() for x in found])  # a branch may not return its operand itself

        return run

    structure = tree.structure(true_fun(*operands))  # these operations are dropped from the graph
    found = torch.cond(pred, flat(true_fun), flat(false_fun), tuple(tree.leaves(operands)))
    return tree.unflatten(structure, found)


def while_loop(cond_fun, body_fun, init):
    value = init
    while cond_fun(value):
        value = body_fun(value)
    return value
