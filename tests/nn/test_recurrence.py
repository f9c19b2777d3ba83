"""What holds of every recurrence."""

import hypothesis
import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from hypothesis import strategies as st
from oracles import at_once, widest
from recurrences import KINDS, each_kind

import xdl
from xdl import nn

LENGTHS = np.asarray([2, 4, 1])
CLOSE = {"rtol": 2e-5, "atol": 2e-6}


def on(xp, arrays, dtype=None):
    return [xp.asarray(a, dtype=dtype or widest(xp)) for a in arrays]


@each_kind
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_a_sequence_is_steps_of_the_cell(xp, kind, reverse, padded):
    x, *rest = on(xp, kind.draw(3, 4, 2, 3))
    states, weights = rest[: kind.states], rest[kind.states :]
    lengths = xp.asarray(LENGTHS) if padded else None
    found = also_jit(
        lambda *a: kind.run(*a, lengths=lengths, reverse=reverse), x, *rest, fullgraph=True, **CLOSE
    )
    outputs = [None] * 4
    for s in range(4)[:: -1 if reverse else 1]:
        new = kind.step(x[:, s, :], states, *weights)
        on_ = (s < (lengths if padded else xp.asarray([4] * 3)))[:, None]
        states = [xp.where(on_, a, b) for a, b in zip(new, states, strict=True)]
        outputs[s] = xp.where(on_, new[0], xp.zeros_like(new[0]))
    assert_close(found, (xp.stack(outputs, axis=1), *states), **CLOSE)


@each_kind
def test_without_state_and_bias_they_are_zero(xp, kind):
    x, *rest = on(xp, kind.draw(3, 4, 2, 3))
    w_x, w_h = rest[kind.states : kind.states + 2]
    zeros = [xp.zeros_like(h) for h in rest[: kind.states]]
    no_bias = [xp.zeros_like(b) for b in rest[kind.states + 2 :]]
    bare = kind.run(x, *[None] * kind.states, w_x, w_h, *[None] * kind.biases)
    assert_close(bare, kind.run(x, *zeros, w_x, w_h, *no_bias), **CLOSE)
    step = kind.step(x[:, 0, :], [None] * kind.states, w_x, w_h)
    assert_close(step, kind.step(x[:, 0, :], zeros, w_x, w_h, *no_bias), **CLOSE)


@each_kind
@pytest.mark.parametrize("reverse", [False, True])
def test_padding_may_hold_anything(xp, kind, reverse):
    """Values and gradients do not see it, not even NaN."""
    x, *rest = kind.draw(3, 4, 2, 3)
    spoiled = np.where(np.arange(4)[:, None] < LENGTHS[:, None, None], x, np.nan)
    (x, spoiled), rest, lengths = on(xp, (x, spoiled)), on(xp, rest), xp.asarray(LENGTHS)

    def loss(*args):
        row = kind.joined(*args, lengths=lengths, reverse=reverse)
        return xdl.array_namespace(row).sum(row * row)

    gradient = xdl.value_and_grad(loss, tuple(range(len(rest) + 1)))
    expected, found = (at_once(gradient, [a, *rest]) for a in (x, spoiled))
    assert_close(found, expected, **CLOSE)
    assert not np.any(values(found[1][0])[np.isnan(values(spoiled))])


@each_kind
def test_lengths_out_of_range_are_clipped(xp, kind):
    args = on(xp, kind.draw(4, 3, 2, 3))
    wild, tame = xp.asarray([-5, 0, 3, 9], dtype=xp.int8), xp.asarray([0, 0, 3, 3])
    full = xp.asarray([3] * 4, dtype=xp.uint8)

    def runs(*args):
        pairs = [
            [kind.run(*args, lengths=lengths, reverse=reverse) for lengths in (wild, tame)]
            for reverse in (False, True)
        ]
        return pairs, kind.run(*args, lengths=full), kind.run(*args)

    pairs, padded, whole = at_once(runs, args)
    for found, expected in pairs:
        assert_equal(found, expected)
        assert not np.any(values(found[0])[:2])
        assert_equal(found[1][:2, ...], args[1][:2, ...])
    assert_close(padded, whole, **CLOSE)


@each_kind
@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0)])
@pytest.mark.parametrize("engine", [None, "tape"])
def test_no_sequences_and_no_steps(xp, kind, shape, engine):
    args = on(xp, kind.draw(*shape, 2, 3), xp.float32)

    def run(*args):
        row, pull = xdl.vjp(kind.joined, *args, engine=engine)
        return kind.run(*args), pull(xp.ones_like(row))

    (y, *last), found = at_once(run, args)
    assert y.shape == (*shape, 3)
    assert_equal(last, args[1 : 1 + kind.states])
    for k, (dx, x) in enumerate(zip(found, args, strict=True)):
        assert_equal(dx, np.full(x.shape, 1.0 if 1 <= k <= kind.states else 0.0), like=x)


@each_kind
def test_one_argument_traced_at_a_time(xp, kind):
    args = on(xp, kind.draw(2, 2, 2, 2))

    def loss(*a):
        row = kind.joined(*a)
        return xdl.array_namespace(row).sum(row * row)

    places = range(len(args))
    one_by_one = lambda *a: tuple([xdl.grad(loss, k, engine="tape")(*a) for k in places])
    whole = at_once(xdl.grad(loss, tuple(places), engine="tape"), args)
    assert_close(at_once(one_by_one, args), whole, **CLOSE)


@each_kind
@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivatives_of_a_cell(kind, engine):
    x, *rest = kind.draw(2, 1, 3, 2)
    step = lambda x, *a: kind.step(x, a[: kind.states], *a[kind.states :])
    args = (x[:, 0], *rest)
    if kind.name != "relu":
        xdl.check_grads(step, args, engine=engine)
    y, pull = xdl.vjp(step, *args, engine=engine)
    of_sequence, pull_sequence = xdl.vjp(lambda *a: kind.run(*a)[1:], x, *rest, engine=engine)
    assert_close(y, of_sequence)
    dx, *found = pull(tuple(map(np.cos, y)))
    expected_dx, *expected = pull_sequence(tuple(map(np.cos, y)))
    assert_close((dx, found), (expected_dx[:, 0], expected))


@each_kind
def test_derivatives_of_a_loop_over_cells(xp, kind):
    """Those of the sequence, also with a state that starts as none."""
    x, *rest = on(xp, kind.draw(2, 3, 2, 2))
    weights = rest[kind.states :]

    def loss(states, last):
        return sum(xdl.array_namespace(h).sum(h * h) for h in (*states, *last))

    def by_cells(x, *weights):
        states, total = [None] * kind.states, 0.0
        for s in range(3):
            states = kind.step(x[:, s, :], states, *weights)
            total = total + loss([states[0]], states if s == 2 else ())
        return total

    def at_a_time(x, *weights):
        y, *last = kind.run(x, *[None] * kind.states, *weights)
        return loss([y], last)

    places = tuple(range(1 + len(weights)))
    found, expected = (
        at_once(xdl.value_and_grad(f, places, engine="tape"), [x, *weights]) for f in (by_cells, at_a_time)
    )
    assert_close(found, expected, **CLOSE)


@hypothesis.given(
    n=st.integers(1, 90),
    t=st.integers(1, 12),
    n_in=st.integers(1, 4),
    m=st.integers(1, 5),
    padded=st.booleans(),
    reverse=st.booleans(),
    kind=st.sampled_from(KINDS),
)
@hypothesis.settings(max_examples=60)
def test_numpy_methods_give_the_definition(n, t, n_in, m, padded, reverse, kind):
    """Of any number of rows, which the methods take in blocks; with what the forward pass saves."""
    args = kind.draw(n, t, n_in, m)
    lengths = np.random.default_rng(n).integers(0, t + 1, n) if padded else None
    run = lambda *a: kind.run(*a, lengths=lengths, reverse=reverse)
    y, pull = xdl.vjp(run, *args)
    with xdl.portable():
        expected, expected_pull = xdl.vjp(run, *args)
    assert_close(y, expected, rtol=1e-10, atol=1e-12)
    assert_close(run(*args), expected, rtol=1e-10, atol=1e-12)
    dy = tuple(np.cos(np.arange(part.size)).reshape(part.shape) for part in y)
    found, before = pull(dy), [a.copy() for a in (*args, *dy)]
    with xdl.portable():
        assert_close(found, expected_pull(dy), rtol=1e-9, atol=1e-10)
    assert_equal(pull(dy), found)  # nothing that was saved has changed
    assert_equal([*args, *dy], before)


@hypothesis.given(cut=st.integers(0, 6), reverse=st.booleans(), kind=st.sampled_from(KINDS))
def test_states_carry_everything(cut, reverse, kind):
    """A sequence may be cut anywhere."""
    x, *rest = kind.draw(3, 6, 2, 3)
    weights = rest[kind.states :]
    parts = [x[:, :cut], x[:, cut:]][:: -1 if reverse else 1]
    first, *states = kind.run(parts[0], *rest, reverse=reverse)
    second, *states = kind.run(parts[1], *states, *weights, reverse=reverse)
    y = np.concatenate([second, first] if reverse else [first, second], axis=1)
    assert_close((y, *states), kind.run(x, *rest, reverse=reverse))


@each_kind
def test_a_method_runs(kind):
    for backend in ("numpy", "torch"):
        if backend == "torch" and kind.name == "gru before":
            continue  # torch has none
        args = [xdl.backend(backend).asarray(a) for a in kind.draw(2, 3, 2, 2)]
        extra = (None,) if kind.name == "gru before" else ()
        assert f"xdl_{backend}" in xdl.which(kind.sequence, *args, *extra, **kind.options)


# ---- mistakes ----

WRONG_SHAPES = [
    ("x", lambda a: a[:, 0, :]),
    ("x", lambda a: a[..., None]),
    ("h", lambda a: a[:1]),
    ("h", lambda a: a[:, :1]),
    ("w_x", lambda a: a.T),
    ("w_x", lambda a: a[:, 1:]),
    ("w_h", lambda a: a[:, :-1]),
    ("w_h", lambda a: a[0]),
    ("b", lambda a: a[:-1]),
    ("b", lambda a: a[None]),
]


@each_kind
@pytest.mark.parametrize(("name", "change"), WRONG_SHAPES)
def test_nothing_is_broadcast(xp, kind, name, change):
    args = kind.draw(3, 4, 2, 3)
    place = {"x": 0, "h": 1, "w_x": kind.states + 1, "w_h": kind.states + 2, "b": kind.states + 3}[name]
    args[place] = change(args[place])
    with pytest.raises(ValueError, match="expected `"):
        kind.run(*on(xp, args, xp.float32))


@each_kind
def test_nothing_is_promoted(xp64, kind):
    x, *rest = on(xp64, kind.draw(3, 4, 2, 3), xp64.float64)
    with pytest.raises(TypeError, match=r"one dtype.*astype"):
        kind.run(xp64.astype(x, xp64.float32), *rest)
    with pytest.raises(TypeError, match="one dtype"):
        kind.step(xp64.astype(x[:, 0, :], xp64.float32), rest[: kind.states], *rest[kind.states :])


@each_kind
def test_lengths_are_one_integer_for_each_sequence(xp, kind):
    args = on(xp, kind.draw(3, 4, 2, 3), xp.float32)
    for wrong in ([1, 2], [[1, 2, 3]]):
        with pytest.raises(ValueError, match=r"`lengths` of shape \(3,\)"):
            kind.run(*args, lengths=xp.asarray(wrong))
    with pytest.raises(TypeError, match="`lengths` of integers"):
        kind.run(*args, lengths=xp.asarray([1.0, 2.0, 3.0], dtype=xp.float32))


def test_options_are_checked(xp):
    x, h, w = xp.ones((2, 3, 2)), xp.ones((2, 2)), xp.ones((2, 6))
    with pytest.raises(ValueError, match="`activation` must be one of"):
        nn.rnn(x, h, w[:, :2], w[:, :2], activation="selu")
    with pytest.raises(ValueError, match="`reset` must be one of"):
        nn.gru(x, h, w, w, reset="both")
    with pytest.raises(ValueError, match="`b_h` stands inside a reset after"):
        nn.gru(x, h, w, w, None, xp.ones(2))
