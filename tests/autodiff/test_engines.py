"""Which engine serves a call."""

import numpy as np
import pytest

import xdl
from xdl.autodiff import _engine
from xdl.autodiff._engines import engine_for


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


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="`engine` must be 'native', 'tape' or None, got 'magic'"):
        engine_for("vjp", np.ones(1), "magic")


@pytest.mark.parametrize("transform", [xdl.jacobian, xdl.hessian], ids=["jacobian", "hessian"])
def test_transforms_made_of_others_refuse_an_unknown_engine_too(xp, transform):
    with pytest.raises(ValueError, match="`engine` must be"):
        transform(lambda x: x * x, engine="magic")(xp.asarray(1.0))
