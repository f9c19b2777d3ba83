"""Work shared among threads."""

import threading

import numpy as np
import pytest

import xdl_numpy._threads as threads
import xdl_numpy.linear as linear_module


class Blas:
    def __init__(self, num_threads):
        self.num_threads = num_threads
        self.said = []

    def set_num_threads(self, n):
        self.said.append(n)
        self.num_threads = n


@pytest.fixture
def blas(monkeypatch):
    found = Blas(2)
    monkeypatch.setattr(threads, "_blas", lambda: found)
    return found


def seen(n, **options):
    """Ranges and threads that a call uses."""
    found = []
    threads.share(lambda start, stop: found.append((start, stop, threading.get_ident())), n, **options)
    return sorted(found)


def test_large_work_is_split_in_two_and_blas_is_held_to_one_thread(blas):
    found = seen(7, operations=1e9)
    assert [(a, b) for a, b, _ in found] == [(0, 3), (3, 7)]
    assert blas.said == [1, 2]


def test_the_parts_run_at_once(blas):
    """Each part waits for the other, which one thread could not do."""
    barrier = threading.Barrier(2, timeout=30)
    threads.share(lambda start, stop: barrier.wait(), 2, operations=1e9)


@pytest.mark.parametrize(("n", "operations"), [(8, 1e3), (1, 1e9), (0, 1e9)])
def test_small_work_stays(blas, n, operations):
    assert seen(n, operations=operations) == [(0, n, threading.get_ident())]
    assert blas.said == []


def test_one_thread_of_blas_is_one_thread_here(blas):
    blas.num_threads = 1
    assert seen(8, operations=1e9) == [(0, 8, threading.get_ident())]


def test_inner_work_stays_on_its_thread(blas):
    found = []

    def work(start, stop):
        own = threading.get_ident()
        threads.share(lambda a, b: found.append((a, b, threading.get_ident() == own)), 4, operations=1e9)

    threads.share(work, 2, operations=1e9)
    assert found == [(0, 4, True)] * 2


@pytest.mark.parametrize("place", [0, 1])
def test_an_exception_arrives_and_blas_is_let_go(blas, place):
    def work(start, stop):
        if start == place:
            raise ArithmeticError(start)

    with pytest.raises(ArithmeticError):
        threads.share(work, 2, operations=1e9)
    assert blas.said == [1, 2]
    assert len(seen(2, operations=1e9)) == 2


def test_treatment_of_floating_point_errors_is_that_of_the_caller(blas):
    x = np.asarray([0.0, 0.0])

    def work(start, stop):
        assert np.isinf(1 / x[start:stop]).all()

    with np.errstate(divide="ignore"):
        threads.share(work, 2, operations=1e9)


def test_small_products_hold_blas_and_give_it_back(blas):
    held = threads.hold(1e6)
    assert held == 2
    assert blas.num_threads == 1
    assert threads.hold(1e6) == 0, "it is held already"
    threads.let_go(held)
    assert blas.num_threads == 2
    assert len(seen(2, operations=1e9)) == 2


def test_large_products_keep_the_threads_of_blas(blas):
    assert threads.hold(1e9) == 0
    blas.num_threads = 1
    assert threads.hold(1e6) == 0
    assert blas.said == []


def test_the_affine_map_gives_blas_back_after_an_error(blas):
    with pytest.raises(ValueError, match="matmul"):
        linear_module._matmul(np.ones((3, 4)), np.ones((5, 6)))
    assert blas.num_threads == 2


def test_the_blas_of_numpy_is_found():
    found = threads._blas()
    assert found is not None
    before = found.num_threads
    found.set_num_threads(1)
    assert found.num_threads == 1
    found.set_num_threads(before)
