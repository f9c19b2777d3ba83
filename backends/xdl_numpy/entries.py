"""Changes of a few entries of a table in place."""

import numpy as np

from xdl.rl._tabular.entries import set_entries


@set_entries.method(
    "numpy", when=lambda table, index, value: type(table) is np.ndarray and table.flags.writeable
)
def _(table, index, value, /):
    table[index] = value
    return table
