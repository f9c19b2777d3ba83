import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from oracles import at_once

import xdl
from xdl import nn
from xdl.models import LeNet5

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 28, 28, 1))


def test_sizes_are_those_of_the_paper(xp):
    """Figure 2: 6 maps of 28 x 28, 16 of 10 x 10, then 120, 84 and 10 units; section II-B counts 156 in C1."""
    model = LeNet5(xdl.random.key(0))
    shapes = [(path, tuple(leaf.shape)) for path, leaf in xdl.tree.leaves_with_path(model)]
    assert shapes == [
        ("convolutions.0.weight", (5, 5, 1, 6)),
        ("convolutions.0.bias", (6,)),
        ("convolutions.1.weight", (5, 5, 6, 16)),
        ("convolutions.1.bias", (16,)),
        ("layers.0.weight", (400, 120)),
        ("layers.0.bias", (120,)),
        ("layers.1.weight", (120, 84)),
        ("layers.1.bias", (84,)),
        ("layers.2.weight", (84, 10)),
        ("layers.2.bias", (10,)),
    ]
    x = xp.asarray(X, dtype=xp.float32)

    def maps(x, model):
        first = model.convolutions[0](x)
        return first, model.convolutions[1](nn.max_pool(first, 2))

    first, second = at_once(maps, [x, model])
    assert first.shape == (3, 28, 28, 6)
    assert second.shape == (3, 10, 10, 16)


def test_is_the_same_network_as_by_torch(xp):
    torch = pytest.importorskip("torch")
    model = LeNet5(xdl.random.key(1), 7, n_in=2)
    x = RNG.normal(size=(2, 28, 28, 2)).astype(np.float32)
    functional = torch.nn.functional
    h = torch.tensor(x.transpose(0, 3, 1, 2).copy())
    for layer, padding in zip(model.convolutions, (2, 0), strict=True):
        w = torch.tensor(values(layer.weight).transpose(3, 2, 0, 1).copy())
        h = functional.conv2d(h, w, torch.tensor(values(layer.bias)), padding=padding)
        h = functional.max_pool2d(torch.relu(h), 2)
    h = h.permute(0, 2, 3, 1).reshape(2, 400)
    for k, layer in enumerate(model.layers):
        h = functional.linear(
            h, torch.tensor(values(layer.weight).T.copy()), torch.tensor(values(layer.bias))
        )
        h = torch.relu(h) if k < 2 else h
    x = xp.asarray(x)
    y = at_once(lambda x, model: model(x), [x, model])
    assert_close(y, h.numpy(), like=x, rtol=1e-4, atol=1e-5)


def test_the_same_key_gives_the_same_model_everywhere(xp):
    with xdl.use_backend("numpy"):
        expected = LeNet5(xdl.random.key(3))
    model = LeNet5(xdl.random.key(3))
    for found, wanted in zip(xdl.tree.leaves(model), xdl.tree.leaves(expected), strict=True):
        assert_equal(found, wanted, like=found)


def test_one_gradient_step_lowers_the_loss(xp):
    model = LeNet5(xdl.random.key(0), activation=nn.tanh)
    x, labels = xp.asarray(X, dtype=xp.float32), xp.asarray([3, 0, 9])

    def loss(model, x, labels):
        return nn.cross_entropy(model(x), labels)

    def step(x, labels, model, engine):
        value, slopes = xdl.value_and_grad(loss, engine=engine)(model, x, labels)
        return value, slopes, loss(xdl.tree.map(lambda p, g: p - 0.05 * g, model, slopes), x, labels)

    before, slopes, after = at_once(lambda x, labels, model: step(x, labels, model, None), [x, labels, model])
    assert xdl.tree.structure(slopes) == xdl.tree.structure(model)
    assert values(after) < values(before)
    _, tape, _ = at_once(lambda x, labels, model: step(x, labels, model, "tape"), [x, labels, model])
    assert_close(tape, slopes, rtol=1e-3, atol=1e-5)


def test_images_of_another_size_are_refused(xp):
    model = LeNet5(xdl.random.key(0))
    with pytest.raises(ValueError, match=r"\(n, 28, 28, 1\), got \(2, 32, 32, 1\)"):
        model(xp.ones((2, 32, 32, 1), dtype=xp.float32))
