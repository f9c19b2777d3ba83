"""What the transforms refuse, and what they convert."""

import numpy as np
import pytest
from asserts import check_kind, values
from smooth import X, make, sin_exp

import xdl


def test_integers_are_refused_with_advice(xp, engine):
    with pytest.raises(TypeError, match=r"grad: .*got dtype .*int32.*argnums"):
        xdl.grad(sin_exp, engine=engine)(xp.asarray([1, 2], dtype=xp.int32))
    with pytest.raises(TypeError, match=r"write 3\.0"):
        xdl.grad(lambda x: x)(3)


def test_loss_must_be_a_real_scalar(xp, engine):
    with pytest.raises(TypeError, match=r"must return a real scalar.*shape \(3,\).*xdl.jacobian"):
        xdl.grad(lambda x: x * 2, engine=engine)(make(xp, X))
    with pytest.raises(TypeError, match="must return a real scalar.*tuple.*has_aux"):
        xdl.grad(lambda x: (x[0], x), engine=engine)(make(xp, X))
    with pytest.raises(TypeError, match="complex"):
        xdl.grad(lambda z: z * z, engine=engine)(xp.asarray(1.0 + 2.0j, dtype=xp.complex64))
    with pytest.raises(TypeError, match="pair"):
        xdl.grad(lambda x: x[0], has_aux=True, engine=engine)(make(xp, X))


def test_wrong_calls_are_refused(xp):
    x = make(xp, X)
    with pytest.raises(ValueError, match="argnums=1 needs 2"):
        xdl.grad(sin_exp, 1)(x)
    with pytest.raises(ValueError, match="`engine` must be"):
        xdl.grad(sin_exp, engine="magic")(x)
    with pytest.raises(ValueError, match=r"tangent has shape \(2,\)"):
        xdl.jvp(sin_exp, (x,), (x[:2],))
    with pytest.raises(TypeError, match="no array to differentiate by"):
        xdl.grad(lambda p: 0.0)({})
    with pytest.raises(xdl.TreeError):
        xdl.vjp(lambda x: {"a": x}, x, engine="tape")[1]({"b": x})


def test_mixed_libraries_are_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"numpy.ndarray and torch.Tensor.*xdl.asarray"):
        xdl.grad(lambda p: p["a"].sum() + p["b"].sum())({"a": np.ones(2), "b": torch.ones(2)})


def test_python_numbers_are_arrays_of_the_current_backend(xp):
    # the mock refuses nothing here: 0-d arrays are enough
    found = xdl.grad(lambda x: x * x)(3.0)
    check_kind(found, xdl.asarray(3.0))
    assert values(found) == 6.0


def test_mixed_devices_are_refused():
    import array_api_strict as strict

    w = strict.ones(2)
    x = strict.ones(2, device=strict.Device("device1"))
    message = r"grad: arrays on different devices.*CPU_DEVICE.*device1.*xdl.asarray\(x, like=y\)"
    with pytest.raises(ValueError, match=message):
        xdl.grad(lambda w, x: strict.sum(w * x))(w, x)
    with pytest.raises(ValueError, match=message):
        xdl.grad(lambda p: strict.sum(p["w"] * p["x"]))({"w": w, "x": x})
    assert xdl.asarray(x, like=w).device == w.device
