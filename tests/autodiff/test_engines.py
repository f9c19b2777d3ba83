"""Which engine serves a call."""

import numpy as np
import pytest

import xdl
from xdl.autodiff import _engine
from xdl.autodiff._engines import engine_for, native_engine


def test_the_tape_serves_where_there_is_no_engine_and_where_it_is_asked_for(xp):
    x = xp.asarray([1.0])
    assert engine_for("vjp", x, "tape") is _engine.vjp
    native = xdl.core._backends.backend_of(x).engine
    assert engine_for("vjp", {"x": (3, x)}, None) is (_engine.vjp if native is None else native.vjp)
    if native is None:
        with pytest.raises(ValueError, match="no vjp of its own; use engine='tape'"):
            engine_for("vjp", x, "native")


def test_a_traced_array_is_served_by_the_tape(xp):
    seen = []
    f = lambda x: (seen.append(engine_for("jvp", x, None)), x * x)[1]
    xdl.grad(f, engine="tape")(xp.asarray(1.0))
    assert seen == [_engine.jvp]


class Pair(xdl.Module):
    first: object
    second: object


class Named(xdl.Module):
    name: str = xdl.static()
    value: object


class Empty(xdl.Module):
    pass


@pytest.mark.parametrize("traced", [False, True])
def test_the_first_array_of_a_tree_decides(xp, traced):
    """However deep it lies, and behind branches without arrays."""
    x = xp.asarray(1.0)
    wanted = []

    def f(y):
        trees = [y, [(y, 1)], (Pair(y, 2.0), y), Pair(None, [y]), Named("a", y), ((), y), [Empty(), {"y": y}]]
        wanted.append(None if traced else xdl.core._backends.backend_of(x).engine)
        assert [native_engine(tree) for tree in trees] == wanted * len(trees)
        assert native_engine([Empty(), 3]) is None
        return y * y

    if traced:
        xdl.grad(f, engine="tape")(x)
    else:
        f(x)
    assert wanted


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="`engine` must be 'native', 'tape' or None, got 'magic'"):
        engine_for("vjp", np.ones(1), "magic")


@pytest.mark.parametrize("transform", [xdl.jacobian, xdl.hessian], ids=["jacobian", "hessian"])
def test_transforms_made_of_others_refuse_an_unknown_engine_too(xp, transform):
    with pytest.raises(ValueError, match="`engine` must be"):
        transform(lambda x: x * x, engine="magic")(xp.asarray(1.0))
