"""Sums of rows that share an index, by PyTorch's ``index_add``."""

from xdl.autodiff import scatter_add


@scatter_add.method("torch")
def _(values, index, /, *, size):
    return values.new_zeros((size, *values.shape[1:])).index_add(0, index, values)
