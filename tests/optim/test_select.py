import numpy as np
import pytest
from optim.catalogue import label

from xdl.optim._select import paths, selection

LEAVES = [(path, np.ones(2)) for path in ("layers.1.weight", "layers.10.weight", "head")]


def chosen(where):
    select = paths(where, "where")
    select.survey(LEAVES)
    return [path for path, x in LEAVES if select(path, x)]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("layers.1", ["layers.1.weight"]),
        ("layers", ["layers.1.weight", "layers.10.weight"]),
        ("", ["layers.1.weight", "layers.10.weight", "head"]),
        (["head", "layers.10"], ["layers.10.weight", "head"]),
        (("head",), ["head"]),
        ({"head"}, ["head"]),
        ({"head": True}, ["head"]),
        ({"": True, "layers.1.weight": False}, ["layers.10.weight", "head"]),
        ({"layers": {"1": True}}, ["layers.1.weight"]),
        (lambda path, x: path.endswith("weight") and x.ndim == 1, ["layers.1.weight", "layers.10.weight"]),
        ([], []),
    ],
    ids=label,
)
def test_a_path_begins_at_dots(where, expected):
    """Layer 1 is not layer 10."""
    assert chosen(where) == expected


def test_the_longest_path_decides():
    select = selection({"": "a", "layers": "b", "layers.10": "c"}, str, "labels")
    assert [select(path, x) for path, x in LEAVES] == ["b", "c", "a"]


def test_a_path_without_leaves_is_refused():
    with pytest.raises(ValueError, match="`where` has path 'layers.2', where no leaf is; there are"):
        chosen(["head", "layers.2"])
    with pytest.raises(TypeError, match="`labels` must be a function or a tree of str, got True at 'a'"):
        selection({"a": True}, str, "labels")


def test_selections_are_compared_by_value():
    assert selection({"a": "b"}, str, "x") == selection({"a": "b"}, str, "x")
    assert selection({"a": "b"}, str, "x") != selection({"a": "c"}, str, "x")
