"""Rows written into a table in place."""

from xdl.rl._deep.slots import put_rows


@put_rows.method("torch", when=lambda table, slots, rows: not (table.requires_grad or rows.requires_grad))
def _(table, slots, rows, /):
    table[slots] = rows
    return table
