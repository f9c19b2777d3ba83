import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl import rl

CHAIN = [
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]],
    [[1.0, 0.0, 0.0], [0.25, 0.0, 0.75], [0.0, 1.0, 0.0]],
]
REWARD = [[1.0, 2.0, 3.0], [0.0, -1.0, 5.0]]


def edges(xp, transition, reward):
    rows = [
        (s, a, t, p, reward[a][s])
        for s in range(3)
        for a in (1, 0)  # in no order
        for t, p in enumerate(transition[a][s])
        if p
    ]
    columns = list(zip(*rows, strict=True))
    return [xp.asarray(list(c)) for c in columns[:3]], [
        xp.asarray(list(c), dtype=xp.float64) for c in columns[3:]
    ]


@pytest.mark.parametrize("terminal", [None, [False, False, True]])
def test_edges_and_tables_are_the_same_process(xp64, terminal):
    xp = xp64
    table, paid = xp.asarray(CHAIN, dtype=xp.float64), xp.asarray(REWARD, dtype=xp.float64)
    ends = None if terminal is None else xp.asarray(terminal)
    integers, numbers = edges(xp, CHAIN, REWARD)
    sparse = rl.SparseMDP(*integers, *numbers, 0.9, states=3, actions=2, terminal=ends)
    dense = rl.MDP(table, paid, 0.9, ends)
    value = xp.asarray([1.0, -2.0, 4.0], dtype=xp.float64)
    assert_close(sparse.action_value(value), dense.action_value(value))
    assert_close(sparse.dense(), dense)
    assert (dense.states, dense.actions) == (3, 2) == (sparse.states, sparse.actions)
    if terminal:
        np.testing.assert_array_equal(values(dense.action_value(value))[:, 2], 0)


def test_rewards_of_transitions_are_averaged(xp64):
    xp = xp64
    table = xp.asarray(CHAIN, dtype=xp.float64)
    paid = xp.asarray(np.arange(18.0).reshape(2, 3, 3))
    found = rl.MDP(table, paid, 0.5).reward
    np.testing.assert_allclose(values(found), (np.asarray(CHAIN) * np.arange(18.0).reshape(2, 3, 3)).sum(-1))


class TestBadInput:
    def make(self, change=None, reward=None, discount=0.9, terminal=None):
        table, paid = np.asarray(CHAIN), np.asarray(REWARD)
        if change:
            table[change[0]] = change[1]
        if reward:
            paid[reward[0]] = reward[1]
        return rl.MDP(table, paid, discount, terminal)

    def test_rows_that_are_no_distributions(self):
        with pytest.raises(ValueError, match=r"sum to one .*, got 1\.1 for action 1 in state 2"):
            self.make(((1, 2, 0), 0.1))
        with pytest.raises(ValueError, match=r"negative or NaN, got -0\.1 at \(0, 1, 2\)"):
            self.make(((0, 1, 2), -0.1))
        with pytest.raises(ValueError, match=r"negative or NaN, got nan at \(0, 0, 0\)"):
            self.make(((0, 0, 0), np.nan))

    def test_a_batch_names_the_process(self):
        table = np.stack([np.asarray(CHAIN)] * 2)
        table[1, 0, 2] *= 2
        with pytest.raises(ValueError, match=r"action 0 in state 2 of process \(1,\)"):
            rl.MDP(table, np.stack([np.asarray(REWARD)] * 2), 0.9)

    def test_rewards_and_discounts(self):
        with pytest.raises(ValueError, match=r"`reward` must be finite, got inf at \(1, 0\)"):
            self.make(reward=((1, 0), np.inf))
        for discount in (-0.1, 1.5, float("nan")):
            with pytest.raises(ValueError, match="`discount` must be in"):
                self.make(discount=discount)

    def test_no_discount_needs_an_end(self):
        with pytest.raises(
            ValueError, match="needs a terminal state within reach of every state; from state 0"
        ):
            self.make(discount=1.0)
        self.make(discount=1.0, terminal=np.asarray([False, False, True]))
        with pytest.raises(ValueError, match="from state 1"):
            self.make(
                discount=1.0, terminal=np.asarray([True, False, False]), change=((slice(None), 1), [0, 1, 0])
            )
        integers, numbers = edges(np, CHAIN, REWARD)
        with pytest.raises(ValueError, match="needs a terminal state"):
            rl.SparseMDP(*integers, *numbers, 1.0, states=3, actions=2)

    def test_shapes_and_indices(self):
        with pytest.raises(ValueError, match=r"\(\.\.\., actions, states, states\), got \(3, 2\)"):
            rl.MDP(np.ones((3, 2)), np.ones(3), 0.9)
        with pytest.raises(
            ValueError, match=r"`reward` must have shape \(2, 3\) or \(2, 3, 3\), got \(3, 2\)"
        ):
            rl.MDP(np.asarray(CHAIN), np.ones((3, 2)), 0.9)
        with pytest.raises(ValueError, match=r"`terminal` must have shape \(3,\)"):
            self.make(terminal=np.zeros(2, bool))
        integers, numbers = edges(np, CHAIN, REWARD)
        with pytest.raises(ValueError, match=r"`target` must be in \[0, 2\), got 2 at"):
            rl.SparseMDP(integers[0] * 0, integers[1], integers[2], *numbers, 0.9, states=2, actions=2)
        with pytest.raises(ValueError, match="`source` must be a one-dimensional array of integers"):
            rl.SparseMDP(integers[0] * 1.0, *integers[1:], *numbers, 0.9, states=3, actions=2)


def test_a_process_is_a_tree(xp64):
    mdp = rl.MDP(xp64.asarray(CHAIN, dtype=xp64.float64), xp64.asarray(REWARD, dtype=xp64.float64), 0.9)
    assert len(xdl.tree.leaves(mdp)) == 3
    assert_close(xdl.jit(lambda m: m.action_value(m.reward[0, :]))(mdp), mdp.action_value(mdp.reward[0, :]))
