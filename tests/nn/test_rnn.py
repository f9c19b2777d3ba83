import numpy as np
import pytest
from asserts import assert_close, values
from oracles import assert_derivatives, widest
from recurrences import KINDS, by_torch

import xdl
from xdl import nn

TANH, RELU = (next(kind for kind in KINDS if kind.name == name) for name in ("rnn", "relu"))
BOTH = pytest.mark.parametrize(("kind", "name"), [(TANH, "tanh"), (RELU, "relu")], ids=["tanh", "relu"])
LENGTHS = [2, 3]


def test_equation(xp):
    arrays = TANH.draw(3, 4, 2, 5)
    x, h, w_x, w_h, b = arrays
    expected = []
    for s in range(4):
        h = np.tanh(x[:, s] @ w_x + h @ w_h + b)
        expected.append(h)
    args = [xp.asarray(a, dtype=widest(xp)) for a in arrays]
    for found, desired in zip(nn.rnn(*args), (np.stack(expected, axis=1), h), strict=True):
        assert_close(found, desired, like=args[0], rtol=1e-5, atol=1e-6)


@BOTH
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("reverse", [False, True])
def test_values_are_those_of_torch(xp, kind, name, lengths, reverse):
    import torch

    arrays = kind.draw(2, 3, 2, 3)
    args = [xp.asarray(a, dtype=widest(xp)) for a in arrays]
    row = kind.joined(*args, lengths=None if lengths is None else xp.asarray(lengths), reverse=reverse)
    theirs = by_torch("RNN", lengths=lengths, reverse=reverse, nonlinearity=name)
    assert_close(row, values(theirs(*map(torch.tensor, arrays))), like=row, rtol=1e-5, atol=1e-6)


@BOTH
def test_derivatives_are_those_of_torch(xp, kind, name):
    lengths = xp.asarray(LENGTHS)
    ours = lambda *a: kind.joined(*a, lengths=lengths, reverse=True)
    theirs = by_torch("RNN", lengths=LENGTHS, reverse=True, nonlinearity=name)
    assert_derivatives(xp, ours, theirs, *kind.draw(2, 3, 2, 2))


@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivatives_are_slopes(engine):
    xdl.check_grads(nn.rnn, tuple(TANH.draw(2, 3, 2, 2)), engine=engine)


def test_only_wanted_derivatives_are_computed():
    args = TANH.draw(2, 3, 2, 2)
    dy = tuple(map(np.ones_like, nn.rnn(*args)))
    _, saved = nn._rnn.rnn_forward(*args)
    for given in (None, saved):
        found = nn._rnn.rnn_pullback(
            *dy,
            *args,
            activation="tanh",
            reverse=False,
            wanted=(False, True, False, False, False),
            saved=given,
        )
        assert [found[k] is None for k in (0, 2, 3, 4)] == [True] * 4
        assert found[1] is not None
