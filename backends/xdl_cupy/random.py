"""Random numbers with CuPy: the portable definitions, with their tables kept on the device."""

import cupy

from xdl.core.random._quantiles import columns, constants
from xdl.core.random._words import multiply_high

_ON_DEVICE = {}


@constants.method("cupy")
def _(key, /, *, name):
    place = name, key.device.id
    if place not in _ON_DEVICE:
        dtype = cupy.int64 if name.endswith("64") else cupy.uint32
        _ON_DEVICE[place] = tuple(cupy.asarray(column, dtype=dtype) for column in columns(name))
    return _ON_DEVICE[place]


@multiply_high.method("cupy")
def _(a, b, /, *, carry=None):
    product = a.astype(cupy.uint64) * b
    return ((product if carry is None else product + carry) >> 32).astype(cupy.uint32)
