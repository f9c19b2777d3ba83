"""Containers of xdl among JAX's pytrees, so that jax.jit and its kin take modules."""

import jax

from xdl.core import tree

__all__ = []


def _mirror(cls, flatten, unflatten, names):
    keys = [jax.tree_util.GetAttrKey(name) for name in names]

    def with_keys(x):
        children, structure, _ = flatten(x)
        return tuple(zip(keys, children, strict=True)), structure

    jax.tree_util.register_pytree_with_keys(cls, with_keys, unflatten, lambda x: flatten(x)[:2])


tree.add_mirror(_mirror)
