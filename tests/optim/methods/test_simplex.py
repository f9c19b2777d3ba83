import numpy as np
from asserts import values

import xdl
from xdl.optim._methods.simplex import first_simplex
from xdl.optim._scalars import OfArrays, OfFloats


def random_walk(simplex, xs, points, heights):
    """Build the simplex, replace the last vertex many times, shrink, and build it again."""
    states = []
    for k, (point, height) in enumerate(zip(points, heights, strict=True)):
        if k == 20:
            simplex = simplex.shrink(xs, 0.5)
        point = point if simplex.marks[0] is not None and k % 7 else simplex.last
        simplex = simplex.insert(xs, point, height)
        states.append(simplex)
    return states


def test_lists_and_arrays_agree():
    """A list for one problem, arrays for many: the same vertices in the same order after each change."""
    rng = np.random.default_rng(0)
    x, points = rng.standard_normal(4), rng.standard_normal((40, 4))
    heights = rng.standard_normal(40).round(1) - np.arange(40) / 10  # with ties
    xp = xdl.array_namespace(x)
    one = first_simplex(OfFloats(x, xp), x, 3.0, 0.1 * x)
    many = first_simplex(OfArrays(x[None, :], xp), x[None, :], np.asarray([3.0]), 0.1 * x[None, :])
    singles = random_walk(one, OfFloats(x, xp), points, map(float, heights))
    batches = random_walk(many, OfArrays(x[None, :], xp), points[:, None, :], heights[:, None])
    for a, b in zip(singles, batches, strict=True):
        assert a.complete == bool(b.complete[0])
        known = len(a.values)
        np.testing.assert_array_equal(a.values, b.values[0, :known])
        assert (np.diff(b.values[0, :known]) >= 0).all()
        np.testing.assert_allclose(np.stack(a.vertices), b.vertices[0], rtol=1e-14)
        if a.complete:
            np.testing.assert_allclose(a.centroid, b.centroid[0], rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(a.extent(None), b.extent(None)[0])
            assert a.marks == tuple(float(v[0]) for v in b.marks)


def test_a_large_start_leaves_no_rounding_errors_in_the_centroid():
    """It is carried from one insertion to the next, and computed anew often enough."""
    x = np.full(3, 1e12)
    xs = OfFloats(x, np)
    simplex = first_simplex(xs, x, 1e3, 0.1 * x)
    for k in range(3):
        simplex = simplex.insert(xs, simplex.last, 1e3 + k)
    for k, point in enumerate(np.random.default_rng(0).standard_normal((30, 3))):
        simplex = simplex.insert(xs, point, -float(k))
    np.testing.assert_allclose(simplex.centroid, np.mean(simplex.vertices[:-1], axis=0), rtol=1e-12)


def test_infinite_values_stay_behind_and_before_what_is_unknown(xp):
    x = xp.asarray([[1.0, 2.0]], dtype=xp.float32)
    xs = OfArrays(x, xdl.array_namespace(x))
    simplex = first_simplex(xs, x, xp.asarray([0.0], dtype=xp.float32), x * 0.1)
    infinite = xp.asarray([float("inf")], dtype=xp.float32)
    simplex = simplex.insert(xs, simplex.last, infinite)
    assert values(simplex.known).tolist() == [2]
    np.testing.assert_allclose(values(simplex.vertices)[0], [[1.0, 2.0], [1.0, 2.2], [1.1, 2.0]], rtol=1e-6)
    simplex = simplex.insert(xs, simplex.last, xp.asarray([-1.0], dtype=xp.float32))
    assert values(simplex.complete).tolist() == [True]
    np.testing.assert_allclose(values(simplex.vertices)[0], [[1.1, 2.0], [1.0, 2.0], [1.0, 2.2]], rtol=1e-6)
    np.testing.assert_allclose(values(simplex.centroid)[0], [1.05, 2.0], rtol=1e-6)
