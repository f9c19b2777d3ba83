"""Containers of xdl among torch's pytrees, so that torch.func takes modules; types that torch.compile meets."""

import array_api_compat.torch
import torch
from torch.utils import _pytree

from xdl.core import _backends, _namespace, tree

__all__ = []


def _mirror(cls, flatten, unflatten, names):
    keys = [_pytree.GetAttrKey(name) for name in names]

    def flatten_to_list(x):
        children, structure = flatten(x)
        return list(children), structure

    def with_keys(x):
        children, structure = flatten(x)
        return list(zip(keys, children, strict=True)), structure

    _pytree.register_pytree_node(
        cls,
        flatten_to_list,
        lambda children, structure: unflatten(structure, children),
        flatten_with_keys_fn=with_keys,
    )


tree.add_mirror(_mirror)

# torch.compile follows the look-up of what is known, but not the search for the backend and engine of a new type.
for _cls in (torch.Tensor, torch.nn.Parameter):
    _namespace._namespaces[_cls] = array_api_compat.torch
    _backends._owners[_cls] = "torch"
_backends._submodule("xdl_torch", "autodiff")
