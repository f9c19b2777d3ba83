"""Rules of the functions of the array API standard, one module for each chapter."""

from . import (
    decompositions,
    elementwise,
    fft,
    indexing,
    linalg,
    manipulation,
    matrices,
    searching,
    statistical,
)

__all__ = [
    "decompositions",
    "elementwise",
    "fft",
    "indexing",
    "linalg",
    "manipulation",
    "matrices",
    "searching",
    "statistical",
]
