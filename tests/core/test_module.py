"""Modules: dataclasses that never change, and trees of their array fields."""

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from asserts import assert_equal

import xdl
from xdl import Module, buffer, static, tree
from xdl.core._module import buffer_flags


class Scale(Module):
    """Multiply."""

    factor: Any
    name: str = static(default="scale")

    def __call__(self, x):
        return self.factor * x


class Dense(Module):
    weight: Any
    bias: Any
    units: int = static()

    def __init__(self, weight, *, bias=None):
        self.weight = weight
        self.bias = bias
        self.units = weight.shape[1]


class Labelled(Scale):
    label: str = static(default="none")


class Stack(Module):
    layers: tuple[Module, ...]


def test_array_fields_are_leaves_and_static_fields_structure(xp):
    w = xp.ones((2, 3))
    dense = Dense(w)
    assert dense.units == 3
    assert tree.leaves(dense) == [w] or tree.leaves(dense)[0] is w
    assert len(tree.leaves(dense)) == 1
    doubled = tree.map(lambda x: 2 * x, dense)
    assert type(doubled) is Dense
    assert doubled.units == 3
    assert_equal(doubled.weight, 2 * w)


def test_modules_nest():
    model = Stack((Scale(2.0), Labelled(3.0, label="b")))
    assert [p for p, _ in tree.leaves_with_path(model)] == ["layers.0.factor", "layers.1.factor"]
    assert tree.map(lambda x: x + 1, model).layers[1].label == "b"


def test_a_module_is_frozen():
    scale = Scale(2.0)
    with pytest.raises(AttributeError, match=r"use module.replace\(factor=...\)"):
        scale.factor = 3.0
    with pytest.raises(AttributeError, match="frozen"):
        scale.other = 3.0
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del scale.factor
    dense = Dense(np.ones((2, 3)))
    with pytest.raises(AttributeError, match="frozen"):
        dense.weight = None


def test_a_module_is_frozen_after_a_failing_init():
    class Fails(Module):
        x: Any

        def __init__(self):
            self.x = 1.0
            kept.append(self)
            raise ZeroDivisionError

    kept = []
    with pytest.raises(ZeroDivisionError):
        Fails()
    with pytest.raises(AttributeError, match="frozen"):
        kept[0].x = 2.0


def test_replace_returns_a_changed_copy():
    scale = Labelled(2.0, label="b")
    changed = scale.replace(factor=3.0, name="other")
    assert (changed.factor, changed.name, changed.label) == (3.0, "other", "b")
    assert (scale.factor, scale.name) == (2.0, "scale")
    assert type(changed) is Labelled
    with pytest.raises(TypeError, match="Labelled has no field 'rate'; it has factor, label, name"):
        scale.replace(rate=1.0)
    dense = Dense(np.ones((2, 3)))
    assert dense.replace(bias=1.0).bias == 1.0


def test_an_init_that_forgets_a_field_is_told():
    class Forgets(Module):
        x: Any
        y: Any

        def __init__(self):
            self.x = 1.0

    with pytest.raises(TypeError, match=r"Forgets.__init__ did not set y"):
        Forgets()


def test_arguments_are_those_of_a_dataclass():
    assert Scale(factor=2.0, name="a").name == "a"
    for wrong in (lambda: Scale(), lambda: Scale(1.0, "a", 2), lambda: Scale(1.0, rate=2)):
        with pytest.raises(TypeError, match="argument"):
            wrong()
    assert [f.name for f in dataclasses.fields(Labelled)] == ["factor", "name", "label"]
    assert dataclasses.is_dataclass(Scale)


def test_defaults_made_for_each_module():
    class Holder(Module):
        items: Any = dataclasses.field(default_factory=list)

    assert Holder().items is not Holder().items


def test_repr_shows_arrays_by_dtype_and_shape(xp):
    text = repr(Stack((Dense(xp.ones((2, 3), dtype=xp.float32)), Scale(2.0))))
    assert (
        text
        == "Stack(layers=(Dense(weight=float32[2, 3], bias=None, units=3), Scale(factor=2.0, name='scale')))"
    )


def test_modules_survive_pickling_and_copying():
    scale = Labelled(2.0, label="b")
    for other in (pickle.loads(pickle.dumps(scale)), copy.copy(scale), copy.deepcopy(scale)):
        assert type(other) is Labelled
        assert other.__dict__ == scale.__dict__
        with pytest.raises(AttributeError, match="frozen"):
            other.factor = 1.0


def test_modules_compare_by_identity():
    """Fields are arrays: their comparison is no truth value."""
    scale = Scale(2.0)
    assert scale == scale
    assert scale != Scale(2.0)
    assert {scale: 1}[scale] == 1


def test_methods_and_inheritance(xp):
    x = xp.ones(3)
    assert_equal(Labelled(2.0)(x), 2.0 * x)
    assert issubclass(Labelled, Scale)
    assert Scale.__doc__ == "Multiply."


def test_unflatten_does_not_call_init():
    """Trees are rebuilt with things that are no arrays: axes, names, tracers."""
    dense = Dense(np.ones((2, 3)))
    assert tree.map(lambda x: None, dense).weight is None
    assert tree.map(str, dense).units == 3


def test_a_static_field_that_changes_is_another_structure():
    with pytest.raises(xdl.TreeError, match="static fields differ"):
        tree.map(lambda a, b: a, Scale(1.0, "a"), Scale(1.0, "b"))


class Running(Module):
    """A parameter, and state beside it."""

    weight: Any
    mean: Any = buffer(default=None)
    steps: Any = buffer(default=None)
    inner: Any = None


def test_buffers_are_leaves_that_are_told_apart(xp):
    inner = Running(xp.ones(2), mean=xp.zeros(2), steps=xp.asarray(0))
    model = {"a": [Running(xp.ones(3), mean=(xp.zeros(3), xp.ones(3)), inner=inner)], "b": xp.ones(1)}
    names = [path for path, _ in tree.leaves_with_path(model)]
    flags = dict(zip(names, buffer_flags(model), strict=True))
    assert flags == {
        "a.0.weight": False,
        "a.0.mean.0": True,
        "a.0.mean.1": True,
        "a.0.inner.weight": False,
        "a.0.inner.mean": True,
        "a.0.inner.steps": True,
        "b": False,
    }
    assert tree.map(lambda x: x, model)["a"][0].inner.steps is inner.steps


@pytest.mark.parametrize("engine", [None, "tape"])
def test_integers_in_a_buffer_are_constants_of_differentiation(xp, engine):
    model = Running(xp.asarray([1.0, 2.0], dtype=xp.float32), steps=xp.asarray(3))

    def loss(model):
        return xdl.array_namespace(model.weight).sum(model.weight**2) * 3.0, model.steps + 1

    (value, steps), grads = xdl.value_and_grad(loss, has_aux=True, engine=engine)(model)
    assert_equal(steps, xp.asarray(4))
    assert_equal(value, 15.0, like=model.weight)
    assert_equal(grads, Running(xp.asarray([6.0, 12.0], dtype=xp.float32), steps=xp.asarray(0)))
    assert_equal(xdl.grad(lambda a, m: loss(m)[0], (1, 0), engine=engine)(model.weight, model)[0], grads)
    y, pullback = xdl.vjp(lambda m, x: m.weight * x, model, model.weight, engine=engine)
    cotangents = pullback(y)
    assert_equal(cotangents[0], model.replace(weight=y * model.weight, steps=xp.asarray(0)))
    assert_equal(cotangents[1], y * model.weight)


def test_integers_elsewhere_are_refused(xp):
    with pytest.raises(TypeError, match="floating"):
        xdl.grad(lambda m: xdl.array_namespace(m.weight).sum(m.mean))(
            Running(xp.asarray([1, 2]), mean=xp.asarray([0.0]))
        )
