"""What a run of training needs to go on, in memory and in a file."""

import dataclasses
import json
import math
import os
from typing import Any

from xdl.core import array_namespace, to_numpy

from ._checkpoint import load, metadata, remove_temporaries, save
from ._report import Report

__all__ = ["Progress", "read_note", "restore", "store"]

_NAME = "xdl.fit"


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a run is: ``epoch`` whole epochs and ``step`` steps of the next one."""

    model: Any
    state: Any
    best: Any = None
    history: dict[str, list[float]] = dataclasses.field(default_factory=lambda: {"step_loss": []})
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_value: float = math.inf
    status: str = "running"
    reason: str = ""

    def advance(self, model: Any, state: Any, losses: list[float], step: int) -> "Progress":
        """Progress after more steps of the epoch."""
        history = self.history | {"step_loss": self.history["step_loss"] + losses}
        return dataclasses.replace(self, model=model, state=state, history=history, step=step)

    def finite(self, n: int) -> bool:
        """Whether the last ``n`` losses are finite."""
        return all(map(math.isfinite, self.history["step_loss"][-n:]))

    def record(self, values: dict[str, float]) -> "Progress":
        """Progress at the end of the epoch."""
        history = self.history | {name: [*self.history.get(name, []), x] for name, x in values.items()}
        return dataclasses.replace(self, history=history, epoch=self.epoch + 1, step=0, seconds=0.0)

    def report(self) -> Report:
        """What callbacks get."""
        return Report(self.epoch, self.model, self.state, self.history)


_COUNTERS = ("epoch", "step", "seconds", "best_epoch", "status", "reason")


def store(path: str | os.PathLike[str], now: Progress, settings: dict[str, Any]) -> None:
    """Write the progress of a run to a file."""
    host = array_namespace(to_numpy(0.0))
    history = {name: host.asarray(values, dtype=host.float64) for name, values in now.history.items()}
    # As text, an infinite number would be no JSON.
    note = {name: getattr(now, name) for name in _COUNTERS} | {
        "best_value": float(now.best_value).hex(),
        "settings": settings,
        "history": {name: len(values) for name, values in now.history.items()},
    }
    save(path, _tree(now, history), metadata={_NAME: json.dumps(note)})


def _tree(now: Progress, history: Any) -> dict[str, Any]:
    return {"model": now.model, "state": now.state, "best": now.best, "history": history}


def read_note(
    path: str | os.PathLike[str], name: str, settings: dict[str, Any], *, writer: str
) -> dict[str, Any] | None:
    """Note in a checkpoint, None if there is no file.

    Raises
    ------
    ValueError
        If the file has no note of this name, or is of a run with other settings.
    """
    remove_temporaries(path)
    if not os.path.exists(path):
        return None
    texts = metadata(path)
    if name not in texts:
        message = f"{os.fspath(path)} was not written by {writer}: say resume=False to overwrite it"
        raise ValueError(message)
    note = json.loads(texts[name])
    for key, value in settings.items():
        if (stored := note["settings"].get(key)) != value:
            message = (
                f"{os.fspath(path)} belongs to a run with {key}={stored!r}, not {value!r}: "
                "use another file, or resume=False to start again"
            )
            raise ValueError(message)
    return note


def restore(path: str | os.PathLike[str], start: Progress, settings: dict[str, Any]) -> Progress:
    """Progress stored in a file, or ``start`` if there is none."""
    note = read_note(path, _NAME, settings, writer="fit")
    if note is None:
        return start
    host = array_namespace(to_numpy(0.0))
    history = {name: host.empty(n, dtype=host.float64) for name, n in note["history"].items()}
    found = load(path, _tree(start, history))
    return dataclasses.replace(
        start,
        model=found["model"],
        state=found["state"],
        best=found["best"],
        history={name: [float(x) for x in values] for name, values in found["history"].items()},
        best_value=float.fromhex(note["best_value"]),
        **{name: note[name] for name in _COUNTERS},
    )
