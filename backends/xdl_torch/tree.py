"""Containers of xdl among torch's pytrees, so that torch.func takes modules; types that torch.compile meets."""

import array_api_compat.torch
import torch
from torch.utils import _pytree

from xdl.core import _backends, _namespace, tree

__all__ = []


def _mirror(cls, flatten, unflatten, names):
    # None is a leaf to torch, which torch.func refuses: a module without a bias goes without that child.
    def flatten_present(x):
        children, structure, _ = flatten(x)
        present = tuple([child is not None for child in children])
        return [child for child in children if child is not None], (structure, present)

    def with_keys(x):
        children, (structure, present) = flatten_present(x)
        keys = [_pytree.GetAttrKey(name) for name, here in zip(names, present, strict=True) if here]
        return list(zip(keys, children, strict=True)), (structure, present)

    def unflatten_present(children, context):
        children, (structure, present) = iter(children), context
        return unflatten(structure, [next(children) if here else None for here in present])

    _pytree.register_pytree_node(cls, flatten_present, unflatten_present, flatten_with_keys_fn=with_keys)


tree.add_mirror(_mirror)

# torch.compile follows the look-up of what is known, but not the search for the backend and engine of a new type.
for _cls in (torch.Tensor, torch.nn.Parameter):
    _namespace._namespaces[_cls] = array_api_compat.torch
    _backends._owners[_cls] = "torch"
_backends._submodule("xdl_torch", "autodiff")
