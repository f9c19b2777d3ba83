"""Changes of a few entries of a table in place."""

import numpy as np

from xdl.rl._tabular.entries import add_entries


@add_entries.method(
    "numpy", when=lambda table, index, change: type(table) is np.ndarray and table.flags.writeable
)
def _(table, index, change, /):
    table[index] += change
    return table
