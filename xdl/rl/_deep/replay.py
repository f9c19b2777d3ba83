"""Memory of steps that were taken, to learn from in another order."""

from typing import Any

from xdl.core import Array, Module, array_namespace, random, static, tree
from xdl.core._namespace import device_of, is_array
from xdl.rl._slots import put_rows

from .sum_tree import change_leaves, draw_leaves, leaves_of, total

__all__ = ["Replay", "pick", "replay_add", "replay_init", "replay_sample", "replay_update"]


class Replay(Module):
    """The latest steps of copies of an environment, as a ring of arrays: see `replay_init`.

    Parameters
    ----------
    rows : pytree
        Arrays (capacity, ...): row ``time * copies + copy`` is a step of a copy, where times go round.
    head : () integer array
        Time that is written next.
    count : () integer array
        Times that have been written, at most all of them.
    sums : (2 * n,) array
        Tree of the sums of priorities; of length 0 where all steps are drawn alike.
    largest : () array
        Largest priority so far, which new steps get.
    copies : int
        Steps that are taken at the same time.
    window : int
        Steps of a copy in a row that are drawn together.
    """

    rows: Any
    head: Array
    count: Array
    sums: Array
    largest: Array
    copies: int = static()
    window: int = static()

    @property
    def times(self) -> int:
        """Times that there is room for."""
        return capacity_of(self) // self.copies


def capacity_of(replay: Replay) -> int:
    """Rows that there is room for."""
    return next(tree.iterate(replay.rows)).shape[0]


def replay_init(
    capacity: int, like: Any, *, copies: int = 1, window: int = 1, prioritized: bool = False
) -> Replay:
    """Empty replay.

    Parameters
    ----------
    capacity : int
        Steps that it holds, of all copies together; it is rounded down to a multiple of their number.
    like : pytree of arrays
        One step of one copy. Its shapes and dtypes are those of the rows, which live in its library, on its device.
    copies : int
        Steps that are taken at the same time, each in a copy of the environment.
    window : int
        Steps of a copy in a row that are drawn together. A step is drawn once those that follow it are there.
    prioritized : bool
        Whether steps are drawn in proportion to priorities, else all alike.

    Returns
    -------
    Replay
    """
    for name, n in (("copies", copies), ("window", window)):
        if n < 1:
            message = f"`{name}` must be at least 1, got {n}"
            raise ValueError(message)
    times = capacity // copies
    if times < window:
        message = f"`capacity` must be at least {copies * window}, a window of each copy, got {capacity}"
        raise ValueError(message)
    first = next((x for x in tree.leaves(like) if is_array(x)), None)
    if first is None:
        message = f"`like` must be a tree of arrays, got {like!r}"
        raise TypeError(message)
    xp, device, size = array_namespace(first), device_of(first), times * copies
    zeros = lambda shape, dtype: xp.zeros(shape, dtype=dtype, device=device)
    nodes = 2 << (size - 1).bit_length() if prioritized else 0
    whole = xp.__array_namespace_info__().default_dtypes(device=device)["integral"]
    return Replay(
        tree.map(lambda x: zeros((size, *x.shape), x.dtype), like),
        zeros((), whole),
        zeros((), whole),
        zeros((nodes,), xp.float32),
        xp.ones((), dtype=xp.float32, device=device),
        copies,
        window,
    )


def replay_add(replay: Replay, steps: Any) -> Replay:
    """Write steps in the place of the oldest ones; the old replay is given up.

    Parameters
    ----------
    replay : Replay
    steps : pytree
        Arrays (k, copies, ...): k steps of each copy.

    Returns
    -------
    Replay
        Where arrays can be written to, its rows and sums are those of ``replay``.
    """
    given = tree.leaves(steps)
    xp, n, w = array_namespace(given[0]), replay.copies, replay.window
    shape = tuple(given[0].shape[:2])
    k = shape[0]
    if len(shape) < 2 or shape[1] != n or k + w - 1 > replay.times:
        message = (
            f"`steps` must be arrays ({replay.times - w + 1} or fewer steps, {n} copies, ...), "
            f"got shape {tuple(given[0].shape)}"
        )
        raise ValueError(message)
    device = device_of(replay.head)

    def slots(first: Array, count: int) -> Array:
        times = (first + xp.arange(count, device=device)) % replay.times
        copies = xp.arange(n, dtype=times.dtype, device=device)
        return xp.reshape(times[:, None] * n + copies, (-1,)) if n > 1 else times

    places = slots(replay.head, k)

    def written(table: Array, x: Array) -> Array:
        if x.shape != (k, n, *table.shape[1:]):
            message = (
                f"`steps` must have arrays {(k, n, *table.shape[1:])} as `like` had, got {tuple(x.shape)}"
            )
            raise ValueError(message)
        return put_rows(
            table, places, xp.astype(xp.reshape(x, (k * n, *x.shape[2:])), table.dtype, copy=False)
        )

    rows = tree.map(written, replay.rows, steps)
    sums = replay.sums
    if sums.shape[0]:
        # the last steps have nothing behind them yet; k older ones just got what they waited for
        time = xp.arange(1 - w, k, device=device)
        ready = (time <= k - w) & (replay.count + time >= 0)
        values = xp.where(ready, replay.largest, xp.zeros_like(replay.largest))
        values = xp.reshape(xp.broadcast_to(values[:, None], (k + w - 1, n)), (-1,))
        sums = change_leaves(sums, slots(replay.head - (w - 1), k + w - 1), values)
    count = xp.minimum(replay.count + k, xp.full_like(replay.count, replay.times))
    return replay.replace(rows=rows, head=(replay.head + k) % replay.times, count=count, sums=sums)


def pick(replay: Replay, noise: Array) -> tuple[Any, Array, Array]:
    """Draw steps with given random numbers: see `replay_sample`; nothing is checked.

    A chance that all steps have in common is an array ().

    Parameters
    ----------
    replay : Replay
        With at least one window.
    noise : (b,) array
        Uniform on [0, 1).
    """
    xp, n, w, b = array_namespace(noise), replay.copies, replay.window, noise.shape[0]
    kind = replay.head.dtype
    if replay.sums.shape[0]:
        whole = total(replay.sums)
        # one draw from each of b equal parts of the sum
        height = (xp.arange(b, dtype=noise.dtype, device=device_of(noise)) + noise) * (whole / b)
        index = xp.astype(draw_leaves(replay.sums, height), kind)
        chance = leaves_of(replay.sums, index) / whole
    else:
        held = (replay.count - (w - 1)) * n
        many = xp.astype(held, noise.dtype)
        # a product may round up to the number of steps
        drawn = xp.minimum(xp.astype(noise * many, kind), held - 1)
        index = ((replay.head - replay.count) * n + drawn) % (replay.times * n)
        chance = 1 / many
    if w == 1:
        rows = tree.map(lambda table: xp.take(table, index, axis=0)[None, ...], replay.rows)
    else:
        ahead = xp.arange(w, dtype=kind, device=device_of(noise))[:, None] * n
        places = xp.reshape((index + ahead) % (replay.times * n), (-1,))
        rows = tree.map(
            lambda table: xp.reshape(xp.take(table, places, axis=0), (w, b, *table.shape[1:])), replay.rows
        )
    return rows, index, chance


def replay_sample(replay: Replay, key: Array, batch: int) -> tuple[Any, Array, Array]:
    """Draw steps, with replacement.

    Parameters
    ----------
    replay : Replay
    key : array
        Random key.
    batch : int
        Number of steps.

    Returns
    -------
    rows : pytree
        Arrays (window, batch, ...): each step drawn, and those that followed it.
    index : (batch,) integer array
        Rows of the steps drawn, for `replay_update`.
    chance : (batch,) array
        Probability with which each was drawn.

    Raises
    ------
    ValueError
        If there are too few steps for one window, unless the call is being compiled.

    References
    ----------
    Schaul, Quan, Antonoglou & Silver (2016), arXiv:1511.05952, equation 1 and appendix B.2.1
    """
    held = number_of(replay.count)
    if held is not None and held < replay.window:
        message = (
            f"the replay has {held} steps of each copy, too few for a window of {replay.window}: "
            "add steps before sampling"
        )
        raise ValueError(message)
    rows, index, chance = pick(replay, random.uniform(key, (batch,)))
    return rows, index, array_namespace(chance).broadcast_to(chance, (batch,))


def number_of(x: Array) -> int | None:
    """Integer in an array (), None where a compiler does not know it yet."""
    try:
        return int(x)
    except TypeError:  # of JAX while it compiles
        return None


def replay_update(replay: Replay, index: Array, priority: Array) -> Replay:
    """Set priorities of steps; the old replay is given up.

    Parameters
    ----------
    replay : Replay
        One that is prioritized.
    index : (b,) array of integers
        Steps, as drawn. Of priorities for the same step the largest counts.
    priority : (b,) array
        Positive numbers, with which probabilities grow in proportion.
    """
    if not replay.sums.shape[0]:
        message = "all steps of this replay are drawn alike: make it by replay_init(..., prioritized=True)"
        raise ValueError(message)
    xp = array_namespace(priority)
    sums = change_leaves(replay.sums, index, priority)
    return replay.replace(sums=sums, largest=xp.maximum(replay.largest, xp.max(priority)))
