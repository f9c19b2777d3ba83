"""Which namespace an array belongs to, for every library; array-api-compat is the oracle."""

import array_api_compat
import array_api_strict
import numpy as np
import pytest

import xdl
from xdl.core._namespace import is_array

NOT_ARRAYS = ["text", [1.0], (1.0,), {"a": 1.0}, object(), 1.0, None, True, 1j]


def test_agrees_with_array_api_compat(xp):
    x = xp.asarray([1.0, 2.0])
    found = xdl.array_namespace(x, 2, 3.0, None, True, 1j, x[0])
    assert found is array_api_compat.array_namespace(x)
    assert found.__name__ == xp.__name__
    assert xdl.array_namespace(None, 1.0, x) is found


def test_what_is_an_array(xp):
    assert is_array(xp.asarray(1.0))
    assert is_array(xp.asarray(1.0)[()])
    assert [x for x in NOT_ARRAYS if is_array(x)] == []
    assert is_array(np.float64(1.0))


@pytest.mark.parametrize("args", [(), (1.0,), (None, True)])
def test_needs_an_array(args):
    with pytest.raises(TypeError, match=r"expected at least one array, got (nothing|float|NoneType, bool)"):
        xdl.array_namespace(*args)


@pytest.mark.parametrize("x", ["text", [1.0], (1.0,), {"a": 1.0}, object()], ids=lambda x: type(x).__name__)
def test_names_what_is_no_array(x):
    with pytest.raises(TypeError, match=f"got .*{type(x).__qualname__}"):
        xdl.array_namespace(x)


def test_mixing_two_libraries_names_both_and_the_way_out(xp):
    x = xp.asarray([1.0])
    other = array_api_strict.asarray([1.0]) if isinstance(x, np.ndarray) else np.asarray([1.0])
    if array_api_compat.array_namespace(x) is array_api_compat.array_namespace(other):
        pytest.fail("the test compares a library with itself")
    with pytest.raises(TypeError) as raised:
        xdl.array_namespace(x, other)
    for part in (type(x).__module__, type(other).__module__, "xdl.asarray(x, like=y)"):
        assert part in str(raised.value)


@pytest.mark.xp_only("jax", reason="JAX alone hands tracers to user code")
def test_tracers_belong_to_jax(xp):
    import jax

    seen = []

    def f(x):
        seen.append((type(x), xdl.array_namespace(x, xp.ones(2)), is_array(x)))
        return xp.sum(x)

    x = xp.ones(2)
    jax.jit(f)(x), jax.grad(f)(x), jax.vmap(f)(x[None]), jax.jit(jax.grad(f))(x)
    assert len(seen) == 4
    assert all(issubclass(cls, jax.core.Tracer) and ns is xp and array for cls, ns, array in seen)


@pytest.mark.xp_only("torch", reason="nn.Parameter is torch's")
def test_parameters_and_functional_tensors_belong_to_torch(xp):
    import torch

    parameter = torch.nn.Parameter(torch.ones(2))
    x = xp.ones(2)
    assert xdl.array_namespace(parameter) is xdl.array_namespace(x, parameter) is xdl.array_namespace(x)
    seen = []

    def f(x):
        seen.append(xdl.array_namespace(x))
        return xp.sum(x)

    torch.func.grad(f)(x), torch.func.vmap(f)(x[None])
    assert seen == [xdl.array_namespace(x)] * 2
