"""What a run writes down: its episodes, a row of numbers for each window of steps, and its evaluations."""

import math
from typing import Any

from xdl.core import Array, Module, array_namespace, to_numpy

from .rounds import Record

__all__ = ["Episodes", "Journal"]

LATEST = 20  # episodes whose mean return is shown


class Episodes(Module):
    """Episodes, in the order in which they ended.

    Parameters
    ----------
    step : (episodes,) array of int64
        Steps of all copies together when the episode ended.
    returns : (episodes,) array of float64
        Sum of its rewards.
    length : (episodes,) array of int64
        Its steps.
    """

    step: Any
    returns: Any
    length: Any


def _host() -> Any:
    return array_namespace(to_numpy(0.0))


class Journal:
    """Rows and episodes of a run so far.

    Parameters
    ----------
    copies : int
        Steps that count as one: of all copies side by side.

    Attributes
    ----------
    columns : tuple of str
        Names of the numbers in a row; none before the first window.
    rows : list of list of float
        One row for each window.
    evaluations : list of (int, array, array)
        Step, returns and lengths of each evaluation.
    """

    def __init__(self, copies: int):
        self.copies = copies
        self.columns: tuple[str, ...] = ()
        self.rows: list[list[float]] = []
        self.parts: list[tuple[Any, Any, Any]] = []
        self.evaluations: list[tuple[int, Any, Any]] = []
        self._latest: list[float] = []

    def add_episodes(self, step: int, records: list[Record]) -> tuple[list[float], list[float]]:
        """Note the episodes of rounds that began after ``step``; return their returns and lengths."""
        host, returns, lengths = _host(), [], []
        for record in records:
            ended = to_numpy(record.ended)
            where = host.nonzero(ended)
            place = where[0] * ended.shape[1] + where[1]  # step in a row
            total = to_numpy(record.total)[where].astype("float64")
            length = to_numpy(record.length)[where].astype("int64")
            self.parts.append((step + (place + 1) * self.copies, total, length))
            returns += total.tolist()
            lengths += length.tolist()
            step += ended.shape[0] * ended.shape[1] * self.copies
        self._latest = [*self._latest, *returns][-LATEST:]
        return returns, lengths

    def add_row(self, row: dict[str, float]) -> None:
        """Note the numbers of a window."""
        if self.columns and tuple(row) != self.columns:
            message = f"the measures of `learn` must have the same names in each call, got {(*row,)} after {self.columns}"
            raise ValueError(message)
        self.columns = tuple(row)
        self.rows.append([float(x) for x in row.values()])

    @property
    def recent(self) -> float:
        """Mean return of the last episodes."""
        return math.fsum(self._latest) / len(self._latest) if self._latest else math.nan

    @property
    def episodes(self) -> Episodes:
        """All episodes."""
        host = _host()
        if not self.parts:
            empty = host.zeros(0, dtype="int64")
            return Episodes(empty, host.zeros(0), empty)
        self.parts = [tuple(host.concat([*column]) for column in zip(*self.parts, strict=True))]  # pyright: ignore
        return Episodes(*self.parts[0])

    @property
    def last(self) -> dict[str, float]:
        """Last row."""
        return dict(zip(self.columns, self.rows[-1], strict=True)) if self.rows else {}

    def history(self) -> dict[str, Array]:
        """Columns by their names."""
        table = self._table()
        return {name: table[:, k] for k, name in enumerate(self.columns)}

    def arrays(self) -> dict[str, Any]:
        """All that is noted, as a tree of arrays."""
        host = _host()
        evaluations = [host.asarray([e[k] for e in self.evaluations], dtype=host.float64) for k in range(3)]
        if not self.evaluations:
            evaluations[1:] = [host.zeros((0, 0)), host.zeros((0, 0))]
        return {"episodes": self.episodes, "rows": self._table(), "evaluations": evaluations}

    def _table(self) -> Array:
        host = _host()
        return host.reshape(host.asarray(self.rows, dtype=host.float64), (len(self.rows), len(self.columns)))

    def restore(self, columns: list[str], arrays: dict[str, Any]) -> None:
        """Take up what was noted before."""
        self.columns, self.rows = tuple(columns), arrays["rows"].tolist()
        episodes = arrays["episodes"]
        self.parts = [(episodes.step, episodes.returns, episodes.length)]
        self._latest = episodes.returns[-LATEST:].tolist()
        steps, returns, lengths = arrays["evaluations"]
        self.evaluations = [(int(at), total, n) for at, total, n in zip(steps, returns, lengths, strict=True)]
