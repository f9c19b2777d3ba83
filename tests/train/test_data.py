import numpy as np
import pytest
from asserts import values

import xdl
from xdl.train._data import Batches, call_on, select


def rows(batches, order):
    return [values(select(batches.data, order, batches.place(k))).tolist() for k in range(batches.steps)]


def test_every_example_is_used_once(xp):
    batches = Batches(xp.arange(10), 4, "data")
    order = batches.order(xdl.random.key(0))
    found = rows(batches, order)
    assert [len(row) for row in found] == batches.sizes == [4, 4, 2]
    assert sorted(x for row in found for x in row) == list(range(10))
    assert found != rows(batches, batches.order(xdl.random.key(1)))


def test_the_order_is_the_same_in_every_library(xp):
    here = Batches(xp.arange(100), 32, "data")
    there = Batches(np.arange(100), 32, "data")
    order = there.order(xdl.random.key(5, like=np.zeros(1)))
    np.testing.assert_array_equal(values(here.order(xdl.random.key(5, like=here.like))), order)


def test_without_a_key_the_examples_stay_in_order(xp):
    batches = Batches(xp.arange(5), 2, "data")
    assert rows(batches, batches.order(None)) == [[0, 1], [2, 3], [4]]


def test_a_batch_larger_than_the_data_is_all_of_it(xp):
    batches = Batches((xp.ones((3, 2)), xp.arange(3)), 100, "data")
    assert (batches.steps, batches.sizes, batches.size) == (1, [3], 3)


def test_data_that_are_none_are_refused(xp):
    for data, error, match in [
        ((), ValueError, "at least one array"),
        (xp.ones((0, 3)), ValueError, "`data` holds no examples"),
        ((xp.ones(3), xp.ones(4)), ValueError, "equally many examples, got {'0': 3, '1': 4}"),
        ({"x": xp.ones(3), "n": 3}, TypeError, "leaf 'n' of `data` must be an array"),
        (xp.asarray(1.0), TypeError, "with examples along its first axis"),
    ]:
        with pytest.raises(error, match=match):
            Batches(data, 2, "data")


def test_a_tuple_is_several_arguments():
    assert call_on(lambda *args: args, "model", (1, 2)) == ("model", 1, 2)
    assert call_on(lambda *args: args, "model", {"x": 1}) == ("model", {"x": 1})
