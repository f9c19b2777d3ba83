"""Changes of a few entries of a table in place."""

from xdl.rl._tabular.entries import set_entries


@set_entries.method(
    "torch", when=lambda table, index, value: not (table.requires_grad or value.requires_grad)
)
def _(table, index, value, /):
    return table.index_copy_(0, index, value)
