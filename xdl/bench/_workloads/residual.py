"""Residual networks: a small ResNet with batch normalization, and a block of a transformer; in float32."""

from typing import Any

from xdl import nn
from xdl.core import Array, Module, random

from .network import Network, classified
from .workload import normal

__all__ = ["WORKLOADS"]

BATCH, WIDTH, HEADS, HIDDEN = 4, 256, 4, 1024  # of the transformer


# ---- ResNet ----


def _normalized(key: Array, n_in: int, n_out: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution without a bias, which batch normalization would take out again."""
    options = {"stride": stride, "padding": size // 2, "bias": False, "init": nn.he_normal}
    return nn.Sequential(nn.Conv(key, n_in, n_out, (size, size), **options), nn.BatchNorm(key, n_out))


def _block(key: Array, n_in: int, n_out: int) -> nn.Sequential:
    """Two convolutions with a way around them, which is a projection where the images get smaller."""
    keys, stride = random.split(key, 3), n_out // n_in
    layers = nn.Sequential(
        _normalized(keys[0, ...], n_in, n_out, stride=stride),
        nn.relu,
        _normalized(keys[1, ...], n_out, n_out),
    )
    if stride == 1:
        return nn.Sequential(nn.SkipConnection(layers), nn.relu)
    around = _normalized(keys[2, ...], n_in, n_out, size=1, stride=stride)
    return nn.Sequential(nn.Parallel(layers, around, connection=lambda a, b: a + b), nn.relu)


def _resnet(key: Array) -> nn.Sequential:
    """ResNet-8 for images of 32 x 32: the networks of He et al. (2016), section 4.2, with n = 1."""
    keys = random.split(key, 5)
    return nn.Sequential(
        _normalized(keys[0, ...], 3, 16),
        nn.relu,
        _block(keys[1, ...], 16, 16),
        _block(keys[2, ...], 16, 32),
        _block(keys[3, ...], 32, 64),
        nn.global_avg_pool,
        nn.Dense(keys[4, ...], 64, 10),
    )


def _loss(model: Any, x: Array, labels: Array) -> tuple[Array, Any]:
    logits, model = nn.training(model, x)
    return nn.cross_entropy(logits, labels), model


FIRST = 1024 * 9 * 3 * 16
PLACES = (
    FIRST
    + 2 * 1024 * 9 * 16 * 16
    + 256 * (9 * 16 * 32 + 9 * 32 * 32 + 16 * 32)
    + 64 * (9 * 32 * 64 + 9 * 64 * 64 + 32 * 64)
)

RESNET = Network(
    "resnet",
    "ResNet-8 of 32 x 32 pixels",
    "batch",
    (4, 16, 64),
    (256,),
    _resnet,
    classified((32, 32, 3)),
    lambda batch: 2.0 * batch * (PLACES + 640),
    lambda batch: 2.0 * batch * FIRST,
    _loss,
    statistics=True,
)


# ---- transformer ----


class _Block(Module):
    """Block of a decoder with normalization first: causal attention, then two affine maps, each with a way around."""

    norms: tuple[nn.LayerNorm, nn.LayerNorm]
    attention: nn.MultiHeadAttention
    layers: tuple[nn.Dense, nn.Dense]

    def __init__(self, key: Array) -> None:
        keys = random.split(key, 3)
        self.norms = (nn.LayerNorm(key, WIDTH), nn.LayerNorm(key, WIDTH))
        self.attention = nn.MultiHeadAttention(keys[0, ...], WIDTH, HEADS)
        self.layers = (
            nn.Dense(keys[1, ...], WIDTH, HIDDEN, activation=nn.gelu),
            nn.Dense(keys[2, ...], HIDDEN, WIDTH),
        )

    def __call__(self, x: Array, /) -> Array:
        first, second = self.norms
        wide, narrow = self.layers
        x = x + self.attention(first(x), is_causal=True)
        return x + narrow(wide(second(x)))


def _sequences(time: int) -> dict[str, Any]:
    return {"x": normal(1, (BATCH, time, WIDTH)), "target": normal(2, (BATCH, time, WIDTH))}


def _products_transformer(time: int) -> float:
    attention = 2 * time * WIDTH  # of which the causal half would do
    return 2.0 * BATCH * time * (4 * WIDTH * WIDTH + attention + 2 * WIDTH * HIDDEN)


TRANSFORMER = Network(
    "transformer",
    f"Transformer block, batch {BATCH}, {HEADS} heads of {WIDTH // HEADS}",
    "tokens",
    (32, 128, 512),
    (2048,),
    _Block,
    _sequences,
    _products_transformer,
    lambda time: 0.0,  # the first layer is a normalization with parameters
    lambda model, x, target: nn.mse(model(x), target),
)

WORKLOADS = (*RESNET.workloads, *TRANSFORMER.workloads)
