"""Changes of a few entries of a table, which a compiled loop makes in place."""

from xdl.rl._tabular.entries import set_entries


@set_entries.method("jax")
def _(table, index, value, /):
    return table.at[index].set(value, unique_indices=True)
