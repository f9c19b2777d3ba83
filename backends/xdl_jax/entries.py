"""Changes of a few entries of a table, which a compiled loop makes in place."""

from xdl.rl._tabular.entries import add_entries


@add_entries.method("jax")
def _(table, index, change, /):
    return table.at[index].add(change, unique_indices=True)
