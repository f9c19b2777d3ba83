"""Logs in files: a row of numbers for each window."""

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterable
from typing import BinaryIO

from xdl.train._checkpoint import replace

from .journal import Journal

__all__ = ["Log", "logs_of"]

WHOLE = ("step", "episodes")


def _csv(row: dict[str, float]) -> str:
    return _csv_line("" if math.isnan(x) else _number(name, x) for name, x in row.items())


def _csv_line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _json(row: dict[str, float]) -> str:
    # as JSON knows no numbers that are not finite
    found = {name: _number(name, x) if math.isfinite(x) else None for name, x in row.items()}
    return json.dumps(found) + "\n"


def _number(name: str, x: float) -> float | int:
    return int(x) if name in WHOLE else x


FORMATS: dict[str, Callable[[dict[str, float]], str]] = {
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _json,
    ".ndjson": _json,
}


class Log:
    """File with a row for each window: CSV with a header, or JSON lines.

    Parameters
    ----------
    path : path
        Its ending tells the format.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = os.fspath(path)
        ending = os.path.splitext(self.path)[1].lower()
        if ending not in FORMATS:
            message = f"`log` must end with one of {', '.join(FORMATS)}, got {self.path!r}"
            raise ValueError(message)
        self._line = FORMATS[ending]
        self._header = ending == ".csv"

    def rewrite(self, journal: Journal) -> None:
        """Write all rows so far in the place of the file: rows after the checkpoint a run begins from go."""

        def write(file: BinaryIO) -> None:
            for row in journal.rows:
                file.write(self._text(journal.columns, row, first=row is journal.rows[0]).encode())

        replace(self.path, write)

    def append(self, journal: Journal) -> None:
        """Write the last row."""
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            file.write(self._text(journal.columns, journal.rows[-1], first=len(journal.rows) == 1))

    def _text(self, columns: tuple[str, ...], row: list[float], first: bool) -> str:
        head = _csv_line(columns) if first and self._header else ""
        return head + self._line(dict(zip(columns, row, strict=True)))


def logs_of(paths: object) -> list[Log]:
    """Logs of one path, of several, or of none."""
    if paths is None:
        return []
    several = [paths] if isinstance(paths, str | os.PathLike) else list(paths)  # pyright: ignore
    return [Log(path) for path in several]
