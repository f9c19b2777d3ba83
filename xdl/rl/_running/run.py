"""One run: where it is, and how it goes on to the end of the next window."""

import math
from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace, random, to_numpy, tree
from xdl.core._namespace import device_of

from .journal import Journal
from .rounds import ArrayRounds, Carry, HostRounds, Record, own

__all__ = ["Run"]

# Rounds whose random numbers are drawn in one call, and which are one compiled program: round numbers, so that windows
# of round numbers are whole draws; and at most so many steps of each copy.
DRAWS = (1, 2, 5, 10, 20, 25, 50, 100, 125, 250)
DRAWN = 250


class Run:
    """A run, from one window to the next.

    Parameters
    ----------
    rounds : ArrayRounds or HostRounds
    key : array
        Random key.
    steps, window : int
        Steps of all copies together, of the run and of a window.
    """

    def __init__(self, rounds: ArrayRounds | HostRounds, key: Array, steps: int, window: int):
        algorithm = rounds.algorithm
        self.rounds, self.key = rounds, key
        self.unit = algorithm.rollout * algorithm.copies  # steps of a round
        self.draw = max([n for n in DRAWS if n * algorithm.rollout <= DRAWN], default=1)
        self.window = self.draw * -(-window // (self.draw * self.unit))
        self.last = -(-steps // self.unit)
        self.done, self.seconds, self.status = 0, 0.0, "completed"  # rounds; of work
        # of the environment, of noise, of learning, and of the first learner
        self.keys = random.split(key, 4)
        self.journal = Journal(rounds.copies)
        xp = array_namespace(key)
        t = xp.asarray(0, dtype=xp.int32, device=device_of(key))
        learner = algorithm.init(rounds.spaces, self.keys[3, ...])
        self.carry = tree.map(own, Carry(rounds.begin(self._begins(0)), learner, t))

    @property
    def step(self) -> int:
        """Steps of all copies together."""
        return self.done * self.unit

    @property
    def edge(self) -> int:
        """Round at which the window ends."""
        return min(self.last, (self.done // self.window + 1) * self.window)

    def due(self, every: int) -> bool:
        """Whether what is to be done every so many steps is done at the end of this window."""
        return self.edge * self.unit // every > self.step // every or self.edge == self.last

    def settings(self) -> dict[str, Any]:
        """What must not change between the parts of a run."""
        algorithm, env = self.rounds.algorithm, self.rounds.env
        return {
            "algorithm": type(algorithm).__name__,
            **{f"algorithm.{name}": repr(value) for name, value in vars(algorithm).items()},
            "env": f"{type(env).__name__} {self.rounds.spaces!r}" if self.rounds.restarts else repr(env),
            "key": [int(word) for word in to_numpy(self.key)],
            "window": self.window,
        }

    def play(self, restart: bool, tick: Callable[[int], Any]) -> dict[str, float]:
        """Go to the end of the window, with new episodes from there on if the run is stored there; return its row."""
        records, first, edge = [], self.done, self.edge
        shape = (self.draw, self.rounds.algorithm.rollout, self.rounds.copies, self.rounds.noise)
        while self.done < edge:
            block, begin = divmod(self.done, self.draw)
            end = min(self.draw, begin + edge - self.done)
            noise = random.uniform(random.fold_in(self.keys[1, ...], block), shape)[begin:end, ...]
            keys = random.split(random.fold_in(self.keys[2, ...], block), self.draw)[begin:end, ...]
            self.done += end - begin
            begins = self._begins(edge) if restart and self.rounds.restarts and self.done == edge else None
            self.carry, record = self.rounds.play(self.carry, noise, keys, begins)
            records.append(record)
            tick((end - begin) * self.unit)
        return self._row(first * self.unit, records)

    def stored(self) -> Carry:
        """All arrays that the run needs to go on."""
        return self.carry.replace(running=None) if self.rounds.restarts else self.carry

    def take_up(self, carry: Carry, done: int) -> None:
        """Go on from what was stored after so many rounds."""
        self.done = done
        running = self.rounds.begin(self._begins(done)) if self.rounds.restarts else carry.running
        self.carry = carry.replace(running=running)

    def _begins(self, done: int) -> Array:
        return random.fold_in(self.keys[0, ...], done)

    def _row(self, step: int, records: list[Record]) -> dict[str, float]:
        for k, record in enumerate(records):
            before = step + self.unit * sum(r.ended.shape[0] for r in records[:k])
            self._refuse(to_numpy(record.wrong), before)
        returns, lengths = self.journal.add_episodes(step, records)
        measures = {
            name: _mean([x for r in records for x in to_numpy(r.measures[name]).tolist()])
            for name in records[0].measures
        }
        own = {
            "step": self.step,
            "episodes": len(self.journal.episodes.step),
            "return": _mean(returns),
            "length": _mean(lengths),
        }
        if own.keys() & measures.keys():
            message = (
                f"`learn` measures {sorted(own.keys() & measures.keys())}, names that `train` needs itself"
            )
            raise ValueError(message)
        return own | measures

    def _refuse(self, wrong: Array, before: int) -> None:
        """Raise if something seen in rounds (rounds, steps, n) is not finite."""
        host = array_namespace(wrong)
        if not host.any(wrong):
            return
        row, step, copy = (int(where[0]) for where in host.nonzero(wrong))
        after = before + (row * wrong.shape[1] + step + 1) * self.rounds.copies
        entry = int(wrong[row, step, copy]) - 2
        what = "the reward" if entry < 0 else f"entry {entry} of the observation"
        message = (
            f"{what} is not finite in copy {copy} after {after} steps: look at the environment's `step`, and at the "
            "actions of the algorithm, which may have diverged"
        )
        raise ValueError(message)


def _mean(values: list[float]) -> float:
    """Mean of the numbers that are none of NaN; NaN if there are none."""
    found = [x for x in values if not math.isnan(x)]
    return math.fsum(found) / len(found) if found else math.nan
