"""Finding, choosing and refusing backends, and the exchange of arrays between all of them."""

import importlib.metadata
import importlib.util
import subprocess
import sys
import threading

import array_api_compat
import numpy as np
import pytest
from asserts import assert_equal, dtype_name, values, widest
from spaces import SPACES, absent

import xdl
from xdl.testing import mock

NAMES = ["numpy", "cupy", "torch", "jax"]
DTYPES = ["bool", "int32", "uint8", "float32", "float64", "complex64"]
SOURCES = [space for space in SPACES if space.name not in absent() and space.name != "jax-x32"]


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


# ---- finding --------------------------------------------------------------------------------------------------


def test_every_backend_is_an_entry_point():
    found = {entry.name for entry in importlib.metadata.entry_points(group="xdl.backends")}
    assert found >= set(NAMES)
    assert set(xdl.backends()) == found
    assert next(iter(xdl.backends())) == "numpy"


def test_status_tells_version_devices_and_reason():
    for name, status in xdl.backends().items():
        assert set(status) == {"ready", "reason", "version", "devices", "install"}
        assert (
            status["ready"]
            == (status["reason"] is None)
            == bool(status["devices"])
            == bool(status["version"])
        )
        assert status["install"].startswith("pip install")
        if status["ready"]:
            assert all(xdl.backend(name, device=device).device == device for device in status["devices"])
    assert xdl.backends()["numpy"]["version"] == np.__version__


@pytest.mark.parametrize("name", ["torch", "jax", "cupy"])
def test_a_library_that_is_not_installed_is_named_with_the_command_that_adds_it(name):
    code = (
        f"import sys; sys.modules[{name!r}] = None\n"
        "import xdl\n"
        f"print(xdl.backends()[{name!r}]['reason'], xdl.backends()['numpy']['reason'], sep='; ')\n"
        f"try: xdl.backend({name!r})\n"
        "except xdl.BackendError as error: print(error)"
    )
    first, second = run(code).splitlines()
    assert first == f"{name} is not installed; None"
    assert second.startswith(f"backend {name!r} cannot be used: {name} is not installed")
    assert "pip install" in second


@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not installed")
@pytest.mark.skipif("cupy" not in absent(), reason="CuPy has its GPU here")
def test_cupy_without_a_gpu_is_not_ready():
    with pytest.raises(xdl.BackendError, match="cupy finds no GPU"):
        xdl.backend("cupy")


@pytest.mark.parametrize(
    "name", ["nonsense", "nonsense.deeper", "math", "xdl.core", "xdl.core.nothing", "", "a b"]
)
def test_an_unknown_name_lists_the_known(name):
    with pytest.raises(xdl.BackendError, match=r"registered are numpy, .*torch"):
        xdl.backend(name)


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("numpy", "cuda"),
        ("torch", "cuda:99"),
        ("torch", "fridge"),
        ("jax", "tpu:99"),
        ("array_api_strict", "cuda"),
    ],
)
def test_an_unknown_device_lists_the_known(name, device):
    with pytest.raises(xdl.BackendError) as raised:
        xdl.backend(name, device=device)
    for part in (name, device, *xdl.backend(name).devices()):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    "path", ["array_api_strict", "xdl.testing.mock", "xdl.testing:mock", "array_api_compat.numpy"]
)
def test_a_namespace_by_its_import_path(path):
    b = xdl.backend(path)
    x = b.asarray([1.0, 2.0])
    assert array_api_compat.array_namespace(x) is b.xp
    assert_equal(x, [1.0, 2.0], like=x)
    assert b.reason() is None
    assert b.engine is None


def test_a_namespace_has_the_devices_it_lists():
    b = xdl.backend("array_api_strict", device="device1")
    assert b.devices()[:2] == ["CPU_DEVICE", "device1"]
    assert b.asarray([1.0]).device == b.xp.Device("device1")
    with xdl.use_backend(b):
        assert xdl.asarray([1.0]).device == b.xp.Device("device1")


def test_a_backend_passes_for_its_name():
    b = xdl.backend("torch")
    assert xdl.backend(b) is b
    assert xdl.backend(b, device="cpu").device == "cpu"


def test_the_record_tells_the_truth(xp):
    x = xp.asarray([1.0, 2.0])
    b = xdl.core._backends.backend_of(x)
    assert b.xp is array_api_compat.array_namespace(x)
    assert b.x64 == (widest(xp) == xp.float64)
    b.synchronize(), b.synchronize(x)
    if b.name in ("numpy", "torch", "jax", "cupy"):
        fresh = xp.asarray(values(x).copy()) if b.name != "numpy" else np.ones(2)
        try:
            fresh[0] = 5.0
            written = True
        except TypeError:
            written = False
        assert b.mutable == written


# ---- choosing -------------------------------------------------------------------------------------------------


def current():
    return xdl.core._backends.current_backend().name


def test_use_backend_nests_and_ends():
    assert current() == "numpy"
    with xdl.use_backend("torch") as outer:
        assert outer.name == current() == "torch"
        with xdl.use_backend("array_api_strict"):
            assert current() == "array_api_strict"
        assert current() == "torch"
    assert current() == "numpy"


def test_use_backend_ends_on_exceptions():
    with pytest.raises(ZeroDivisionError), xdl.use_backend("torch"):
        1 / 0  # noqa: B018
    assert current() == "numpy"
    with pytest.raises(xdl.BackendError), xdl.use_backend("nonsense"):
        pass
    assert current() == "numpy"


def test_use_backend_stays_in_its_thread():
    seen = []
    with xdl.use_backend("torch"):
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join(10)
    assert seen == ["numpy"]


def test_numbers_become_arrays_of_the_current_backend(xp):
    for x in (2.0, [1.0, 2.0], [[1, 2], [3, 4]], True):
        found, wanted = xdl.asarray(x), xp.asarray(x)
        assert_equal(found, wanted)
    dtype = xp.float32
    assert xdl.asarray([1, 2], dtype=dtype).dtype == dtype


# ---- exchange -------------------------------------------------------------------------------------------------


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
