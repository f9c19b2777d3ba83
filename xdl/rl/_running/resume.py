"""What a run needs to go on, in a file."""

import json
import os
from typing import Any

from xdl.core import array_namespace, to_numpy
from xdl.train._checkpoint import load, save
from xdl.train._resume import read_note

from .journal import Episodes
from .run import Run

__all__ = ["restore", "store"]

NAME = "xdl.rl.train"


def store(path: str | os.PathLike[str], run: Run, settings: dict[str, Any]) -> None:
    """Write a run to a file."""
    journal = run.journal.arrays()
    note = {
        "settings": settings,
        "done": run.done,
        "seconds": run.seconds,
        "status": run.status,
        "columns": run.journal.columns,
        "episodes": journal["episodes"].step.shape[0],
        "rows": journal["rows"].shape,
        "evaluations": journal["evaluations"][1].shape,
    }
    save(path, {"carry": run.stored(), "journal": journal}, metadata={NAME: json.dumps(note)})


def restore(path: str | os.PathLike[str], run: Run, settings: dict[str, Any]) -> None:
    """Take up a run that was stored in a file, if there is one.

    Raises
    ------
    ValueError
        If the file belongs to another run.
    """
    note = read_note(path, NAME, settings, writer="rl.train")
    if note is None:
        return
    host, evaluations = array_namespace(to_numpy(0.0)), tuple(note["evaluations"])
    whole = host.empty(note["episodes"], dtype=host.int64)
    like = {
        "episodes": Episodes(whole, host.empty(note["episodes"]), whole),
        "rows": host.empty(tuple(note["rows"])),
        "evaluations": [host.empty(shape) for shape in (evaluations[:1], evaluations, evaluations)],
    }
    found = load(path, {"carry": run.stored(), "journal": like})
    run.seconds, run.status = note["seconds"], note["status"]
    run.journal.restore(note["columns"], found["journal"])
    run.take_up(found["carry"], note["done"])
