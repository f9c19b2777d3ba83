"""Rules of the functions of the array API standard, one module for each chapter."""

import contextlib

from . import elementwise, indexing, manipulation, searching, statistical

with contextlib.suppress(ImportError):
    from . import fft, linalg

__all__ = ["elementwise", "fft", "indexing", "linalg", "manipulation", "searching", "statistical"]
