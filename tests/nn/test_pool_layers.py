import numpy as np
import pytest
from asserts import assert_equal

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
LAYERS = [
    (nn.MaxPool(3, stride=2, padding=1), lambda x: nn.max_pool(x, 3, stride=2, padding=1)),
    (nn.MaxPool((2, 1), dilation=2), lambda x: nn.max_pool(x, (2, 1), dilation=2)),
    (
        nn.AvgPool(3, stride=2, padding="same", count_include_pad=False),
        lambda x: nn.avg_pool(x, 3, stride=2, padding="same", count_include_pad=False),
    ),
    (nn.LpPool(2, 3, stride=1), lambda x: nn.lp_pool(x, 2, 3, stride=1)),
    (nn.GlobalMaxPool(), nn.global_max_pool),
    (nn.GlobalAvgPool(keepdims=True), lambda x: nn.global_avg_pool(x, keepdims=True)),
    (nn.GlobalLpPool(2), lambda x: nn.global_lp_pool(x, 2)),
    (nn.AdaptiveMaxPool((2, 3)), lambda x: nn.adaptive_max_pool(x, (2, 3))),
    (nn.AdaptiveAvgPool(2), lambda x: nn.adaptive_avg_pool(x, 2)),
    (nn.Upsample(scale=2), lambda x: nn.upsample(x, scale=2)),
    (
        nn.Upsample(size=(5, 3), mode="linear", align_corners=True),
        lambda x: nn.upsample(x, size=(5, 3), mode="linear", align_corners=True),
    ),
    (nn.PixelShuffle(2), lambda x: nn.pixel_shuffle(x, 2)),
    (nn.Flatten(), nn.flatten),
]


@pytest.mark.parametrize(("layer", "function"), LAYERS, ids=lambda x: type(x).__name__)
def test_layers_are_their_functions(xp, layer, function):
    x = xp.asarray(RNG.normal(size=(2, 6, 5, 4)), dtype=xp.float32)
    assert_equal(layer(x), function(x))
    assert xdl.tree.leaves(layer) == []
    assert hash(xdl.tree.structure(layer)) is not None


def test_they_go_into_a_network(xp):
    """The numbers of a LeNet: two convolutions' images pooled and flattened."""
    model = nn.Sequential(
        nn.MaxPool(2), nn.relu, nn.AvgPool(2), nn.Flatten(), nn.Dense(xdl.random.key(0), 4 * 4 * 3, 2)
    )
    x = xp.asarray(RNG.normal(size=(2, 16, 16, 3)), dtype=xp.float32)
    assert model(x).shape == (2, 2)


def test_options_are_keywords():
    for wrong in (
        lambda: nn.MaxPool(2, 2),
        lambda: nn.AvgPool(2, strides=1),
        lambda: nn.LpPool(2),
        lambda: nn.Upsample(2),
        lambda: nn.GlobalMaxPool(True),
    ):
        with pytest.raises(TypeError, match="positional|unexpected"):
            wrong()
