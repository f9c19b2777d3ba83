"""What the rules of linear algebra share."""

import numpy as np
from asserts import assert_equal

import xdl
from xdl.autodiff._functions import functions_of
from xdl.autodiff._rules import matrices


def test_one_diagonal_is_left(xp):
    x = xp.reshape(xp.arange(12, dtype=xp.float32), (1, 3, 4))
    for offset in (-2, 0, 1, 3):
        expected = np.zeros((1, 3, 4))
        for i in range(3):
            if 0 <= i + offset < 4:
                expected[0, i, i + offset] = 4 * i + i + offset
        assert_equal(matrices.banded(functions_of(x), x, offset), expected, like=x)


def test_vectors_become_diagonals(xp):
    d = xp.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=xp.float32)
    assert_equal(matrices.diagonal_matrix(functions_of(d), d), [[[1, 0], [0, 2]], [[3, 0], [0, 4]]], like=d)


def test_imaginary_part_and_adjoint():
    x = np.asarray([[1 + 2j, 3 - 4j]])
    xp = functions_of(x)
    np.testing.assert_array_equal(matrices.imaginary(xp, x), [[2j, -4j]])
    np.testing.assert_array_equal(matrices.H(xp, x), [[1 - 2j], [3 + 4j]])
    np.testing.assert_array_equal(matrices.real(xp, x), [[1, 3]])
    np.testing.assert_array_equal(matrices.conj(xp, x.real), x.real)


def test_quotient_is_zero_in_every_order_where_the_divisor_is_zero():
    x, y = np.asarray([3.0, 3.0]), np.asarray([0.0, 2.0])
    f = lambda x, y: matrices.quotient(functions_of(x), x, y)
    np.testing.assert_array_equal(f(x, y), [0.0, 1.5])
    dx, dy = xdl.grad(lambda x, y: xdl.array_namespace(x, y).sum(f(x, y)), argnums=(0, 1))(x, y)
    np.testing.assert_array_equal(dx, [0.0, 0.5])
    np.testing.assert_array_equal(dy, [0.0, -0.75])
