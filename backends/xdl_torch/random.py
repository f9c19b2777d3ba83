"""Random numbers with PyTorch, which has no arithmetic of uint32: words are int64, the cipher is int32.

On the CPU, NumPy calculates them in the memory of the tensors, several times faster; but not inside a transform or
a compiled program, where only torch's own operations are seen.
"""

import numpy as np
import torch

from xdl.core.random._bits import bits_of, native_bits
from xdl.core.random._discrete import running_total, word_of
from xdl.core.random._exponential import exponential_of, gumbel_of
from xdl.core.random._normal import native_normal
from xdl.core.random._permutation import draw_order
from xdl.core.random._quantiles import columns, constants, polynomial32, table
from xdl.core.random._threefry import PARITY, ROTATIONS, draw, threefry2x32, words
from xdl.core.random._uniform import native_uniform
from xdl.core.random._words import join, multiply_high, word

from ._jit import tracing
from ._leaves import transforming

_WORD = 0xFFFFFFFF
_DTYPES = {getattr(torch, name): np.dtype(name).type for name in ("float16", "float32", "float64")}
_DTYPES |= {
    getattr(torch, f"{kind}{bits}"): np.dtype(f"{kind}{bits}").type
    for kind in ("int", "uint")
    for bits in (8, 16, 32, 64)
}


def _on_host(*tensors):
    """Whether the tensors are plain memory that NumPy may read."""
    if torch.compiler.is_compiling() or transforming() or tracing():
        return False
    return all(type(x) is torch.Tensor and x.device.type == "cpu" for x in tensors)


@word.method("torch")
def _(x, /):
    return x.to(torch.int64) & _WORD


@join.method("torch")
def _(high, low, /):
    return ((high << 32) | low).view(torch.uint64)


@multiply_high.method("torch")
def _(a, b, /, *, carry=None):
    # the product may leave int64, but its bits are right
    product = a * b if carry is None else a * b + carry
    return (product >> 32) & _WORD


@threefry2x32.method("torch")
def _(key, x0, x1, /):
    if _on_host(key, x0, x1):
        counters = (x.numpy().astype(np.uint32) for x in (x0, x1))
        return _words(threefry2x32(key.numpy(), *counters))
    k0, k1 = key.view(torch.int32).split(1)
    schedule = (k0, k1, k0 ^ k1 ^ PARITY)
    # as int32, which wraps around like uint32; a mask makes the shift to the right a logical one
    x0, x1 = x0.to(torch.int32) + k0, x1.to(torch.int32) + k1
    for i in range(5):
        for r in ROTATIONS[i % 2]:
            x0 = x0 + x1
            x1 = ((x1 << r) | ((x1 >> (32 - r)) & ((1 << r) - 1))) ^ x0
        x0 = x0 + schedule[(i + 1) % 3]
        x1 = x1 + (schedule[(i + 2) % 3] + (i + 1))
    return x0.to(torch.int64) & _WORD, x1.to(torch.int64) & _WORD


def _words(pair):
    """Word arrays of torch made of NumPy's."""
    return tuple(torch.from_numpy(x.astype(np.int64)) for x in pair)


@words.method("torch", when=lambda key, /, *, count, start=0: _on_host(key))
def _(key, /, *, count, start=0):
    return _words(words(key.numpy(), count=count, start=start))


def _by_numpy(key, /, *, count, transform, options=()):
    if any(isinstance(x, torch.dtype) and x not in _DTYPES for x in options):
        return False
    # whose logarithms are the library's own
    return _on_host(key) and not (transform in (exponential_of, gumbel_of) and torch.float64 in options)


@draw.method("torch", when=_by_numpy)
def _(key, /, *, count, transform, options=()):
    options = tuple(_DTYPES[x] if isinstance(x, torch.dtype) else x for x in options)
    drawn = draw(key.numpy(), count=count, transform=transform, options=options)
    return torch.from_numpy(drawn.astype(np.int64) if transform is word_of else drawn)


# made when the backend loads, so that a compiler meets tensors and not lists of thousands of numbers
_TABLES = {
    name: [torch.tensor(column, dtype=torch.int64) for column in columns(name)]
    for name in ("normal32", "normal64", "exponential32", "gumbel32")
}
for _name, (_first, *_others) in _TABLES.items():
    if _name.endswith("32"):  # signed, as int64 has room for signs
        _TABLES[_name] = [(_first + 2**31) % 2**32 - 2**31, *(c - 2**31 for c in _others)]
_ON_DEVICE = {}


@constants.method("torch")
def _(key, /, *, name):
    if key.device.type == "cpu":
        return _TABLES[name]
    if torch.compiler.is_compiling():
        return [c.to(key.device) for c in _TABLES[name]]
    if (name, key.device) not in _ON_DEVICE:
        _ON_DEVICE[name, key.device] = [c.to(key.device) for c in _TABLES[name]]
    return _ON_DEVICE[name, key.device]


@polynomial32.method("torch")
def _(key, v, half=None, /, *, name):
    layout, coefficients = table(name), constants(key, name=name)
    k = layout.k
    # exact: the bits of the double hold the place of the leading one, and behind it the word, normalized
    bits = v.to(torch.float64).view(torch.int64)
    segment = ((1023 + 31 - (bits >> 52)) << k) | ((bits >> (52 - k)) & (2**k - 1))
    if half is not None:
        segment = segment + half * (layout.octaves << k)
    t = (bits & (2 ** (52 - k) - 1)) >> (20 - k)
    y = coefficients[-1][segment]
    for column in coefficients[-2::-1]:
        y = column[segment] - ((y * t) >> 32)
    return y


@running_total.method("torch")
def _(x, /):
    # the one of array-api-compat warns under torch.compile
    return torch.cumsum(x, 0, dtype=x.dtype)


@draw_order.method("torch")
def _(key, /, *, count):
    if _on_host(key):
        return torch.from_numpy(draw_order(key.numpy(), count=count))
    # unsigned order, in signed numbers
    order = draw(key, count=count, transform=bits_of, options=(64,)).view(torch.int64) ^ -(2**63)
    return torch.argsort(order, stable=True)


def _generator(key):
    high, low = key.view(torch.int32).tolist()
    return torch.Generator(key.device).manual_seed((high << 32) ^ low)


@native_bits.method("torch")
def _(key, /, *, count, width):
    x = torch.empty(count, dtype=torch.int64, device=key.device).random_(
        -(2**63), None, generator=_generator(key)
    )
    return x.to(torch.int32).view(torch.uint32) if width == 32 else x.to(getattr(torch, f"uint{width}"))


@native_uniform.method("torch")
def _(key, /, *, count, dtype):
    return torch.rand(count, dtype=dtype, device=key.device, generator=_generator(key))


@native_normal.method("torch")
def _(key, /, *, count, dtype):
    return torch.randn(count, dtype=dtype, device=key.device, generator=_generator(key))
