"""Memory that is used again must be nobody's."""

import threading

import numpy as np
import pytest

from xdl_numpy import _memory

SHAPE, KIND = (128, 256), np.dtype("f4")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(_memory, "_blocks", {})


def address(x):
    return x.__array_interface__["data"][0]


def test_memory_that_nobody_holds_is_used_again():
    first = address(_memory.empty(SHAPE, KIND))
    assert address(_memory.empty(SHAPE, KIND)) == first


@pytest.mark.parametrize(
    "hold",
    [
        lambda x: x,
        lambda x: x[1:, ::2],
        lambda x: x.reshape(-1)[3:],
        lambda x: memoryview(x),
        lambda x: np.from_dlpack(x),
        lambda x: x.__dlpack__(),
        lambda x: lambda: x,
        lambda x: x.ctypes,
    ],
    ids=["array", "view", "view of a view", "memoryview", "from_dlpack", "capsule", "closure", "ctypes"],
)
def test_memory_that_somebody_holds_is_left_alone(hold):
    x = _memory.empty(SHAPE, KIND)
    place, held = address(x), hold(x)
    del x
    again = [_memory.empty(SHAPE, KIND) for _ in range(3)]
    assert place not in {address(a) for a in again}
    del held, again
    assert place in {address(_memory.empty(SHAPE, KIND)) for _ in range(1)} | {
        address(a) for a in [_memory.empty(SHAPE, KIND) for _ in range(5)]
    }


def test_what_was_made_read_only_or_reshaped_is_as_new():
    x = _memory.empty(SHAPE, KIND)
    place = address(x)
    x.flags.writeable = False
    x.shape = (256, 128)
    del x
    y = _memory.empty(SHAPE, KIND)
    assert address(y) == place
    assert y.flags.writeable
    assert y.shape == SHAPE


def test_memory_is_shared_by_shapes_and_dtypes_of_one_size():
    place = address(_memory.empty(SHAPE, KIND))
    other = _memory.empty((64, 2, 128), np.dtype("f8"))
    assert address(other) == place
    assert other.dtype == np.dtype("f8")


def test_arrays_begin_at_a_line_of_the_cache():
    held = [_memory.empty((1 << 14, k), KIND) for k in range(1, 20)]
    assert {address(x) % _memory.ALIGNMENT for x in held} == {0}
    assert all(x.flags.c_contiguous and x.flags.aligned for x in held)


def test_small_and_huge_arrays_are_not_kept():
    _memory.empty((3,), KIND)
    _memory.empty((_memory.LARGEST,), KIND)
    assert _memory._blocks == {}


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(_memory, "KEPT", 1 << 20)
    monkeypatch.setattr(_memory, "_bytes", 0)
    held = [_memory.empty((1 << 15, k), KIND) for k in range(1, 30)]
    assert sum(block.nbytes for kept in _memory._blocks.values() for block, _ in kept) <= 1 << 20
    assert len(held) == 29


def test_threads_never_share():
    errors = []

    def work(value):
        for _ in range(300):
            x = _memory.empty(SHAPE, KIND)
            x[...] = value
            if not (x == value).all():
                errors.append(value)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []
