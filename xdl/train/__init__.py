"""Training: a loop with progress, early stopping and checkpoints that survive being killed at any moment."""

from ._checkpoint import load, metadata, save
from ._fit import fit
from ._report import Report, Result

__all__ = ["Report", "Result", "fit", "load", "metadata", "save"]
