import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

from xdl import nn

RNG = np.random.default_rng(0)
Q, K, V = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 5, 4)), RNG.normal(size=(2, 5, 2))
LONG = RNG.normal(size=(2, 5, 6))  # keys longer than the queries
W, JOINT, U = RNG.normal(size=(4, 6)), RNG.normal(size=(10, 3)), RNG.normal(size=3)

# name -> (function, arguments, score of one query and one key)
SCORES = {
    "scaled_dot": (nn.scaled_dot_score, (Q, K), lambda q, k: q @ k / 2),
    "general": (nn.general_score, (Q, LONG, W), lambda q, k, w: q @ w @ k),
    "concat": (nn.concat_score, (Q, LONG, JOINT, U), lambda q, k, w, u: u @ np.tanh(np.concat([q, k]) @ w)),
    "additive": (
        nn.additive_score,
        (Q, LONG, JOINT[:4], JOINT[4:], U),
        lambda q, k, a, b, u: u @ np.tanh(q @ a + k @ b),
    ),
}


@pytest.mark.parametrize("name", SCORES)
def test_values(xp, name):
    """Of every query with every key."""
    function, (q, k, *weights), one = SCORES[name]
    expected = [
        [[one(x, y, *weights) for y in keys] for x in queries] for queries, keys in zip(q, k, strict=True)
    ]
    args = [xp.asarray(x, dtype=widest(xp)) for x in (q, k, *weights)]
    close = {} if args[0].dtype != xp.float32 else {"rtol": 1e-4, "atol": 1e-5}
    assert_close(also_jit(function, *args), np.asarray(expected), like=args[0], **close)


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.xp_only("numpy", "torch", reason="compositions of functions that are tested everywhere")
def test_derivatives(xp, name):
    import torch

    def theirs(q, k, *weights):
        if name == "scaled_dot":
            return q @ k.mT / 2
        if name == "general":
            return q @ weights[0] @ k.mT
        a, b = (weights[0][:4], weights[0][4:]) if name == "concat" else weights[:2]
        return torch.tanh((q @ a)[:, :, None] + (k @ b)[:, None]) @ weights[-1]

    function, args, _ = SCORES[name]
    assert_derivatives(xp, function, theirs, *args)


def test_concatenation_is_a_sum(xp):
    q, k, w, u = (xp.asarray(x, dtype=xp.float32) for x in (Q, LONG, JOINT, U))
    assert_equal(nn.concat_score(q, k, w, u), nn.additive_score(q, k, w[:4, :], w[4:, :], u))


def test_context_is_attention(xp):
    """Of one query over the states of an encoder, and of several."""
    q, k, v = (xp.asarray(x, dtype=xp.float32) for x in (Q, K, V))
    mask = xp.asarray(RNG.random((2, 1, 5)) < 0.7)
    y = nn.context(nn.scaled_dot_score(q, k), v, mask=mask)
    heads = lambda x: x[:, None, ...]
    assert_close(
        y, nn.attention(heads(q), heads(k), heads(v), mask=heads(mask))[:, 0, ...], rtol=1e-4, atol=1e-6
    )
    one = nn.context(nn.scaled_dot_score(q[:, :1, :], k), v, mask=mask)
    assert_close(one, y[:, :1, :])
    nothing = nn.context(nn.scaled_dot_score(q, k), v, mask=xp.zeros((1, 5), dtype=xp.bool))
    assert_equal(nothing, np.zeros((2, 3, 2)), like=q)


def test_arguments_that_do_not_fit(xp):
    q, k, w, joint, u, v = (xp.asarray(x, dtype=xp.float32) for x in (Q, LONG, W, JOINT, U, V))
    with pytest.raises(ValueError, match="expected `k` of shape"):
        nn.scaled_dot_score(q, k)
    with pytest.raises(ValueError, match="the same batch axes"):
        nn.scaled_dot_score(q, xp.asarray(K[:1], dtype=xp.float32))
    with pytest.raises(ValueError, match="expected `w` of shape"):
        nn.general_score(k, q, w)
    with pytest.raises(ValueError, match="expected `w` of shape"):
        nn.concat_score(q, q, joint, u)
    with pytest.raises(ValueError, match="expected `w_k` of shape"):
        nn.additive_score(q, k, joint[:4, :], joint[:4, :], u)
    with pytest.raises(ValueError, match="expected `u` of shape"):
        nn.additive_score(q, k, joint[:4, :], joint[4:, :], w)
    with pytest.raises(TypeError, match="of one dtype"):
        nn.general_score(q, k, xp.astype(w, xp.int32))
    scores = nn.general_score(q, k, w)
    with pytest.raises(ValueError, match="expected `v` of shape"):
        nn.context(scores, v[:, :4, :])
    with pytest.raises(TypeError, match="boolean `mask`"):
        nn.context(scores, v, mask=scores)
    with pytest.raises(ValueError, match="expected a `mask` that broadcasts"):
        nn.context(scores, v, mask=xp.ones((3, 4), dtype=xp.bool))
    assert values(scores).shape == (2, 3, 5)
