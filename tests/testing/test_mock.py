"""The mock refuses, counts and otherwise conforms: array-api-strict is the oracle for what it computes."""

import operator
import subprocess
import sys

import array_api_compat
import array_api_extra as xpx
import array_api_strict
import numpy as np
import pytest
from asserts import assert_equal, values

from xdl.testing import MockError, mock

x = mock.asarray([[1.0, 2.0], [3.0, 4.0]])
narrow = mock.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=mock.float32)
one, n, mask = x[0, 0], mock.asarray(1), mock.asarray([True, False])

REFUSED = {
    "float": ("sync", lambda: float(one)),
    "int": ("sync", lambda: int(one)),
    "bool": ("sync", lambda: bool(one)),
    "if": ("sync", lambda: 1 if one > 0 else 2),
    "complex": ("sync", lambda: complex(one)),
    "index": ("sync", lambda: operator.index(n)),
    "range": ("sync", lambda: range(n)),
    "list": ("sync", lambda: list(x)),
    "unpacking": ("sync", lambda: (lambda a, b: a)(*x)),
    "contains": ("sync", lambda: 1.0 in x),
    "an array as an index": ("sync", lambda: x[n, ...]),
    "an array as a size": ("sync", lambda: mock.reshape(x, (n, 4))),
    "asarray": ("host", lambda: np.asarray(x)),
    "asarray of a list": ("host", lambda: mock.asarray([one, 2.0])),
    "from_dlpack": ("host", lambda: np.from_dlpack(x)),
    "setitem": ("mutation", lambda: operator.setitem(mock.asarray(x, copy=True), 0, 1.0)),
    "iadd": ("mutation", lambda: operator.iadd(mock.asarray(x, copy=True), 1.0)),
    "mixed operator": ("promotion", lambda: x + narrow),
    "mixed function": ("promotion", lambda: mock.where(x > 0, x, narrow)),
    "mixed list": ("promotion", lambda: mock.concat([x, narrow])),
    "mixed linalg": ("promotion", lambda: mock.linalg.solve(x, narrow)),
    "mask": ("shapes", lambda: x[mask, ...]),
    "nonzero": ("shapes", lambda: mock.nonzero(x)),
    "unique": ("shapes", lambda: mock.unique_values(x)),
    "repeat": ("shapes", lambda: mock.repeat(mask, mock.asarray([1, 2]))),
}
WAITS = {"sync", "host", "shapes"}
FORBIDDEN_ANYWAY = {"an array as an index", "asarray of a list", "setitem", "mask", "an array as a size"}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_unless_allowed_and_counts(name):
    kind, attempt = REFUSED[name]
    with mock.syncs() as found, pytest.raises(MockError, match=rf"allow\('{kind}'\)"):
        attempt()
    assert bool(found) == (kind in WAITS)  # NumPy tries some things twice
    assert all(f"{__file__}:" in line for line in found), found
    others = {"sync", "host", "mutation", "promotion", "shapes"} - {kind}
    with mock.allow(*others), pytest.raises(MockError):
        attempt()


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - FORBIDDEN_ANYWAY))
def test_allow_lets_pass_but_still_counts(name):
    kind, attempt = REFUSED[name]
    with mock.syncs() as found, mock.allow(kind):
        attempt()
    assert len(found) == (kind in WAITS)


def test_allow_ends_with_the_block_and_on_exceptions():
    with pytest.raises(ZeroDivisionError), mock.allow():
        float(one) / 0.0
    with pytest.raises(MockError):
        float(one)
    with pytest.raises(ValueError, match="expected kinds out of sync"), mock.allow("syncs"):
        pass


def test_computing_does_not_count():
    with mock.syncs() as found:
        y = mock.where(x > 1, mock.linalg.inv(x) @ x, 2 - x)
        repr(y)
    assert found == []


@pytest.mark.parametrize("left", [np.ones((2, 2)), np.float64(2)])
def test_declines_numpy_beside_it(left):
    with pytest.raises(TypeError):
        left + x
    with pytest.raises(TypeError):
        x + left


def test_is_a_namespace_to_array_api_compat():
    assert array_api_compat.is_array_api_obj(x)
    assert array_api_compat.array_namespace(x, 1.0, None) is mock
    assert array_api_compat.device(x) == x.device
    with mock.syncs() as found:
        assert array_api_compat.is_lazy_array(x)  # as a tracer is
    assert found == []


def test_serves_array_api_extra():
    with mock.syncs() as found:
        assert_equal(xpx.atleast_nd(one, ndim=2), mock.asarray([[1.0]]))
        assert_equal(xpx.at(x)[0, 0].set(5.0, copy=True), mock.asarray([[5.0, 2.0], [3.0, 4.0]]))
        np.testing.assert_allclose(values(xpx.cov(x)), np.cov(values(x)))
    assert found == []


def test_has_every_name_of_array_api_strict():
    for part, strict in (
        (mock, array_api_strict),
        (mock.linalg, array_api_strict.linalg),
        (mock.fft, array_api_strict.fft),
    ):
        missing = {name for name in strict.__all__ if "flags" not in name.lower()} - set(dir(part))
        assert missing == set()
        assert all(getattr(part, name) is getattr(part, name) for name in dir(part))
    assert mock.__array_api_version__ == array_api_strict.__array_api_version__


def test_computes_what_array_api_strict_computes():
    y = array_api_strict.asarray([[1.0, 2.0], [3.0, 4.0]])
    for f in (
        lambda xp, x: xp.linalg.eigh(x + x.T),
        lambda xp, x: xp.linalg.svd(x, full_matrices=False),
        lambda xp, x: xp.meshgrid(x[0, :], x[1, :], indexing="ij"),
        lambda xp, x: xp.broadcast_arrays(x, x[0, :]),
        lambda xp, x: xp.clip(x, min=1.5 + 0 * x, max=3.0),
        lambda xp, x: xp.fft.irfft(xp.fft.rfft(x)),
        lambda xp, x: (2 - x) ** 2 / x // 3 % 2,
        lambda xp, x: xp.unstack(xp.stack([x, x.mT])),
        lambda xp, x: x[xp.asarray([1, 0]), xp.asarray([0, 1])],
    ):
        got, wanted = f(mock, x), f(array_api_strict, y)
        assert type(got) is type(wanted) or not isinstance(wanted, tuple)
        got, wanted = ([a] if hasattr(a, "dtype") else a for a in (got, wanted))
        for a, b in zip(got, wanted, strict=True):
            assert type(a) is type(x)
            np.testing.assert_array_equal(values(a), np.asarray(b), strict=True)


def test_devices_do_not_mix():
    other = mock.asarray(1.0, device=mock.Device("device1"))
    with pytest.raises(ValueError, match="device"):
        x + other
    assert_equal(x + other.to_device(x.device), x + 1.0)


def test_without_array_api_strict_the_error_says_how_to_get_it():
    code = (
        "import sys; sys.modules['array_api_strict'] = None\n"
        "from xdl.testing import mock\n"
        "try: mock.asarray(1)\n"
        "except ImportError as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install array-api-strict" in result.stdout
