import numpy as np
from asserts import assert_close

from xdl.optim._history import FORGET, KEEP, put_pair


def test_only_what_changes_is_written(xp64, syncs):
    rng = np.random.default_rng(0)
    b, m, n = 5, 3, 4
    shapes = [(b, m, n), (b, m, n), (b, m, m), (b, m), (b, n), (b, n), (b, m), (b,)]
    *given, product = (rng.standard_normal(shape) for shape in shapes)
    slot = np.asarray([0, KEEP, 2, FORGET, 1], dtype=np.int32)
    S, Y, R, a = (x.copy() for x in given[:4])
    s, y, row = given[4:]
    for k, at in enumerate(slot):
        if at >= 0:
            S[k, at], Y[k, at], a[k, at] = s[k], y[k], product[k]
            R[k, :, at] = 0.0
            R[k, at] = row[k]
            R[k, at, at] = 1.0
        elif at == FORGET:
            R[k] = 0.0
    for function in (put_pair.definition, put_pair):
        arrays = (xp64.asarray(x.copy()) for x in given)
        found = function(*arrays, xp64.asarray(slot), xp64.asarray(product))
        assert_close(list(found), [xp64.asarray(x) for x in (S, Y, R, a)], rtol=0, atol=0)


def test_one_problem(xp64, syncs):
    """Its slot is an integer on the host, and otherwise an array without axes."""
    for slot, product in ((1, 5.0), (xp64.asarray(1, dtype=xp64.int32), xp64.asarray(5.0))):
        arrays = [xp64.ones(shape) for shape in ((2, 3), (2, 3), (2, 2), (2,))]
        args = [xp64.full((size,), value) for size, value in ((3, 2.0), (3, 3.0), (2, 4.0))]
        found = put_pair(*arrays, *args, slot, product)
        expected = [[1.0] * 3, [2.0] * 3], [[1.0] * 3, [3.0] * 3], [[1.0, 0.0], [4.0, 1.0]], [1.0, 5.0]
        assert_close(list(found), [xp64.asarray(x) for x in expected], rtol=0, atol=0)
