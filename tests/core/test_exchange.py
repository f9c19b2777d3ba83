"""Arrays go from each library to each: values, dtypes and, where it is promised, memory."""

import numpy as np
import pytest
from asserts import assert_equal, dtype_name, values, widest
from spaces import SPACES, absent

import xdl
from xdl import optim
from xdl.testing import mock

DTYPES = ["bool", "int32", "uint8", "float32", "float64", "complex64"]
SOURCES = [space for space in SPACES if space.name not in absent() and space.name != "jax-x32"]


def test_numbers_become_arrays_of_the_current_backend(xp):
    for x in (2.0, [1.0, 2.0], [[1, 2], [3, 4]], True):
        found, wanted = xdl.asarray(x), xp.asarray(x)
        assert_equal(found, wanted)
    dtype = xp.float32
    assert xdl.asarray([1, 2], dtype=dtype).dtype == dtype


def samples(xp, name):
    """Arrays that are awkward to hand over: strided, transposed, reversed, empty, without axes."""
    x = xp.astype(xp.reshape(xp.arange(6), (2, 3)), getattr(xp, name))
    yield from (x, x[1, 2])
    if "jax" not in xp.__name__:  # JAX has one memory layout, and compiles every slice
        yield from (x[:, ::2], xp.permute_dims(x, (1, 0)), xp.flip(x), x[:0, :], x[1, :])


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("source", SOURCES, ids=lambda space: space.name)
def test_arrays_go_from_each_library_to_each(xp, source, name):
    example = xp.asarray([1.0])
    if name == "float64":
        name = dtype_name(xp.zeros(1, dtype=widest(xp)))
    with source.ready() as other, mock.allow("host"):
        for x in samples(other, name):
            y = xdl.asarray(x, like=example)
            assert dtype_name(y) == name
            assert_equal(y, values(x), like=xp.zeros(1, dtype=getattr(xp, name)))
            back = xdl.to_numpy(y)
            assert type(back) in (np.ndarray, np.dtype(name).type)
            np.testing.assert_array_equal(back, values(x), strict=True)


@pytest.mark.parametrize("source", SOURCES, ids=lambda space: space.name)
def test_a_dtype_asked_for_is_given(xp, source):
    example = xp.asarray([1.0])
    with source.ready() as other, mock.allow("host"):
        y = xdl.asarray(other.asarray([1, 2], dtype=other.int32), like=example, dtype=xp.float32)
    assert_equal(y, xp.asarray([1.0, 2.0], dtype=xp.float32))


def test_scalars_of_numpy_are_arrays_too(xp):
    example = xp.asarray([1.0])
    assert_equal(xdl.asarray(np.float32(2.0), like=example), xp.asarray(2.0, dtype=xp.float32))


def test_numpy_and_torch_share_memory():
    import torch

    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    y = xdl.backend("torch").asarray(x)
    assert y.data_ptr() == x.ctypes.data
    assert xdl.to_numpy(y).ctypes.data == x.ctypes.data
    assert xdl.asarray(y, like=x).ctypes.data == x.ctypes.data
    y[0, 0] = 7.0
    assert x[0, 0] == 7.0
    parameter = torch.nn.Parameter(torch.ones(3))
    assert xdl.to_numpy(parameter).ctypes.data == parameter.data_ptr()


def test_read_only_arrays_are_copied_where_the_library_would_write():
    x = np.ones(3)
    x.flags.writeable = False
    y = xdl.backend("torch").asarray(x)
    y[0] = 7.0
    assert x[0] == 1.0


def test_an_array_that_is_at_home_is_not_copied(xp):
    x = xp.asarray([1.0, 2.0])
    y = xdl.asarray(x, like=x)
    if isinstance(x, np.ndarray):
        assert y.ctypes.data == x.ctypes.data
    if hasattr(x, "data_ptr"):
        assert y is x
    assert_equal(y, x)


def test_constants_beside_a_traced_array_are_on_its_device(xp):
    def loss(x):
        return xdl.array_namespace(x).sum(x * xdl.asarray([3.0, 4.0], like=x, dtype=x.dtype))

    x = xp.asarray([1.0, 2.0])
    if "mock" in xp.__name__:
        x = mock.asarray([1.0, 2.0], device=mock.Device("device2"))
    assert_equal(xdl.grad(loss)(x), [3.0, 4.0], like=x)


def test_torch_tensors_of_every_make_reach_the_host():
    import torch

    z = torch.tensor([1 + 2j, 3 - 1j])
    for x in (z.conj(), z.imag, z.conj().imag, torch.ones(2, requires_grad=True), torch.ones(2)._neg_view()):
        np.testing.assert_array_equal(xdl.to_numpy(x), values(x), strict=True)


def test_bfloat16_goes_between_torch_and_jax():
    import jax.numpy as jnp
    import torch

    x = torch.tensor([1.0, 2.5, -3.0], dtype=torch.bfloat16)
    y = xdl.backend("jax").asarray(x)
    assert y.dtype == jnp.bfloat16
    np.testing.assert_array_equal(values(y), [1.0, 2.5, -3.0])
    back = xdl.backend("torch").asarray(y)
    assert back.dtype == torch.bfloat16
    assert torch.equal(back, x)


def test_lists_and_numbers_become_numpy_arrays():
    np.testing.assert_array_equal(xdl.to_numpy([[1.0, 2.0]]), np.asarray([[1.0, 2.0]]), strict=True)
    np.testing.assert_array_equal(xdl.to_numpy(3), np.asarray(3), strict=True)


@pytest.mark.xp_only("jax", reason="JAX alone hands tracers to user code")
def test_a_tracer_has_no_value_on_the_host(xp):
    import jax

    with pytest.raises(jax.errors.TracerArrayConversionError):
        jax.jit(xdl.to_numpy)(xp.ones(2))


def test_the_mock_does_not_reach_the_host_unseen():
    with pytest.raises(TypeError, match="copied to the host"):
        xdl.to_numpy(mock.ones(2))


@pytest.mark.parametrize("source", SOURCES, ids=lambda space: space.name)
def test_a_traced_array_is_not_converted(source):
    with source.ready() as other:
        x = other.asarray([1.0, 2.0])
        for convert in (
            xdl.to_numpy,
            lambda v: xdl.backend("numpy").asarray(v),
            lambda v: xdl.backend("torch").asarray(v),
            lambda v: xdl.asarray(v, like=np.ones(1)),
        ):
            with pytest.raises(TypeError, match="traced array"):
                xdl.vjp(convert, x, engine="tape")


@pytest.mark.xp_only(
    "jax", reason="JAX alone has arrays that are bound to no device, and compiles for both kinds"
)
def test_what_meets_an_array_on_a_chosen_device_is_bound_to_it(xp):
    import jax

    loose, bound = xp.ones(2), jax.device_put(xp.ones(2), jax.devices("cpu")[0])
    for like in (loose, bound):
        for x in (3.0, [1, 2], np.ones(2), loose):
            assert xdl.asarray(x, like=like).committed is like.committed
    assert xdl.asarray(bound, like=loose).committed
    steps = jax.jit(lambda w, state: optim.update(optim.SGD(0.1), w, w, state))
    for w in (loose, bound):
        state = optim.init(optim.SGD(0.1), w)
        for _ in range(3):
            w, state = steps(w, state)
    assert steps._cache_size() == 2
