"""How fast each library is here: workloads, rows of them by xdl and by hand, their times, a table and a figure.

``xdl bench`` is the quick run. The suite of `asv_bench` takes the same workloads and rows.
"""

from ._catalogue import QUICK, WORKLOADS
from ._figure import draw
from ._machine import machine
from ._rows import Row, agree, first_call, limits, prepare, rows_of
from ._run import run
from ._table import compare, table
from ._timing import Timing, in_turns
from ._workloads.workload import Workload

__all__ = [
    "QUICK",
    "WORKLOADS",
    "Row",
    "Timing",
    "Workload",
    "agree",
    "compare",
    "draw",
    "first_call",
    "in_turns",
    "limits",
    "machine",
    "prepare",
    "rows_of",
    "run",
    "table",
]
