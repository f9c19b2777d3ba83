import numpy as np
import pytest
from asserts import assert_close, values
from oracles import assert_derivatives, widest
from recurrences import KINDS, by_torch

import xdl
from xdl import nn

KIND = next(kind for kind in KINDS if kind.name == "lstm")
LENGTHS = [2, 3]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_equations(xp):
    """The gates one by one, with a matrix for each."""
    arrays = KIND.draw(3, 4, 2, 5)
    x, h, c, w_x, w_h, b = arrays
    parts = zip(np.split(w_x, 4, axis=1), np.split(w_h, 4, axis=1), np.split(b, 4), strict=True)
    (ix, ih, ib), (fx, fh, fb), (gx, gh, gb), (ox, oh, ob) = parts
    expected = []
    for s in range(4):
        now = x[:, s]
        i, f = sigmoid(now @ ix + h @ ih + ib), sigmoid(now @ fx + h @ fh + fb)
        g, o = np.tanh(now @ gx + h @ gh + gb), sigmoid(now @ ox + h @ oh + ob)
        c = f * c + i * g
        h = o * np.tanh(c)
        expected.append(h)
    args = [xp.asarray(a, dtype=widest(xp)) for a in arrays]
    found = nn.lstm(*args)
    for part, desired in zip(found, (np.stack(expected, axis=1), h, c), strict=True):
        assert_close(part, desired, like=args[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("reverse", [False, True])
def test_values_are_those_of_torch(xp, lengths, reverse):
    import torch

    arrays = KIND.draw(2, 3, 2, 3)
    args = [xp.asarray(a, dtype=widest(xp)) for a in arrays]
    row = KIND.joined(*args, lengths=None if lengths is None else xp.asarray(lengths), reverse=reverse)
    expected = by_torch("LSTM", lengths=lengths, reverse=reverse)(*map(torch.tensor, arrays))
    assert_close(row, values(expected), like=row, rtol=1e-5, atol=1e-6)


def test_derivatives_are_those_of_torch(xp):
    lengths = xp.asarray(LENGTHS)
    ours = lambda *a: KIND.joined(*a, lengths=lengths, reverse=True)
    assert_derivatives(xp, ours, by_torch("LSTM", lengths=LENGTHS, reverse=True), *KIND.draw(2, 3, 2, 2))


@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivatives_are_slopes(engine):
    xdl.check_grads(nn.lstm, tuple(KIND.draw(2, 3, 2, 2)), engine=engine)


def test_only_wanted_derivatives_are_computed():
    x, *rest = KIND.draw(2, 3, 2, 2)
    dy = tuple(map(np.ones_like, nn.lstm(x, *rest)))
    _, saved = nn._lstm.lstm_forward(x, *rest)
    for given in (None, saved):
        found = nn._lstm.lstm_pullback(
            *dy, x, *rest, reverse=False, wanted=(False, False, True, False, False, False), saved=given
        )
        assert [found[k] is None for k in (0, 3, 4, 5)] == [True] * 4
        assert found[2] is not None


@pytest.mark.xp_only("jax", reason="the loop is JAX's own")
def test_values_are_those_of_a_scan_by_hand(xp):
    import jax

    x, h, c, w_x, w_h, b = (xp.asarray(a, dtype=widest(xp)) for a in KIND.draw(3, 4, 2, 5))

    def step(state, now):
        h, c = state
        i, f, g, o = xp.split(now @ w_x + h @ w_h + b, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * xp.tanh(g)
        h = jax.nn.sigmoid(o) * xp.tanh(c)
        return (h, c), h

    (h_last, c_last), y = jax.lax.scan(step, (h, c), xp.moveaxis(x, 1, 0))
    found = jax.jit(nn.lstm)(x, h, c, w_x, w_h, b)
    assert_close(found, (xp.moveaxis(y, 0, 1), h_last, c_last), rtol=1e-5, atol=1e-6)
    mapped = jax.vmap(lambda x: nn.lstm(x[None], None, None, w_x, w_h, b)[0][0])(x)
    assert_close(mapped, nn.lstm(x, None, None, w_x, w_h, b)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.xp_only("torch", reason="torch's transforms")
def test_transforms_of_torch(xp):
    """Its kernels know neither vmap nor forward mode: there the definition runs."""
    import torch

    x, *rest = (torch.tensor(a) for a in KIND.draw(3, 4, 2, 5))
    expected = nn.lstm(x, *rest)[0]
    weights = rest[2:]
    mapped = torch.func.vmap(lambda x, h, c: nn.lstm(x[None], h[None], c[None], *weights)[0][0])(x, *rest[:2])
    assert_close(mapped, expected)
    _, dy = torch.func.jvp(lambda x: nn.lstm(x, *rest)[0], (x,), (x,))
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, x)
        tangent = torch.autograd.forward_ad.unpack_dual(nn.lstm(dual, *rest)[0]).tangent
    assert_close(tangent, dy)


def test_cell_checks_its_arguments(xp):
    x, h, w = xp.ones((3, 2)), xp.ones((3, 2)), xp.ones((2, 8))
    assert [part.shape for part in nn.lstm_cell(x, h, h, w, w)] == [(3, 2)] * 2
    with pytest.raises(ValueError, match="`c` of shape"):
        nn.lstm_cell(x, h, h[:2, ...], w, w)
    with pytest.raises(ValueError, match=r"`x` of shape \(n, n_in\)"):
        nn.lstm_cell(x[None, ...], h, h, w, w)
