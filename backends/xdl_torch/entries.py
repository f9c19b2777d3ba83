"""Changes of a few entries of a table in place."""

from xdl.rl._tabular.entries import add_entries


@add_entries.method(
    "torch", when=lambda table, index, change: not (table.requires_grad or change.requires_grad)
)
def _(table, index, change, /):
    return table.index_add_(0, index, change)
