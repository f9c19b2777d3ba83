"""Blocks: any size of them gives the same, and takes memory that grows with time, not with its square."""

import itertools
import tracemalloc

import numpy as np
import pytest
from asserts import assert_close, values
from oracles import at_once

import xdl
from xdl import nn
from xdl.nn import _attend

RNG = np.random.default_rng(0)
WANTED = (True, True, True, True)


def draw(*shape):
    return RNG.normal(size=shape)


def steep(*shape):
    return np.where(RNG.random(shape) < 0.4, -1e4, draw(*shape))


def derivatives(attention, args, dy, engine):
    return at_once(
        lambda *args: (attention(*args), *xdl.vjp(attention, *args, engine=engine)[1](dy)), list(args)
    )


@pytest.fixture
def _definition(monkeypatch):
    """Attention without methods, while random bits keep theirs, which some libraries need."""
    xdl.capabilities()  # loads all backends: none registers its methods while they are hidden
    with monkeypatch.context() as patch:
        patch.setattr(_attend.attend, "methods", {})
        _attend.attend.table.clear()
        yield
    _attend.attend.table.clear()


@pytest.mark.parametrize(("is_causal", "dropout"), [(False, 0.0), (True, 0.3)])
@pytest.mark.usefixtures("_definition")
def test_blocks_of_queries(xp, monkeypatch, is_causal, dropout):
    """Of the portable definition, by either engine; dropout draws the same bits for a block as for all."""
    q, k, v, bias, dy = (
        xp.asarray(x, dtype=xp.float32)
        for x in (draw(2, 4, 7, 3), draw(2, 2, 6, 3), draw(2, 2, 6, 5), draw(4, 7, 6), draw(2, 4, 7, 5))
    )
    mask = xp.asarray(RNG.random((2, 1, 7, 6)) < 0.7)
    key = xdl.random.key(1)

    def attention(q, k, v, bias):
        return nn.attention(
            q, k, v, bias=bias, mask=mask, is_causal=is_causal, dropout=dropout, key=key if dropout else None
        )

    for engine in (None, "tape"):
        monkeypatch.setattr(_attend, "SCORES", 1 << 22)
        monkeypatch.setattr(_attend, "QUERIES", 32)
        whole = derivatives(attention, (q, k, v, bias), dy, engine)
        monkeypatch.setattr(_attend, "SCORES", 1)
        monkeypatch.setattr(_attend, "QUERIES", 3)
        # either way to count the random words
        monkeypatch.setattr(_attend, "COUNTERS", 1 << 31 if engine is None else 0)
        assert len(_attend.blocks_of(q, k)) == 3
        parts = derivatives(attention, (q, k, v, bias), dy, engine)
        for part, expected in zip(parts, whole, strict=True):
            assert_close(part, expected, rtol=1e-4, atol=1e-5)


CALLS = {
    "full": ((2, 530, 700), {}, None, None),
    "causal": ((1, 530, 530), {"offset": 0}, None, None),
    "more keys": ((2, 70, 1300), {"offset": 1230}, (1, 2, 1, 1300), None),
    "fewer keys": ((2, 300, 150), {"offset": -150}, (1, 1, 300, 150), (1, 2, 1, 150)),
    "masked": ((1, 530, 700), {}, (1, 2, 1, 1), (1, 2, 530, 700)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("bias", [draw, steep])
@pytest.mark.parametrize("kept", [True, False])
def test_blocks_with_numpy(monkeypatch, name, bias, kept):
    """Of queries and keys, with scores known to be small and not, with exponentials kept and not."""
    xdl.array_namespace(np.zeros(1))
    import xdl_numpy.attend as method

    monkeypatch.setattr(method, "TILE", 1 << 14)
    monkeypatch.setattr(method, "QUERIES", 50)
    monkeypatch.setattr(method, "CAUSAL", (20, 40))
    monkeypatch.setattr(method, "FEW", 10**6 if kept else 0)
    (kv_heads, t, s), options, biased, masked = CALLS[name]
    q, k, v, dy = draw(1, 2, t, 3), draw(1, kv_heads, s, 3), draw(1, kv_heads, s, 4), draw(1, 2, t, 4)
    b = None if biased is None else bias(*biased)
    mask = None if masked is None else RNG.random(masked) < 0.7
    options = {"offset": None, "scale": 0.5, "dropout": 0.0} | options
    wanted = (*WANTED[:3], b is not None)
    with xdl.portable():
        y, saved = _attend.attend_forward(q, k, v, b, mask, **options)
        expected = _attend.attend_pullback(dy, y, q, k, v, b, mask, wanted=wanted, saved=saved, **options)
    found, saved = _attend.attend_forward(q, k, v, b, mask, **options)
    assert (saved[0] is not None) == kept
    assert_close(found, y, rtol=1e-9, atol=1e-12)
    assert_close(_attend.attend(q, k, v, b, mask, **options), y, rtol=1e-9, atol=1e-12)
    for again in (saved, None):
        grads = _attend.attend_pullback(dy, y, q, k, v, b, mask, wanted=wanted, saved=again, **options)
        for grad, correct in zip(grads, expected, strict=True):
            if grad is not None:
                assert_close(grad, correct, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("batch", [(5,), (2, 5), (3, 1, 2)])
@pytest.mark.parametrize(("offset", "largest"), [(None, 1.0), (0, 1.0), (2, 1e3), (None, 1e3)])
def test_small_heads_with_numpy(monkeypatch, batch, offset, largest):
    """A few heads at a time, and rows of products in parts; scores that overflow without a shift, and not."""
    xdl.array_namespace(np.zeros(1))
    import xdl_numpy._small_heads as method

    monkeypatch.setattr(method, "TILE", 4 * 9 * 11 * 8)  # four heads
    monkeypatch.setattr(method, "UNPACKED", 9 * 11 * 4)
    monkeypatch.setattr(method, "ROWS", 4)
    calls = []
    monkeypatch.setattr(
        method, "_share", lambda *args, share=method._share: (calls.append(args), share(*args))
    )
    t, s, d, n = 9, 11, 7, 5
    q, k, v, dy = (draw(*batch, *shape) for shape in ((t, d), (s, d), (s, n), (t, n)))
    wanted = (True, True, True, False)
    q, dy = q * largest, np.broadcast_to(dy[..., :1, :], dy.shape)  # as sums give it
    options = {"offset": offset, "scale": 0.5, "dropout": 0.0}
    with xdl.portable():
        y, saved = _attend.attend_forward(q, k, v, **options)
        expected = _attend.attend_pullback(dy, y, q, k, v, wanted=wanted, saved=saved, **options)
    found, saved = _attend.attend_forward(q, k, v, **options)
    assert_close(found, y, rtol=1e-9, atol=1e-12)
    assert_close(_attend.attend(q, k, v, **options), y, rtol=1e-9, atol=1e-12)
    for again in (saved, None):
        grads = _attend.attend_pullback(dy, y, q, k, v, wanted=wanted, saved=again, **options)
        for grad, correct in zip(grads[:3], expected[:3], strict=True):
            assert_close(grad, correct, rtol=1e-9, atol=1e-11 * largest)
    assert len(calls) == 5


def test_small_heads_without_a_derivative_keep_no_weights(monkeypatch):
    xdl.array_namespace(np.zeros(1))
    from xdl_numpy import _memory

    monkeypatch.setattr(
        _memory, "SMALLEST", 1 << 62
    )  # of arrays that are used again nothing new would be seen

    def step():
        q = np.zeros((200, 4, 64, 8), np.float32)
        return q, nn.attention(q, q, q)

    used, held = peak(step)
    assert used <= 2 * held, f"{used / held:.2f} times as much as the arrays themselves"


def test_heads_of_one_call_with_numpy():
    """As many as are asked for, at most, and every one once, in the order of memory."""
    xdl.array_namespace(np.zeros(1))
    from xdl_numpy._small_heads import _groups

    for shape in ((), (5,), (2, 5), (3, 1, 2), (2, 3, 4)):
        x = np.arange(np.prod(shape, dtype=int)).reshape(shape)
        for count in range(1, 30):
            parts = [x[some].reshape(-1) for some in _groups(shape, count)]
            assert max(map(len, parts)) <= count
            assert np.concatenate(parts).tolist() == x.reshape(-1).tolist()


@pytest.mark.parametrize("name", ["masked", "more keys", "fewer keys"])
def test_all_scores_or_head_by_head_with_jax(name):
    """The last by the formula, with queries that attend to nothing; the others in a loop."""
    jnp = pytest.importorskip("jax.numpy")
    (kv_heads, t, s), options, biased, masked = CALLS[name]
    bias = draw(*biased)
    mask = None if masked is None else RNG.random(masked) < 0.7
    args = draw(1, 2, t, 3), draw(1, kv_heads, s, 3), draw(1, kv_heads, s, 4), bias
    options = {"offset": None, "scale": 0.5, "dropout": 0.0} | options
    dy = draw(1, 2, t, 4)
    with xdl.portable():
        y, saved = _attend.attend_forward(*args, mask, **options)
        grads = _attend.attend_pullback(dy, y, *args, mask, wanted=WANTED, saved=saved, **options)
    convert = lambda x: None if x is None else jnp.asarray(x, dtype=bool if x is mask else jnp.float32)
    attention = lambda *args: _attend.attend(*args, convert(mask), **options)
    found = derivatives(attention, tuple(map(convert, args)), convert(dy), None)
    for x, expected in zip(found, (y, *grads), strict=True):
        assert_close(x, expected, like=found[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("permutation", [p for p in itertools.permutations(range(4)) if p[-1] == 3])
def test_numpy_keeps_the_order_of_axes_in_memory(permutation):
    """So that a layer can join the heads without a copy."""
    back = np.argsort(permutation)
    q, k, v = (draw(*[n[i] for i in permutation]).transpose(back) for n in [(2, 3, 5, 4)] * 3)
    y = nn.attention(q, k, v)
    assert y.strides == q.strides
    assert_close(y, nn.attention(*(np.ascontiguousarray(x) for x in (q, k, v))))


def peak(step):
    step()  # once, to load what is loaded once
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        held = step()
        return tracemalloc.get_traced_memory()[1] - before, sum(x.nbytes for x in held)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("is_causal", [False, True])
def test_memory_grows_with_time(monkeypatch, is_causal):
    """Inputs, results and statistics, and half as much again, for 2048 queries of 4 heads."""
    xdl.array_namespace(np.zeros(1))
    from xdl_numpy import _memory

    # of arrays that are used again nothing new would be seen
    monkeypatch.setattr(_memory, "SMALLEST", 1 << 62)

    def step():
        q, k, v, dy = (np.zeros((1, 4, 2048, 64), np.float32) for _ in range(4))
        y, pullback = xdl.vjp(lambda q, k, v: nn.attention(q, k, v, is_causal=is_causal), q, k, v)
        return q, k, v, dy, y, *pullback(dy)

    used, held = peak(step)
    assert used <= 1.5 * held, f"{used / held:.2f} times as much as the arrays themselves"


def test_memory_of_the_definition_grows_with_time(monkeypatch):
    monkeypatch.setattr(_attend, "SCORES", 1 << 16)

    def step():
        q, k, v, dy = (np.zeros((1, 4, 1024, 64), np.float32) for _ in range(4))
        with xdl.portable():
            y, pullback = xdl.vjp(lambda q, k, v: nn.attention(q, k, v), q, k, v)
            return q, k, v, dy, y, *pullback(dy)

    used, held = peak(step)
    assert used <= 2 * held, f"{used / held:.2f} times as much as the arrays themselves"


def test_what_is_saved_is_the_logarithm_of_the_sums(xp):
    q, k, v = (xp.asarray(draw(2, 3, 4), dtype=xp.float32) for _ in range(3))
    with xdl.portable():
        _, found = _attend.attend_forward(q, k, v, offset=-1, scale=0.5, dropout=0.0)
    scores = np.where(np.tri(3, 3, -1) > 0, 0.5 * values(q) @ values(k).swapaxes(-1, -2), -np.inf)
    expected = np.zeros((2, 3, 1))
    expected[:, 1:] = np.log(np.exp(scores[:, 1:]).sum(axis=-1, keepdims=True))
    assert_close(found, expected, like=q, rtol=1e-4, atol=1e-5)
