"""The same key gives the same bytes on every array library, eager or compiled, today and in later versions."""

import zlib

import numpy as np
import pytest
from asserts import values
from core.random.draws import DRAWS, WIDE

import xdl

SEED = 2**40 + 77

# checksums, of NumPy's portable definitions: no result may ever change
CHECKSUMS = {
    "bits": 0xD9C2BC0F,
    "bits of a scalar": 0xA16C4A4D,
    "bits of 8": 0xF0097E60,
    "bits of 16": 0xC5EEEC3A,
    "split": 0x5CF7485B,
    "fold_in": 0xA24B9FFB,
    "uniform": 0x6FC88E54,
    "uniform between": 0x905B52C2,
    "normal": 0x01C8E69E,
    "truncated_normal": 0xBEC93893,
    "truncated_normal above": 0x6D68DBDC,
    "bernoulli": 0xDE78EEAD,
    "bernoulli of array": 0xAAD333D9,
    "randint": 0x04AF29FE,
    "randint of all": 0xA4482FF9,
    "randint of uint32": 0xF0598FD9,
    "randint of int8": 0x54A76B0F,
    "permutation": 0x3A4942DA,
    "permutation of array": 0x82AB847F,
    "choice": 0xDA8EB459,
    "choice without replacement": 0x39FE3AF3,
    "choice with p": 0x073642FA,
    "exponential": 0x88EF642E,
    "gumbel": 0x50D781BC,
    "categorical": 0xC246A69C,
    "bits of 64": 0x2FAAC106,
    "uniform of float64": 0x7E18064C,
    "uniform of float64 between": 0xF138FB2B,
    "normal of float64": 0xEEF82C10,
    "truncated_normal of float64": 0x1028DD69,
    "randint of int64": 0xD34E49C0,
}


COMPILED = ("normal", "bernoulli")


def checksum(x):
    x = np.ascontiguousarray(values(x))
    # indices have the size that the library gives them
    return zlib.crc32(x.astype(np.int64) if x.dtype == np.int32 else x)


def check(name, x):
    assert checksum(x) == CHECKSUMS[name], name


@pytest.mark.parametrize("name", DRAWS)
def test_bytes_are_the_same_everywhere(xp, name):
    check(name, DRAWS[name](xp, xdl.random, xdl.random.key(SEED)))


@pytest.mark.parametrize("name", WIDE)
def test_bytes_of_64_bits_are_the_same_everywhere(xp64, name):
    check(name, WIDE[name](xp64, xdl.random, xdl.random.key(SEED)))


def test_definitions_give_the_bytes_of_the_methods():
    """On NumPy; torch, which cannot calculate with uint32, cannot run them."""
    xp = xdl.backend("numpy").xp
    key = xdl.random.key(SEED)
    with xdl.portable():
        for name, draw in (DRAWS | WIDE).items():
            check(name, draw(xp, xdl.random, key))


@pytest.mark.xp_only("jax", reason="compiled by jax.jit")
def test_bytes_are_the_same_under_jit(xp):
    import jax

    everything = jax.jit(lambda key: {name: DRAWS[name](xp, xdl.random, key) for name in COMPILED})
    for name, x in everything(xdl.random.key(SEED)).items():
        check(name, x)


def _compile(backend):
    import torch

    torch.compiler.reset()
    xp = xdl.backend("torch").xp
    with xdl.use_backend("torch"):
        key = xdl.random.key(SEED)
    compiled = torch.compile(
        lambda key: [DRAWS[name](xp, xdl.random, key) for name in COMPILED], fullgraph=True, backend=backend
    )
    for name, x in zip(COMPILED, compiled(key), strict=True):
        check(name, x)


def test_bytes_are_the_same_in_one_graph_of_torch():
    _compile("aot_eager")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_bytes_are_the_same_compiled_by_inductor():
    _compile("inductor")


def test_methods_in_blocks_give_the_bytes_of_the_definitions():
    """More than one block, the last one not full."""
    with xdl.use_backend("numpy"):
        key = xdl.random.key(SEED)
    draws = [
        lambda: xdl.random.bits(key, (40_001,), np.uint64),
        lambda: xdl.random.normal(key, (40_001,)),
        lambda: xdl.random.normal(key, (40_001,), dtype=np.float64),
        lambda: xdl.random.permutation(key, 40_001),
        lambda: xdl.random.gumbel(key, (40_001,)),
    ]
    for draw in draws:
        x = draw()
        with xdl.portable():
            assert x.tobytes() == draw().tobytes()


@pytest.mark.parametrize("name", ["split", "normal", "bernoulli", "permutation", "uniform of float64"])
def test_torchs_own_operations_give_the_bytes(name):
    """Inside a transform, where NumPy sees no memory."""
    xp = xdl.backend("torch").xp
    with xdl.use_backend("torch"):
        keys = xp.stack([xdl.random.key(SEED), xdl.random.key(5)])
    for x in xdl.vmap(lambda key: (DRAWS | WIDE)[name](xp, xdl.random, key))(keys)[:1]:
        check(name, x)
