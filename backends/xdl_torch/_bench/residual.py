"""Residual networks, written by hand in PyTorch."""

import torch
import torch.nn.functional as F

from .network import kernel_of, layer_of, workloads


def _normalized(parameters, stride=1):
    """Convolution and batch normalization; takes its parameters off the list."""
    w, scale, shift, mean, var = (parameters.pop(0) for _ in range(5))
    size, _, n_in, n_out = w.shape
    conv = torch.nn.Conv2d(n_in, n_out, size, stride=stride, padding=size // 2, bias=False)
    norm = layer_of(torch.nn.BatchNorm2d(n_out), scale, shift)
    norm.running_mean, norm.running_var = mean.clone(), var.clone()
    return torch.nn.Sequential(layer_of(conv, kernel_of(w)), norm)


class _Block(torch.nn.Module):
    def __init__(self, parameters, stride):
        super().__init__()
        self.first = _normalized(parameters, stride)
        self.second = _normalized(parameters)
        self.around = torch.nn.Identity() if stride == 1 else _normalized(parameters, stride)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.around(x))


def _resnet(parameters):
    parameters = list(parameters)
    start = [_normalized(parameters), torch.nn.ReLU()]
    blocks = [_Block(parameters, stride) for stride in (1, 2, 2)]
    w, b = parameters
    end = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), layer_of(torch.nn.Linear(64, 10), w.T, b)]
    return torch.nn.Sequential(*start, *blocks, *end)


class _Transformer(torch.nn.Module):
    heads = 4

    def __init__(self, parameters):
        super().__init__()
        scale1, shift1, scale2, shift2, q, k, v, out, w1, b1, w2, b2 = parameters
        n, hidden = w1.shape
        self.norm1 = layer_of(torch.nn.LayerNorm(n), scale1, shift1)
        self.norm2 = layer_of(torch.nn.LayerNorm(n), scale2, shift2)
        self.qkv = layer_of(torch.nn.Linear(n, 3 * n, bias=False), torch.cat([q, k, v], 1).T)
        self.out = layer_of(torch.nn.Linear(n, n, bias=False), out.T)
        self.wide = layer_of(torch.nn.Linear(n, hidden), w1.T, b1)
        self.narrow = layer_of(torch.nn.Linear(hidden, n), w2.T, b2)

    def forward(self, x):
        q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).flatten(-2))
        return x + self.narrow(F.gelu(self.wide(self.norm2(x)), approximate="tanh"))


resnet_step, resnet_gradient, resnet_forward = workloads(_resnet)
transformer_step, transformer_gradient, transformer_forward = workloads(_Transformer, F.mse_loss)
