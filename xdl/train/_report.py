"""What a run of training tells: after every epoch, and at its end."""

import dataclasses
from typing import Any

__all__ = ["Report", "Result"]


@dataclasses.dataclass(frozen=True)
class Report:
    """State of a run at the end of an epoch, as callbacks get it.

    Parameters
    ----------
    epoch : int
        Number of epochs done.
    model : pytree
        Its arrays are given up when training goes on: a callback that keeps them makes a copy.
    state : State
        Of the optimizer; given up likewise.
    history : dict
        As in `Result`.
    """

    epoch: int
    model: Any
    state: Any
    history: dict[str, list[float]]

    @property
    def latest(self) -> dict[str, float]:
        """Last value of everything that is recorded."""
        return {name: values[-1] for name, values in self.history.items() if values}


@dataclasses.dataclass(frozen=True)
class Result:
    """Outcome of a run.

    Parameters
    ----------
    model : pytree
        Trained model; with ``patience``, the best one.
    state : State
        State of the optimizer after the last step.
    history : dict of str to list of float
        ``"step_loss"`` for every step; for every epoch ``"loss"`` (mean over the examples), ``"seconds"``,
        and with validation data ``"validation_loss"`` and ``"validation_<name>"`` of every metric.
    status : str
        ``"completed"``, ``"stopped"`` (early, or by a callback) or ``"diverged"``.
    message : str
        The status in words.
    epochs : int
        Number of whole epochs done.
    best_epoch : int or None
        The epoch with the smallest loss, counted from 1; None without ``patience``.
    """

    model: Any
    state: Any
    history: dict[str, list[float]] = dataclasses.field(repr=False)
    status: str
    message: str
    epochs: int
    best_epoch: int | None = None
