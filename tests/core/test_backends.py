"""Finding, choosing and refusing backends."""

import importlib.metadata
import importlib.util
import subprocess
import sys
import threading

import array_api_compat
import numpy as np
import pytest
from asserts import assert_equal, values, widest
from spaces import absent

import xdl

NAMES = ["numpy", "cupy", "torch", "jax"]


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
