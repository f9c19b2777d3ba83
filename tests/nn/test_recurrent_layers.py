import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import at_once

import xdl
from xdl import nn

KINDS = {"RNN": (nn.RNN, {}), "LSTM": (nn.LSTM, {}), "GRU": (nn.GRU, {"reset": "after"})}
each_kind = pytest.mark.parametrize("name", KINDS)
X = np.random.default_rng(0).normal(size=(3, 5, 2))
LENGTHS = np.asarray([3, 5, 1])
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def torch_module(name, layer):
    """Module of torch with the parameters of a layer."""
    import torch

    directions = 1 + layer.bidirectional
    module = getattr(torch.nn, name)(
        2, 4, len(layer.cells) // directions, batch_first=True, bidirectional=layer.bidirectional
    )
    for k, cell in enumerate(layer.cells):
        suffix = f"l{k // directions}" + "_reverse" * (k % directions)
        inner = np.zeros(len(values(cell.bias)), dtype=np.float32)
        if getattr(cell, "bias_h", None) is not None:
            inner[-len(values(cell.bias_h)) :] = values(cell.bias_h)
        pairs = {"weight_ih": values(cell.weight_x).T, "weight_hh": values(cell.weight_h).T}
        for part, value in (pairs | {"bias_ih": values(cell.bias), "bias_hh": inner}).items():
            with torch.no_grad():
                getattr(module, f"{part}_{suffix}").copy_(torch.tensor(value.copy()))
    return module


@each_kind
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, True), (3, False)])
@pytest.mark.parametrize("padded", [False, True])
def test_layers_are_those_of_torch(xp, name, layers, bidirectional, padded):
    import torch

    make, options = KINDS[name]
    layer = make(xdl.random.key(1), 2, 4, layers=layers, bidirectional=bidirectional, **options)
    rng = np.random.default_rng(1)
    first = [rng.normal(size=(layers * (1 + bidirectional), 3, 4)) for _ in range(1 + (name == "LSTM"))]

    given = [torch.tensor(a, dtype=torch.float32) for a in (X, *first)]
    x = given[0]
    if padded:
        x = torch.nn.utils.rnn.pack_padded_sequence(
            x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False
        )
    y, last = torch_module(name, layer)(x, tuple(given[1:]) if name == "LSTM" else given[1])
    if padded:
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True)

    arrays = [xp.asarray(a, dtype=xp.float32) for a in (X, *first)]
    state = tuple(arrays[1:]) if name == "LSTM" else arrays[1]
    found = at_once(
        lambda x, state: layer(x, state, lengths=xp.asarray(LENGTHS) if padded else None), [arrays[0], state]
    )
    assert_close(found[0], values(y), like=arrays[0], **CLOSE)
    for part, expected in zip(xdl.tree.leaves(found[1]), last if name == "LSTM" else [last], strict=True):
        assert_close(part, values(expected), like=arrays[0], **CLOSE)


@each_kind
def test_layers_are_compiled_and_differentiated(xp, name):
    make, options = KINDS[name]
    layer = make(xdl.random.key(1), 2, 4, bidirectional=True, **options)
    x = xp.asarray(X, dtype=xp.float32)
    also_jit(lambda layer, x: layer(x), layer, x, **CLOSE)

    def loss(layer, x):
        y, _ = layer(x)
        return xdl.array_namespace(y).sum(y * y)

    grads = [at_once(xdl.grad(loss, (0, 1), engine=engine), [layer, x]) for engine in (None, "tape")]
    assert_close(grads[0], grads[1], rtol=1e-3, atol=1e-4)
    assert xdl.tree.structure(grads[0][0]) == xdl.tree.structure(layer)
    assert all(np.any(values(leaf)) for leaf in xdl.tree.leaves(grads[0]))


def test_dropout_is_between_layers(xp):
    layer = nn.RNN(xdl.random.key(1), 2, 4, layers=2, dropout=0.5)
    x, key = xp.asarray(X, dtype=xp.float32), xdl.random.key(5)
    first, last = (nn.Recurrence(cell) for cell in layer.cells)
    y, h = layer(x, key=key)
    inner, h0 = first(x)
    dropped = nn.dropout(inner, xdl.random.split(key, 1)[0, ...], rate=0.5)
    outer, h1 = last(dropped)
    assert_equal(y, outer)
    assert_equal(h, xp.stack([h0, h1]))
    assert_equal(layer(x)[0], last(inner)[0])
    single = nn.RNN(xdl.random.key(1), 2, 4, dropout=0.5)
    assert_equal(single(x, key=key), single(x))
    with pytest.raises(ValueError, match="`rate` must be in"):
        nn.LSTM(key, 2, 4, dropout=1.5)


def test_options_arrive_at_the_cells(xp):
    key = xdl.random.key(0)
    layer = nn.LSTM(key, 2, 3, layers=2, forget_bias=2.0, init=nn.ones)
    assert [cell.weight_x.shape for cell in layer.cells] == [(2, 12), (3, 12)]
    assert_equal(layer.cells[1].bias[3:6], [2.0] * 3, like=layer.cells[1].bias)
    assert_equal(layer.cells[0].weight_x, np.ones((2, 12)), like=layer.cells[0].bias)
    assert nn.GRU(key, 2, 3).cells[0].reset == "before"
    assert nn.RNN(key, 2, 3, activation="relu", bias=False).cells[0].activation == "relu"
    assert not np.array_equal(*(values(cell.weight_h) for cell in layer.cells))
    with pytest.raises(ValueError, match="`layers` must be at least 1"):
        nn.GRU(key, 2, 3, layers=0)
    with pytest.raises(ValueError, match=r"\(layers directions, n, n_hidden\) = \(2, 3, 3\)"):
        layer(xp.ones((3, 5, 2), dtype=xp.float32), (xp.ones((1, 3, 3)), xp.ones((1, 3, 3))))


@each_kind
def test_gradients_are_cut(xp, name):
    """The last outputs know nothing of the first inputs, though values are those of the whole."""
    make, options = KINDS[name]
    layers = [make(xdl.random.key(1), 2, 4, truncate=steps, **options) for steps in (2, None)]
    x = xp.asarray(X, dtype=xp.float32)
    assert_close(layers[0](x), layers[1](x), **CLOSE)

    def loss(x, layer):
        y, _ = layer(x)
        return xdl.array_namespace(y).sum(y[:, -1, :])

    cut, whole = (values(at_once(lambda x, layer=layer: xdl.grad(loss)(x, layer), [x])) for layer in layers)
    assert not np.any(cut[:, :4])
    assert np.all(whole)
    np.testing.assert_allclose(cut[:, 4], whole[:, 4], rtol=1e-4)


class Leaky(xdl.Module):
    """A cell of one's own: the state is a tree, and the output is something else."""

    rate: object
    weight: object

    def __call__(self, x, state):
        xp = xdl.array_namespace(x, self.weight)
        level = (1 - self.rate) * state["level"] + self.rate * xp.matmul(x, self.weight)
        return xp.tanh(level), {"level": level, "count": state["count"] + 1.0}

    def initial_state(self, x):
        xp = xdl.array_namespace(x, self.weight)
        zeros = xp.zeros_like(xp.matmul(x, self.weight))
        return {"level": zeros, "count": zeros[:, :1]}


@pytest.mark.parametrize("reverse", [False, True])
def test_any_cell_runs(xp, reverse):
    cell = Leaky(rate=xp.asarray(0.3, dtype=xp.float32), weight=xp.asarray(np.ones((2, 4)), dtype=xp.float32))
    x, layer = xp.asarray(X, dtype=xp.float32), nn.Recurrence(cell, reverse=reverse)
    y, state = at_once(lambda x: layer(x, lengths=xp.asarray(LENGTHS)), [x])
    assert_equal(state["count"], LENGTHS[:, None], like=x)
    for i, n in enumerate(LENGTHS):
        level = np.zeros(4)
        for s in range(n)[:: -1 if reverse else 1]:
            level = 0.7 * level + 0.3 * X[i, s].sum()
            np.testing.assert_allclose(values(y)[i, s], np.tanh(level), rtol=1e-4)
        np.testing.assert_allclose(values(state["level"])[i], level, rtol=1e-4)
        assert not np.any(values(y)[i, n:])

    def loss(layer):
        y, state = layer(x)
        space = xdl.array_namespace(y)
        return space.sum(y) + space.sum(state["level"])

    native, tape = (at_once(xdl.grad(loss, engine=engine), [layer]) for engine in (None, "tape"))
    assert_close(native, tape, **CLOSE)


def test_recurrences_say_what_they_need(xp):
    class Bare(xdl.Module):
        weight: object

        def __call__(self, x, state):
            return x, state

    x = xp.ones((2, 3, 4), dtype=xp.float32)
    layer = nn.Recurrence(Bare(weight=x))
    with pytest.raises(TypeError, match=r"give `state`, or Bare a method `initial_state\(x\)`"):
        layer(x)
    with pytest.raises(ValueError, match="at least one step"):
        layer(x[:, :0, :], x)
    with pytest.raises(ValueError, match="`lengths` of shape"):
        layer(x, x[:, 0, :], lengths=xp.asarray([1]))
    y, state = layer(x, x[:, 0, :])
    assert_equal((y, state), (x, x[:, 0, :]))
