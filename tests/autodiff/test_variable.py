"""Tests of variables: they pass for arrays of their library, and never let a gradient slip away unseen."""

import copy
import functools
import operator

import array_api_compat
import array_api_extra as xpx
import numpy as np
import pytest
from asserts import assert_close, assert_equal, dtype_name, values

import xdl
from xdl.autodiff._variable import Variable

pytestmark = pytest.mark.xp_skip("jax-x32", reason="the tape sees no difference to jax-x64, which runs it")
ns = xdl.array_namespace
grad = functools.partial(xdl.grad, engine="tape")
NO_HOST = pytest.mark.xp_skip("mock", reason="the mock refuses to wait for values")
SLOW_ON_JAX = pytest.mark.xp_skip("jax", reason="eager JAX compiles each operation, for seconds")


def array(xp, *numbers):
    return xp.asarray(numbers, dtype=xp.float32)


def seen(f, x):
    """What ``f`` returns of the variable of ``x``."""
    return xdl.value_and_grad(lambda x: (ns(x).sum(x), f(x)), has_aux=True, engine="tape")(x)[0][1]


# ---- attributes ----


def test_attributes_are_those_of_the_array(xp):
    x = xp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=xp.float32)
    shape, ndim, size, dtype, device = seen(
        lambda x: (x.shape, x.ndim, x.size, str(x.dtype), str(x.device)), x
    )
    assert (tuple(shape), ndim, size) == ((2, 3), 2, 6)
    assert dtype == str(x.dtype)
    assert device == str(array_api_compat.device(x))


def test_transposes(xp):
    x = xp.reshape(xp.arange(12, dtype=xp.float32), (2, 2, 3))
    w = xp.reshape(xp.arange(12, dtype=xp.float32), (2, 3, 2))
    assert_equal(grad(lambda x: ns(x).sum(x.mT * w))(x), xp.matrix_transpose(w))
    assert_equal(grad(lambda x: ns(x).sum(x.T * w[0, ...]))(x[0, ...]), xp.matrix_transpose(w[0, ...]))
    with pytest.raises(ValueError, match=r"`T` needs an array with 2 axes, got 3; use `mT`"):
        grad(lambda x: x.T)(x)


def test_length_and_iteration(xp):
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=xp.float32)
    assert seen(len, x) == 3
    assert_equal(seen(tuple, x), (x[0, ...], x[1, ...], x[2, ...]))
    slopes = xp.asarray([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], dtype=xp.float32)
    assert_equal(grad(lambda x: ns(x).sum(sum(row * k for k, row in enumerate(x))))(x), slopes)
    for use in (sum, len):
        with pytest.raises(TypeError, match="0 axes"):
            grad(lambda x, use=use: use(x))(x[0, 0])


def test_representation_tells_traced_from_constant(xp):
    x = array(xp, 1.0, 2.0)
    text, constant = (
        seen(lambda x: (repr(x), repr(ns(x).ones(2))), x) if not _is_mock(xp) else ("traced", "constant")
    )
    assert "traced" in text
    assert "constant" in constant


def _is_mock(xp):
    return "mock" in xp.__name__


@NO_HOST
def test_formats_as_its_value(xp):
    x = xp.asarray(1.23456, dtype=xp.float64 if xp.__name__ != "jax.numpy" else xp.float32)
    if "strict" in xp.__name__:
        pytest.skip("array-api-strict's arrays have no format of their own")
    assert seen(lambda x: f"{x:.2f}", x) == "1.23"


# ---- values ----


@NO_HOST
def test_conversions_look_at_the_value(xp):
    x = xp.asarray(2.5, dtype=xp.float32)
    found = seen(
        lambda x: (bool(x > 0), float(x), int(x), complex(x), [5, 6, 7][ns(x).argmax(ns(x).ones(3))]), x
    )
    assert found == (True, 2.5, 2, 2.5 + 0j, 5)
    assert_equal(grad(lambda x: x * x if x > 0 else -x)(x), 2 * x)
    assert_equal(grad(lambda x: x * x if x > 3 else -x)(x), xp.asarray(-1.0, dtype=xp.float32))
    assert_equal(grad(lambda x: x * float(x))(x), x)  # a number has no gradient, as in Python


@pytest.mark.parametrize("convert", [np.asarray, np.array, np.atleast_1d], ids=lambda f: f.__name__)
def test_numpy_arrays_are_refused_with_advice(xp, convert):
    with pytest.raises(
        TypeError, match=r"cannot become a NumPy array: .*xdl.array_namespace\(x\).*stop_gradient"
    ):
        grad(lambda x: convert(x)[0])(array(xp, 1.0, 2.0))


def test_numpy_functions_are_refused(xp):
    for function in (np.exp, np.sum, lambda x: np.concatenate([x, x])):
        with pytest.raises(TypeError):
            grad(lambda x, function=function: function(x)[0])(array(xp, 1.0, 2.0))


@pytest.mark.xp_only("numpy", "strict", reason="the libraries differ in what they take by DLPack")
def test_dlpack_exports_constants_alone(xp):
    x = array(xp, 1.0, 2.0)
    assert_equal(
        seen(lambda x: np.from_dlpack(ns(x).ones(2, dtype=ns(x).float32)), x), np.ones(2, dtype=np.float32)
    )
    with pytest.raises(BufferError, match="gradient would be lost"):
        grad(lambda x: np.from_dlpack(x)[0])(x)


def test_variables_have_no_hash(xp):
    with pytest.raises(TypeError, match="unhashable"):
        grad(lambda x: {x: 1})(array(xp, 1.0))


def test_copies_carry_the_gradient(xp):
    x = array(xp, 1.0, 2.0)

    def f(x):
        y = copy.deepcopy([x, copy.copy(x)])
        y[0][0] = 5.0  # the original stays
        return ns(x).sum(x * y[0] * y[1])

    assert_equal(grad(f)(x), xp.asarray([10.0, 12.0], dtype=xp.float32))


# ---- operators ----

REAL = ("add", "sub", "mul", "truediv", "pow")
X, Y = (0.5, 2.0, 1.5), (1.5, 0.25, 3.0)
PARTIALS = {
    "add": (lambda x, y: (np.ones_like(x), np.ones_like(x))),
    "sub": (lambda x, y: (np.ones_like(x), -np.ones_like(x))),
    "mul": (lambda x, y: (y, x)),
    "truediv": (lambda x, y: (1 / y, -x / y**2)),
    "pow": (lambda x, y: (y * x ** (y - 1), x**y * np.log(x))),
}


@pytest.mark.parametrize("name", REAL)
def test_operators_take_variables_arrays_and_numbers_on_both_sides(xp64, name):
    xp, f = xp64, getattr(operator, name)
    x, y = xp.asarray(X, dtype=xp.float64), xp.asarray(Y, dtype=xp.float64)
    dx, dy = PARTIALS[name](np.asarray(X), np.asarray(Y))
    assert_close(grad(lambda x, y: ns(x).sum(f(x, y)), argnums=(0, 1))(x, y)[0], dx, like=x)
    assert_close(grad(lambda x, y: ns(x).sum(f(x, y)), argnums=1)(x, y), dy, like=x)
    assert_close(grad(lambda x: ns(x).sum(f(x, y)))(x), dx, like=x)
    if "strict" not in xp.__name__:  # array-api-strict raises instead of leaving the operation to the right
        assert_close(grad(lambda y: ns(y).sum(f(x, y)))(y), dy, like=x)
    dx, dy = (
        PARTIALS[name](np.asarray(X), np.asarray(2.0))[0],
        PARTIALS[name](np.asarray(2.0), np.asarray(Y))[1],
    )
    for two in (2, 2.0):
        assert_close(grad(lambda x, two=two: ns(x).sum(f(x, two)))(x), dx * np.ones(3), like=x)
        assert_close(grad(lambda y, two=two: ns(y).sum(f(two, y)))(y), dy * np.ones(3), like=x)


def test_unary_operators(xp):
    x = array(xp, -1.0, 2.0)
    assert_equal(grad(lambda x: ns(x).sum(-x))(x), array(xp, -1.0, -1.0))
    assert_equal(grad(lambda x: ns(x).sum(+x))(x), array(xp, 1.0, 1.0))
    assert_equal(grad(lambda x: ns(x).sum(abs(x)))(x), array(xp, -1.0, 1.0))


def test_augmented_assignment_rebinds(xp):
    x = array(xp, 1.0, 2.0)

    def f(x):
        y = x
        y *= x
        y += 1.0
        y -= x
        y /= 2.0
        y **= 2
        return ns(x).sum(y) + 0 * ns(x).sum(x)

    # ((x^2 + 1 - x) / 2)^2
    assert_close(grad(f)(x), (x * x + 1 - x) * (2 * x - 1) / 2)
    assert_equal(x, array(xp, 1.0, 2.0))


def test_comparisons_and_bitwise_operators_are_constants(xp):
    x = array(xp, 1.0, 2.0, 3.0)

    def f(x):
        mask = ((x > 1) & (x <= 2)) | (x == 3) ^ ~(x != 1)
        assert dtype_name(mask) == "bool"
        return ns(x).sum(ns(x).where(mask, x * x, x))

    assert_equal(grad(f)(x), array(xp, 2.0, 4.0, 6.0))
    integers = xp.asarray([1, 2, 4])
    assert_equal(seen(lambda x: (ns(x).asarray(integers) << 1) | 1, x), (integers << 1) | 1)


@pytest.mark.xp_only("numpy", reason="the scalars are NumPy's")
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_numpy_scalars_on_either_side(xp, kind):
    for dtype in (np.float32, np.float64):
        x = np.asarray([0.5, 2.0], dtype=dtype)
        two = kind(2)
        for f, expected in (
            (lambda x, two=two: two * x, [2.0, 2.0]),
            (lambda x, two=two: x * two, [2.0, 2.0]),
            (lambda x, two=two: two - x, [-1.0, -1.0]),
            (lambda x, two=two: two / x, [-8.0, -0.5]),
            (lambda x, two=two: two**x, 2.0 ** np.asarray([0.5, 2.0]) * np.log(2.0)),
        ):
            assert seen(f, x).dtype == f(x).dtype
            assert_close(grad(lambda x, f=f: ns(x).sum(f(x)))(x), expected, like=x)


@pytest.mark.xp_skip("strict", "mock", reason="array-api-strict takes no scalars of NumPy's")
def test_numpy_floats_are_floats_to_every_library(xp):
    x = array(xp, 1.0, 2.0)
    assert_equal(grad(lambda x: ns(x).sum(x * np.float64(3)))(x), array(xp, 3.0, 3.0))


def test_product_of_matrices_by_operator(xp):
    x, w = xp.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=xp.float32), xp.ones((2, 3), dtype=xp.float32)
    assert_close(grad(lambda x: ns(x).sum(x @ w))(x), 3 * xp.ones_like(x))


# ---- items ----


@SLOW_ON_JAX
def test_items(xp64):
    xp = xp64
    x = xp.reshape(xp.arange(24, dtype=xp.float64), (2, 3, 4)) / 7
    mask = x > 1.0
    keys = [
        (-1, ...),
        (0, 1, ...),
        (slice(None), 2, slice(None)),
        (slice(1, None), ..., slice(0, 4, 2)),
        (None, 1, ...),
        ...,
    ]
    if not _is_mock(xp):
        keys.append(mask)
    for key in keys:
        gradient = grad(lambda x, key=key: ns(x).sum(x[key] * x[key]))(x)
        expected = np.zeros(x.shape)
        place = values(mask) if key is mask else key
        expected[place] = 2 * values(x)[place]
        assert_close(gradient, expected, like=x)


def test_integer_arrays_as_keys_add_up(xp):
    x, index = array(xp, 1.0, 2.0, 3.0), xp.asarray([0, 2, 0])
    assert_equal(grad(lambda x: ns(x).sum(x[index] ** 2))(x), array(xp, 4.0, 0.0, 6.0))


def test_setting_items_rebinds_and_leaves_the_array_of_the_caller(xp):
    x, v = array(xp, 1.0, 2.0, 3.0), xp.asarray(5.0, dtype=xp.float32)

    def f(x, v):
        y = x * x
        z = y
        y[0] = v
        y[1:] = y[1:] * 2
        y[2] += v
        assert z is y
        return ns(x).sum(y) + v * x[0]

    assert_equal(
        grad(f, argnums=(0, 1))(x, v), (array(xp, 5.0, 8.0, 12.0), xp.asarray(3.0, dtype=xp.float32))
    )
    assert_equal(x, array(xp, 1.0, 2.0, 3.0))

    def of_argument(x):
        x[0] = 7.0
        return ns(x).sum(x * x)

    assert_equal(grad(of_argument)(x), array(xp, 0.0, 4.0, 6.0))
    assert_equal(x, array(xp, 1.0, 2.0, 3.0))


@SLOW_ON_JAX
def test_setting_items_by_masks_and_broadcasting(xp):
    x = array(xp, -1.0, 2.0, -3.0)
    w = xp.asarray([1.0, 2.0], dtype=xp.float32)

    def relu(x):
        y = x * 1.0
        y[x < 0] = 0.0
        return ns(x).sum(y * y)

    assert_equal(grad(relu)(x), array(xp, 0.0, 4.0, 0.0))

    def rows(x, w):
        y = ns(x).zeros((3, 2), dtype=x.dtype, device=x.device)
        y[:, :] = w
        y[1, :] = x[:2]
        return ns(x).sum(y * y)

    assert_equal(grad(rows, argnums=(0, 1))(x, w), (array(xp, -2.0, 4.0, 0.0), 4 * w))


@SLOW_ON_JAX
@pytest.mark.parametrize("method", ["set", "add", "subtract", "multiply", "divide", "power", "min", "max"])
@pytest.mark.parametrize("copied", [None, True])
def test_array_api_extra_at(xp64, method, copied):
    xp = xp64
    x, v = xp.asarray([1.0, 2.0, 3.0], dtype=xp.float64), xp.asarray(1.5, dtype=xp.float64)

    def f(x, v):
        y = getattr(xpx.at(x * 1.0, slice(1, None)), method)(v, copy=copied)
        return ns(x).sum(y * y)

    def plain(x, v):
        changed = {
            "set": lambda a: np.full_like(a, v), "add": lambda a: a + v, "subtract": lambda a: a - v,
            "multiply": lambda a: a * v, "divide": lambda a: a / v, "power": lambda a: a**v,
            "min": lambda a: np.minimum(a, v), "max": lambda a: np.maximum(a, v),
        }[method](x[1:])  # fmt: skip
        return np.sum(np.concatenate([x[:1], changed]) ** 2)

    a, b, step = np.asarray([1.0, 2.0, 3.0]), 1.5, 1e-6
    dx = [(plain(a + step * e, b) - plain(a - step * e, b)) / (2 * step) for e in np.eye(3)]
    dv = (plain(a, b + step) - plain(a, b - step)) / (2 * step)
    found = grad(f, argnums=(0, 1))(x, v)
    assert_close(found[0], np.asarray(dx), like=x, rtol=1e-7, atol=1e-8)
    assert_close(found[1], np.asarray(dv), like=x, rtol=1e-7, atol=1e-8)
    assert_equal(x, xp.asarray([1.0, 2.0, 3.0], dtype=xp.float64))


def test_variables_exist_only_inside(xp):
    x = array(xp, 1.0, 2.0)
    (value, aux), slope = xdl.value_and_grad(
        lambda x: (ns(x).sum(x), {"y": x * 2, "n": 3}), has_aux=True, engine="tape"
    )(x)
    assert not any(type(leaf) is Variable for leaf in xdl.tree.leaves((value, aux, slope)))
    assert_equal(aux["y"], 2 * x)
    assert aux["n"] == 3
