"""Algorithms of Sutton & Barto (2018), box by box in loops of Python, and steps to try them on."""

import functools
from typing import NamedTuple

import numpy as np

from xdl import rl
from xdl.core import array_namespace
from xdl.rl._tabular.learning import Shape, Step

STATES, ACTIONS, DISCOUNT = 4, 3, 0.9
HORIZON = 12


class Row(NamedTuple):
    """One step of one agent; ``then`` is the action that comes next, also where the episode was cut off."""

    t: int
    state: int
    action: int
    reward: float
    after: int
    then: int
    terminated: bool
    ended: bool
    noise: tuple[float, ...]


@functools.cache
def rows(steps=70, agents=3, noise=0, *, cut=True):
    """Steps of agents at random, the last of which ends the episode: lists of `Row`.

    With ``cut`` an episode may also end where no state is terminal.
    """
    rng, found = np.random.default_rng(3), []
    for _ in range(agents):
        state, action, length, mine = 0, 0, 0, []
        for t in range(1, steps + 1):
            after, then, length = int(rng.integers(STATES)), int(rng.integers(ACTIONS)), length + 1
            terminated = rng.random() < 0.15
            ended = terminated or length == HORIZON or rng.random() < 0.05 or t == steps
            terminated = terminated or (ended and not cut)
            chance = tuple(float(v) for v in rng.random(noise).astype(np.float32))
            row = Row(t, state, action, round(rng.normal(), 2), after, then, terminated, ended, chance)
            mine.append(row)
            state, action = after, then
            if ended:
                state, action, length = int(rng.integers(STATES)), int(rng.integers(ACTIONS)), 0
        found.append(mine)
    return found


def learned(method, like=None, steps=70, *, cut=True):
    """Table (agents, states, actions) of a method after these steps."""
    like = np.asarray(0.0) if like is None else like
    xp = array_namespace(like)
    asked = rows(steps, noise=method.noise(), cut=cut)
    shape = Shape(len(asked), STATES, ACTIONS, HORIZON)
    base = np.arange(len(asked)) * STATES
    memory = method.init(shape, like)
    array = lambda values: xp.asarray(np.asarray(values), device=getattr(like, "device", None))
    for now in zip(*asked, strict=True):
        column = lambda name, now=now: np.asarray([getattr(row, name) for row in now])
        row, after = base + column("state"), array(base + column("after"))
        q = method.values(memory, after, shape)
        step = Step(
            t=xp.asarray(float(now[0].t), dtype=like.dtype, device=getattr(like, "device", None)),
            row=array(row),
            next_row=after,
            index=array(row * ACTIONS + column("action")),
            reward=array(column("reward")),
            terminated=array(column("terminated")),
            ended=array(column("ended")),
            next_values=q,
            next_best=xp.argmax(q, axis=-1),
            next_action=array(column("then")),
            noise=array(column("noise").reshape(len(asked), -1).T),
        )
        memory = method.learn(memory, step, shape)
    every = array(np.arange(len(asked) * STATES))
    return xp.reshape(method.values(memory, every, shape), shape[:3])


def expected(reference, method):
    """Tables by a loop ``reference(q, episode)`` that changes ``q`` episode by episode."""
    found = []
    for mine in rows(noise=method.noise()):
        q, episode = np.full((STATES, ACTIONS), method.initial), []
        remembered = {}
        for row in mine:
            episode.append(row)
            if row.ended:
                reference(q, episode, remembered)
                episode = []
        found.append(q)
    return np.stack(found)


def bootstrap(q, row):
    return 0.0 if row.terminated else q[row.after, row.then]


def table_of_walk(states=19):
    """Random walk of example 7.1: from the middle, -1 at the left end and 1 at the right one."""
    k = np.arange(states)
    target = np.stack([np.maximum(k - 1, 0), np.minimum(k + 1, states - 1)], axis=1)
    ended = np.stack([k == 0, k == states - 1], axis=1)
    return rl.TabularEnvironment(
        target=target,
        cumulative=np.tile([0.5, 2.0], (states, 1)),
        paid=ended * np.array([-1.0, 1.0]),
        ended=ended,
        keep=np.zeros(states),
        alias=np.full(states, states // 2),
        actions=1,
        max_steps=100_000,
    )


MAZE = """
.......#G
..#....#.
S.#....#.
..#......
.....#...
.........
"""


def maze():
    """The maze of figure 8.2."""
    lines = MAZE.split()
    cells = {(i, j): c for i, line in enumerate(lines) for j, c in enumerate(line)}
    number = {cell: k for k, cell in enumerate(cells)}
    goes = lambda i, j, di, dj: (i + di, j + dj) if cells.get((i + di, j + dj), "#") != "#" else (i, j)
    moves = [goes(i, j, *d) for i, j in cells for d in ((-1, 0), (1, 0), (0, -1), (0, 1))]
    goal = np.array([[cells[m] == "G"] for m in moves])
    start = next(number[c] for c, letter in cells.items() if letter == "S")
    return rl.TabularEnvironment(
        target=np.array([[number[m]] for m in moves]),
        cumulative=np.full((len(moves), 1), 2.0),
        paid=goal * 1.0,
        ended=goal,
        keep=np.zeros(len(cells)),
        alias=np.full(len(cells), start),
        actions=4,
        max_steps=100_000,
    )


def play(method, env, episodes, agents, look=None, seed=0):
    """Lengths (episodes, agents) of the first episodes, and what ``look(values)`` says after each.

    ``values`` is (agents, states, actions).
    """
    rng = np.random.default_rng(seed)
    shape = Shape(agents, env.states, env.actions, env.max_steps)
    base, memory = np.arange(agents) * env.states, method.init(shape, env.keep)
    every = np.arange(agents * env.states)
    state, begun, done, t = env.reset(rng.random((agents, 1))), np.zeros(agents), np.zeros(agents, int), 0
    lengths, seen = np.zeros((episodes, agents)), np.zeros((episodes, agents))

    def act(s):
        q = method.values(memory, base + s, shape)
        # of equal values the first would be best, and an agent would run against one wall for a long time
        q = q + 1e-9 * rng.random(q.shape)
        return method.exploration.choose(q, None, t, rng.random(agents))

    action = act(state)
    while done.min() < episodes:
        t += 1
        moved, reward, ended = env.step(state, action, rng.random((agents, env.step_noise)))
        q = method.values(memory, base + moved, shape)
        then = act(moved)
        index, noise = (base + state) * env.actions + action, rng.random((method.noise(), agents))
        memory = method.learn(
            memory,
            Step(t, base + state, base + moved, index, reward, ended, ended, q, q.argmax(-1), then, noise),
            shape,
        )
        fits = ended & (done < episodes)
        lengths[done[fits], fits] = t - begun[fits]
        if look is not None and fits.any():
            seen[done[fits], fits] = look(method.values(memory, every, shape).reshape(shape[:3]))[fits]
        done, begun = done + ended, np.where(ended, t, begun)
        state = np.where(ended, env.reset(rng.random((agents, 1))), moved)
        action = np.where(ended, act(state), act(state) if method.acts_after_learning else then)
    return lengths, seen
