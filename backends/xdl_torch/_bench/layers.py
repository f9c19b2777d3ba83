"""Layers and their gradients, written by hand in PyTorch."""

import torch
import torch.nn.functional as F

from .inputs import compiled_for_shapes, put


def _pullback(layer, *names, arranged=lambda arrays: arrays):
    def workload(arrays, device, compiled):
        arrays = arranged(put(arrays, device))
        arguments, dy = [arrays[name].requires_grad_() for name in names], arrays["dy"]
        run = compiled_for_shapes(layer) if compiled else layer
        return lambda: torch.autograd.grad(run(*arguments), arguments, dy)[0]

    return workload


def _channels_second(arrays):
    """Views of the images, which its format channels-last is."""
    x, dy = (arrays[name].permute(0, 3, 1, 2) for name in ("x", "dy"))
    w = arrays["w"].permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    return {"x": x, "w": w, "dy": dy}


def conv(arrays, device, compiled):
    run = _pullback(lambda x, w: F.conv2d(x, w, padding=1), "x", "w", arranged=_channels_second)
    thunk = run(arrays, device, compiled)
    return lambda: thunk().permute(0, 2, 3, 1)


attention = _pullback(F.scaled_dot_product_attention, "q", "k", "v")
softmax = _pullback(lambda x: torch.softmax(x, -1), "x")
layer_norm = _pullback(lambda x, scale, bias: F.layer_norm(x, (1024,), scale, bias), "x", "scale", "bias")


def lstm(arrays, device, compiled):
    arrays = put(arrays, device)
    module = torch.nn.LSTM(64, 128, batch_first=True).to(device)
    with torch.no_grad():
        module.weight_ih_l0.copy_(arrays["w_x"].T)
        module.weight_hh_l0.copy_(arrays["w_h"].T)
        module.bias_ih_l0.copy_(arrays["b"])
        module.bias_hh_l0.zero_()
    x, dy = arrays["x"].requires_grad_(), arrays["dy"]
    arguments = [x, *module.parameters()]
    return lambda: torch.autograd.grad(module(x)[0], arguments, dy)[0]
