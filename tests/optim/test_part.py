"""Parts are values: equal if their fields are, so that they are keys of compiled programs."""

import pytest

from xdl import optim


def test_equal_parts_are_one_key():
    parts = [
        optim.BFGS(),
        optim.BFGS(),
        optim.BFGS(search=optim.Backtracking(decrease=0.1)),
        optim.GradientDescent(),
    ]
    assert parts[0] == parts[1]
    assert len(set(parts)) == 3
    assert {parts[0]: "found"}[parts[1]] == "found"


def test_equal_fields_of_another_class_are_another_part():
    assert optim.Backtracking(decrease=0.3) != optim.Backtracking()
    assert optim.BFGS(search=optim.Backtracking()) != optim.GradientDescent(search=optim.Backtracking())
    assert optim.Backtracking() != "Backtracking"


def test_parts_never_change():
    with pytest.raises(AttributeError):
        optim.Backtracking().decrease = 0.5
