"""The largest entries with PyTorch, whose own function promises no order among equal ones."""

import torch

from xdl.nn._top_k import top_indices

from ._leaves import transforming


@top_indices.method("torch")
def _(x, /, *, k, axis, largest):
    x = x.detach()
    if x.device.type == "cpu" and not transforming() and 0 < k < x.shape[axis]:
        values, places = torch.topk(x, k, dim=axis, largest=largest)
        bound = values.narrow(axis, k - 1, 1)
        reached = ~(x < bound) if largest else x <= bound  # NaN is above every bound
        if bool((reached.sum(axis) == k).all()):  # no entry left out is equal to one taken
            places = places.sort(dim=axis).values
            order = torch.sort(x.gather(axis, places), dim=axis, stable=True, descending=largest).indices
            return places.gather(axis, order)
    return torch.sort(x, dim=axis, stable=True, descending=largest).indices.narrow(axis, 0, k)
