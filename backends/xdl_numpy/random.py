"""Random numbers with NumPy, in blocks that stay in the cache."""

import functools

import numpy as np

from xdl.core.random._bits import bits_of, native_bits
from xdl.core.random._normal import native_normal
from xdl.core.random._permutation import draw_order
from xdl.core.random._quantiles import columns, constants, polynomial32, table
from xdl.core.random._threefry import PARITY, ROTATIONS, draw, threefry2x32, words
from xdl.core.random._uniform import native_uniform
from xdl.core.random._words import multiply_high, normalize

from ._numba import loops_of_many

# three buffers of words and a few of int64 fit in the second-level cache, and a call costs little beside them
BLOCK = 1 << 14
FEW = 4  # counters that are encrypted sooner as Python's integers
_SHIFTS = [np.uint32(i) for i in range(32)]
_NONE = np.empty(0, np.uint32)
_WORD = 2**32 - 1


def _encrypt(schedule, x0, x1, spare):
    """Encrypt the counters in place, with one more buffer."""
    compiled = loops_of_many("random", len(x0))
    if compiled is not None:
        compiled.encrypt(np.asarray(schedule, np.uint32), x0, x1)
    elif len(x0) <= FEW:
        for i in range(len(x0)):
            x0[i], x1[i] = _encrypt_one(schedule, int(x0[i]), int(x1[i]))
    else:
        _encrypt_in_passes([np.uint32(k) for k in schedule], x0, x1, spare)


def _encrypt_one(schedule, x0, x1):
    x0, x1 = x0 + schedule[0], (x1 + schedule[1]) & _WORD
    for i in range(5):
        for r in ROTATIONS[i % 2]:
            x0 = (x0 + x1) & _WORD
            x1 = ((x1 << r) & _WORD | (x1 >> (32 - r))) ^ x0
        x0 += schedule[(i + 1) % 3]
        x1 = (x1 + schedule[3 + i]) & _WORD
    return x0 & _WORD, x1


def _encrypt_in_passes(schedule, x0, x1, spare):
    np.add(x0, schedule[0], out=x0)
    np.add(x1, schedule[1], out=x1)
    for i in range(5):
        for r in ROTATIONS[i % 2]:
            np.add(x0, x1, out=x0)
            np.left_shift(x1, _SHIFTS[r], out=spare)
            np.right_shift(x1, _SHIFTS[32 - r], out=x1)
            np.bitwise_or(x1, spare, out=x1)
            np.bitwise_xor(x1, x0, out=x1)
        np.add(x0, schedule[(i + 1) % 3], out=x0)
        np.add(x1, schedule[3 + i], out=x1)


def _schedule(key):
    """The three words of the key, and those that the second half is given with the number of the round."""
    k0, k1 = key.tolist()
    ks = (k0, k1, k0 ^ k1 ^ PARITY)
    return [*ks, *[(ks[(i + 2) % 3] + i + 1) % 2**32 for i in range(5)]]


def _blocks(key, count, start=0):
    """Yield (slice, high, low) block by block; the next block overwrites the words."""
    schedule = _schedule(key)
    size = min(BLOCK, count)
    index = np.arange(size, dtype=np.uint32)
    buffers = np.empty((3, size), dtype=np.uint32)
    done = 0
    while done < count:
        at = start + done
        n = min(size, count - done, 2**32 - at % 2**32)  # a block has one high word
        x0, x1, spare = buffers[:, :n]
        x0.fill(at >> 32)
        np.add(index[:n], np.uint32(at % 2**32), out=x1)
        _encrypt(schedule, x0, x1, spare)
        yield slice(done, done + n), x0, x1
        done += n


@threefry2x32.method("numpy")
def _(key, x0, x1, /):
    x0, x1 = np.array(x0), np.array(x1)
    _encrypt(_schedule(key), x0, x1, np.empty_like(x0))
    return x0, x1


@words.method("numpy")
def _(key, /, *, count, start=0):
    high, low = np.empty((2, count), dtype=np.uint32)
    for at, x0, x1 in _blocks(key, count, start):
        high[at] = x0
        low[at] = x1
    return high, low


@draw.method("numpy")
def _(key, /, *, count, transform, options=()):
    if not count:
        return transform(key, *words(key, count=0), *options)
    out = None
    for at, x0, x1 in _blocks(key, count):
        block = transform(key, x0, x1, *options)
        if out is None:
            out = np.empty(count, dtype=block.dtype)
        out[at] = block
    return out


@constants.method("numpy")
def _(key, /, *, name):
    return _constants(name)


@functools.cache
def _constants(name):
    dtype = np.int64 if name.endswith("64") else np.uint32
    return tuple(np.asarray(column, dtype=dtype) for column in columns(name))


@functools.cache
def _signed(name):
    first, *others = (c.astype(np.int64) for c in _constants(name))
    return (first.astype(np.uint32).view(np.int32).astype(np.int64), *(c - 2**31 for c in others))


@polynomial32.method("numpy")
def _(key, v, half=None, /, *, name):
    layout, (*others, last) = table(name), _signed(name)
    compiled = loops_of_many("random", 0)
    if compiled is not None:
        y = np.empty(v.shape, np.int32)
        segments = layout.octaves << layout.k
        compiled.polynomial(v, _NONE if half is None else half, segments, layout.k, *others, last, y)
        return y
    # the bits of the double hold the place of the leading one, and behind it the word, normalized
    bits = v.astype(np.float64).view(np.int64)
    places = 52 - layout.k
    segment = bits >> places
    bits &= 2**places - 1
    t = np.right_shift(bits, places - 32, out=bits)
    # octaves count down, segments up
    segment ^= -1 << layout.k
    segment += (1023 + 31 + 1) << layout.k
    if half is not None:
        segment += half.astype(np.int64) * (layout.octaves << layout.k)
    y = last.take(segment)
    spare = np.empty_like(y)
    for column in others[::-1]:
        y *= t
        y >>= 32
        np.subtract(column.take(segment, out=spare, mode="clip"), y, out=y)
    return y


@normalize.method("numpy")
def _(v, /):
    # the exponent of the double tells the leading one
    places = ((1023 + 31) - (v.astype(np.float64).view(np.int64) >> 52)).astype(np.uint32)
    return np.left_shift(v, places, dtype=v.dtype), places


@multiply_high.method("numpy")
def _(a, b, /, *, carry=None):
    product = np.multiply(a, b, dtype=np.uint64)
    if carry is not None:
        product += carry
    product >>= np.uint64(32)
    return product.astype(np.uint32)


@draw_order.method("numpy")
def _(key, /, *, count):
    keys = draw(key, count=count, transform=bits_of, options=(64,))
    order = np.argsort(keys)  # not stable, but much faster, and the same unless two are equal
    found = keys[order]
    return order if (found[1:] != found[:-1]).all() else np.argsort(keys, stable=True)


def _generator(key):
    return np.random.Generator(np.random.SFC64([int(key[0]), int(key[1])]))


@native_bits.method("numpy")
def _(key, /, *, count, width):
    return np.frombuffer(_generator(key).bytes(count * (width // 8)), dtype=f"u{width // 8}").copy()


@native_uniform.method("numpy")
def _(key, /, *, count, dtype):
    kind = np.float64 if dtype == np.float64 else np.float32
    return _generator(key).random(count, dtype=kind).astype(dtype, copy=False)


@native_normal.method("numpy")
def _(key, /, *, count, dtype):
    kind = np.float64 if dtype == np.float64 else np.float32
    return _generator(key).standard_normal(count, dtype=kind).astype(dtype, copy=False)
