"""Preconditioners: exact where they should be, and shorter iterations."""

import numpy as np
import pytest
from asserts import assert_close, values
from linalg.operators import RNG, positive, spectrum

import xdl
from xdl import linalg
from xdl.testing import mock

pytestmark = pytest.mark.usefixtures("syncs")


@pytest.fixture
def syncs():
    with mock.allow("sync", "host"), np.errstate(all="ignore"):
        yield


def test_blocks_are_solved_with(xp64):
    blocks = np.stack([positive(3), spectrum([1.0, 5.0, 100.0])])
    matrix = np.zeros((6, 6))
    matrix[:3, :3], matrix[3:, 3:] = blocks
    inverse = linalg.BlockJacobi(xp64.asarray(blocks))
    r = RNG.normal(size=(4, 6))
    assert_close(
        inverse(xp64.asarray(r)), xp64.asarray(np.linalg.solve(matrix, r.T).T), rtol=1e-10, atol=1e-13
    )
    found = linalg.cg(xp64.asarray(matrix), xp64.asarray(r[0]), rtol=1e-10, preconditioner=inverse)
    assert int(found.iterations) == 1


def test_a_low_rank_is_inverted_exactly(xp64):
    """Where the rank of the operator is that of the preconditioner, one step remains."""
    matrix, shift = spectrum([0.0] * 15 + [3.0, 10.0, 30.0, 100.0, 300.0]), 0.1
    b = xp64.asarray(RNG.normal(size=20))
    near = linalg.nystrom(xdl.random.key(0), xp64.asarray(matrix), b, 6, shift=shift)
    assert_close(
        near.values[:5], xp64.asarray([300.0, 100.0, 30.0, 10.0, 3.0], dtype=xp64.float64), rtol=1e-7
    )
    full = xp64.asarray(matrix + shift * np.eye(20))
    plain = linalg.cg(full, b, rtol=1e-6)
    found = linalg.cg(full, b, rtol=1e-6, preconditioner=near)
    assert found.success
    assert int(found.iterations) <= 2 < int(plain.iterations)
    assert_close(found.x, plain.x, rtol=1e-4, atol=1e-5)


def test_a_decaying_spectrum_takes_fewer_steps(xp64):
    matrix = spectrum(np.geomspace(1e-4, 1e4, 40))
    b = xp64.asarray(RNG.normal(size=40))
    full = xp64.asarray(matrix + 1e-2 * np.eye(40))
    product = lambda v, A: xp64.matmul(v, A)
    near = linalg.nystrom(xdl.random.key(1), product, b, 20, (xp64.asarray(matrix),), shift=1e-2)
    plain = linalg.cg(full, b, rtol=1e-6)
    found = linalg.cg(full, b, rtol=1e-6, preconditioner=near)
    assert int(found.iterations) < int(plain.iterations) / 2


def test_zeros_on_the_diagonal_divide_by_one(xp):
    found = linalg.Jacobi(xp.asarray([2.0, 0.0]))(xp.asarray([4.0, 3.0]))
    assert values(found).tolist() == [2.0, 3.0]


def test_mistakes_are_told(xp):
    with pytest.raises(ValueError, match="rank"):
        linalg.nystrom(xdl.random.key(0), xp.eye(3), xp.ones((3,)), 4)
