"""Tests of the differentiating namespace: whom it admits, what it refuses, and kinds of arrays that come out."""

import functools

import array_api_compat
import numpy as np
import pytest
from asserts import assert_close, assert_equal, dtype_name

import xdl
from xdl import NoRuleError
from xdl.autodiff._traced_namespace import TracedNamespace

pytestmark = pytest.mark.xp_skip("jax-x32", reason="the tape sees no difference to jax-x64, which runs it")
ns = xdl.array_namespace
grad = functools.partial(xdl.grad, engine="tape")
vjp = functools.partial(xdl.vjp, engine="tape")
jvp = functools.partial(xdl.jvp, engine="tape")
SLOW_ON_JAX = pytest.mark.xp_skip("jax", reason="eager JAX compiles each operation, for seconds")


def array(xp, *numbers, dtype=None):
    return xp.asarray(numbers, dtype=dtype or xp.float32)


def during(f, x):
    """What ``f`` returns of the variable of ``x``."""
    return xdl.value_and_grad(lambda x: (ns(x).sum(x), f(x)), has_aux=True, engine="tape")(x)[0][1]


# ---- the namespace ----


def test_each_level_has_one_namespace_of_its_own(xp):
    """array-api-compat takes namespaces of one name for the same."""
    x = array(xp, 1.0)
    names = []

    def inner(x):
        names.append(ns(x).__name__)
        assert isinstance(ns(x), TracedNamespace)
        assert ns(x) is ns(ns(x).exp(x), 2.0, None) is array_api_compat.array_namespace(x, ns(x).ones(3))
        return ns(x).sum(x)

    def outer(x):
        names.append(ns(x).__name__)
        assert ns(x) is array_api_compat.array_namespace(x)
        return ns(x).sum(grad(inner)(x))

    grad(outer)(x)
    grad(outer)(x)
    assert len(set(names)) == 4
    assert all(xp.__name__ in name for name in names)


def test_the_namespace_shows_what_its_library_has(xp):
    x = array(xp, 1.0)
    library = array_api_compat.array_namespace(x)

    def look(x):
        traced = ns(x)
        assert traced.float32 == library.float32
        assert traced.pi == library.pi
        assert traced.finfo(x.dtype).eps == library.finfo(library.float32).eps
        assert traced.isdtype(x.dtype, "real floating")
        assert traced.result_type(x, 1.0) == library.float32
        assert traced.linalg is traced.linalg
        assert traced.linalg.__name__ == f"{traced.__name__}.linalg"
        assert {"sum", "float32"} <= set(dir(traced))
        assert (
            traced.__array_namespace_info__().default_device()
            == library.__array_namespace_info__().default_device()
        )
        with pytest.raises(AttributeError):
            traced.no_such_function  # noqa: B018
        return 0

    during(look, x)


def test_created_arrays_are_constants_of_the_level(xp):
    x = array(xp, 1.0, 2.0)

    def f(x):
        traced = ns(x)
        options = {"dtype": x.dtype, "device": x.device}
        parts = [
            traced.ones(2, **options), traced.zeros(2, **options), traced.arange(2, **options),
            traced.full((2,), 3.0, **options), traced.linspace(0.0, 1.0, 2, **options), traced.ones_like(x),
            traced.zeros_like(x), traced.full_like(x, 2.0), traced.eye(2, **options)[0, :],
            traced.asarray([4.0, 5.0], **options),
        ]  # fmt: skip
        assert all(ns(part) is traced for part in parts)
        return traced.sum(x * sum(parts[1:], parts[0]))

    assert_equal(
        grad(f)(x), array(xp, 1 + 0 + 0 + 3 + 0 + 1 + 0 + 2 + 1 + 4, 1 + 0 + 1 + 3 + 1 + 1 + 0 + 2 + 0 + 5)
    )


# ---- mixtures ----


def test_a_program_may_mix_variables_with_plain_arrays(xp):
    x, w = array(xp, 1.0, 2.0, 3.0), array(xp, 4.0, 5.0, 6.0)
    for f, expected in (
        (lambda x: x * w, w),
        (lambda x: ns(x).multiply(w, x), w),
        (lambda x: ns(x).where(w > 4.5, x, w), array(xp, 0.0, 1.0, 1.0)),
        (lambda x: ns(x).concat([w, x, w]), xp.ones_like(x)),
        (lambda x: ns(x).stack([w, x * x]), 2 * x),
        (lambda x: ns(x).matmul(w, x), w),
        (lambda x: ns(x).vecdot(x, w), w),
        (lambda x: ns(x).maximum(x, w), xp.zeros_like(x)),
    ):
        assert_close(grad(lambda x, f=f: ns(x).sum(f(x)))(x), expected)
        assert_close(jvp(lambda x, f=f: ns(x).sum(f(x)), (x,), (xp.ones_like(x),))[1], xp.sum(expected))


def _strict():
    return pytest.importorskip("array_api_strict")


@pytest.mark.parametrize(
    "mix",
    [
        lambda x, y: x * y,
        lambda x, y: ns(x).multiply(x, y),
        lambda x, y: ns(x).where(x > 0, x, y),
        lambda x, y: ns(x).concat([x, y]),
        lambda x, y: ns(x).matmul(y, x),
        lambda x, y: ns(x).atan2(y, x),
        lambda x, y: grad(lambda z: ns(z).sum(z * x))(y),
    ],
)
def test_two_libraries_in_one_program_are_refused(mix):
    x, y = np.asarray([1.0, 2.0]), _strict().asarray([3.0, 4.0])
    message = r"arrays of different libraries.*convert one with xdl.asarray\(x, like=y\)"
    with pytest.raises(TypeError, match=message) as caught:
        grad(lambda x: ns(x).sum(mix(x, y)))(x)
    assert "numpy.ndarray" in str(caught.value)
    assert "array_api_strict" in str(caught.value)
    with pytest.raises(TypeError, match=message):
        grad(lambda x, y: ns(x).sum(x), argnums=(0, 1))(x, y)


def test_two_devices_in_one_program_are_refused():
    strict = _strict()
    x, y = strict.ones(2), strict.ones(2, device=strict.Device("device1"))
    for mix in (lambda x: x * y, lambda x: ns(x).where(x > 0, x, y), lambda x: ns(x).concat([x, y])):
        with pytest.raises(ValueError, match=r"device"):
            grad(lambda x, mix=mix: ns(x).sum(mix(x)))(x)
    moved = grad(lambda x: ns(x).sum(x.to_device(y.device) * y * y))(x)
    assert moved.device == x.device
    assert_equal(moved, strict.ones(2))


# ---- zero, undefined, not written ----


def test_a_zero_derivative_is_zero(xp):
    x = array(xp, 1.5, -2.5)
    zero = xp.zeros_like(x)
    for name in ("ceil", "floor", "trunc", "round", "sign"):
        assert_equal(grad(lambda x, name=name: ns(x).sum(getattr(ns(x), name)(x)))(x), zero)
        y, dy = jvp(lambda x, name=name: getattr(ns(x), name)(x), (x,), (xp.ones_like(x),))
        assert_equal((y, dy), (getattr(array_api_compat.array_namespace(x), name)(x), zero))
    assert_equal(grad(lambda x: ns(x).sum(ns(x).astype(x > 0, x.dtype)))(x), zero)
    assert_equal(grad(lambda x: ns(x).sum(ns(x).astype(ns(x).astype(x, ns(x).int32), x.dtype)))(x), zero)


def test_an_undefined_derivative_says_why(xp64):
    xp = xp64
    x = array(xp, 1.0, dtype=xp.float64)
    with pytest.raises(NoRuleError, match="'nextafter' has no derivative: it steps to a neighboring"):
        grad(lambda x: ns(x).sum(ns(x).nextafter(x, 2 * x)))(x)
    # of constants it has a value
    y = during(lambda x: ns(x).nextafter(ns(x).ones_like(x), 2 * ns(x).ones_like(x)), x)
    assert_equal(y, array_api_compat.array_namespace(x).nextafter(x, 2 * x))


@pytest.mark.xp_only("numpy", reason="the functions outside the standard are NumPy's")
def test_a_missing_rule_names_the_function(xp):
    x = array(xp, 1.0, 2.0)
    for use in (grad, lambda f: lambda x: vjp(f, x), lambda f: lambda x: jvp(f, (x,), (x,))):
        with pytest.raises(
            NoRuleError, match=r"no derivative rule is written for 'sinc': .*custom_rule.*stop_gradient"
        ):
            use(lambda x: ns(x).sum(ns(x).sinc(x)))(x)
    assert_equal(during(lambda x: ns(x).sinc(ns(x).ones(2)), x), np.sinc(np.ones(2)))
    assert_equal(grad(lambda x: ns(x).sum(x * ns(x).sinc(xdl.stop_gradient(x))))(x), np.sinc(x))
    # inside another level as well
    with pytest.raises(NoRuleError, match="'sinc'"):
        grad(lambda x: ns(x).sum(grad(lambda y: ns(y).sum(y * ns(y).sinc(x)))(ns(x).ones_like(x))))(x)


def test_an_argument_without_a_rule_is_named(xp):
    x = array(xp, 0.0, 1.0)

    @xdl.generic
    def scaled(x: xdl.core.Array, s: xdl.core.Array, /) -> xdl.core.Array:
        return x * s

    xdl.autodiff.rule(scaled, pullback=(lambda xp, dy, y, x, s: dy * s, None))
    assert_equal(grad(lambda x: ns(x).sum(scaled(x, 2 * ns(x).ones_like(x))))(x), 2 * xp.ones_like(x))
    with pytest.raises(NoRuleError, match=r"'.*scaled' with respect to argument 1"):
        grad(lambda x: ns(x).sum(scaled(ns(x).ones_like(x), x)))(x)


def test_numbers_for_creation_never_drop_a_gradient(xp):
    x = array(xp, 1.0, 2.0)
    one, two = xp.asarray(1.0, dtype=xp.float32), xp.asarray(2.0, dtype=xp.float32)
    assert_equal(grad(lambda x: ns(x).sum(ns(x).full((2, 3), x[0])))(x), array(xp, 6.0, 0.0))
    assert_equal(grad(lambda x: ns(x).sum(ns(x).full_like(x, x[1]) * x))(x), array(xp, 2.0, 5.0))
    assert_equal(grad(lambda x: ns(x).sum(ns(x).full_like(x, fill_value=x[1])))(x), array(xp, 0.0, 2.0))
    for f in (
        lambda x: ns(x).linspace(x, 3.0, 4),
        lambda x: ns(x).arange(x),
        lambda x: ns(x).arange(0.0, stop=x),
    ):
        with pytest.raises(
            NoRuleError, match="takes numbers, and the gradient of a traced array would be lost"
        ):
            grad(lambda x, f=f: ns(x).sum(f(x)))(two)
    assert_equal(grad(lambda x: ns(x).asarray(x, copy=True) * ns(x).asarray(x))(one), two)


def test_nested_lists_become_arrays_with_gradients(xp):
    x = array(xp, 1.0, 2.0)
    w = xp.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=xp.float32)

    def f(x):
        y = ns(x).asarray([[x[0], 7.0], (x[1] * x[0], 1)])
        assert dtype_name(y) == "float32"
        assert tuple(y.shape) == (2, 2)
        return ns(x).sum(y * w)

    assert_equal(grad(f)(x), array(xp, 1.0 + 3.0 * 2.0, 3.0))
    assert_equal(grad(lambda x: ns(x).sum(ns(x).asarray([x, x * x])))(x), 1 + 2 * x)


def test_options_never_drop_a_gradient(xp):
    x = array(xp, 1.0, 2.0)

    @xdl.generic
    def shifted(x: xdl.core.Array, /, *, by: float) -> xdl.core.Array:
        return x + by

    xdl.autodiff.rule(shifted, pullback=(lambda xp, dy, y, x, by: dy,))
    assert_equal(grad(lambda x: ns(x).sum(shifted(x, by=2.0)))(x), xp.ones_like(x))
    with pytest.raises(NoRuleError, match="shifted' with respect to its option `by`"):
        grad(lambda x: ns(x).sum(shifted(x, by=x[0])))(x)


def test_a_generic_function_of_constants_is_the_librarys_own(xp):
    """Random numbers, above all: the portable definition is slow, and PyTorch lacks what it takes."""
    x, key = array(xp, 1.0, 2.0), xdl.random.key(3)
    seen = []

    @xdl.generic
    def kept(x: xdl.core.Array, /, *, by: float = 1.0) -> xdl.core.Array:
        seen.append(type(x))
        return x * by

    def loss(x, key, c):
        noise = xdl.random.normal(key, (2,))
        assert type(noise) is type(x), "what a program sees is traced"
        return ns(x).sum(x * noise * kept(c))

    value, slope = xdl.value_and_grad(loss, engine="tape")(x, key, x)
    assert_equal(slope, xdl.random.normal(key, (2,)) * x)
    assert seen == [type(x)]
    # a variable among the options keeps its gradient
    f = lambda x, c: ns(x).sum(kept(c, by=x[0]))
    assert_equal(xdl.grad(f, engine="tape")(x, x), array(xp, 3.0, 0.0))


# ---- what is differentiated ----


def test_integers_are_refused_with_advice(xp):
    integers = xp.asarray([1, 2])
    with pytest.raises(
        TypeError, match=r"grad: can only differentiate by floating-point arrays, got dtype .*int.*astype"
    ):
        grad(lambda x: ns(x).sum(x))(integers)
    with pytest.raises(TypeError, match=r"got int 3; write 3.0"):
        grad(lambda x: x * x)(3)
    with pytest.raises(TypeError, match="argument 0 has no array"):
        grad(lambda x: 1.0)({})
    # as arguments that are not differentiated they pass
    assert_equal(
        grad(lambda x, n: ns(x).sum(x * ns(x).astype(n, x.dtype)))(array(xp, 1.0, 1.0), integers),
        array(xp, 1.0, 2.0),
    )


def test_the_loss_is_a_real_scalar(xp):
    x = array(xp, 1.0, 2.0)
    with pytest.raises(
        TypeError, match=r"real scalar \(an array of shape \(\)\), got an array of shape \(2,\)"
    ):
        grad(lambda x: x * 2)(x)
    with pytest.raises(TypeError, match="got float"):
        grad(lambda x: 1.0)(x)
    with pytest.raises(TypeError, match="got tuple"):
        grad(lambda x: (ns(x).sum(x), 1))(x)
    with pytest.raises(TypeError, match="real floating-point scalar, got dtype"):
        grad(lambda x: ns(x).argmax(x))(x)
    with pytest.raises(TypeError, match=r"real floating-point scalar, got dtype .*complex64"):
        grad(lambda x: ns(x).sum(ns(x).astype(x, ns(x).complex64)))(x)


# ---- kinds of cotangents ----


@SLOW_ON_JAX
def test_cotangents_have_the_shape_of_their_primals(xp64):
    xp = xp64
    shapes = [(), (1,), (3,), (2, 1), (2, 3), (1, 1, 3), (2, 2, 3)]
    for a in shapes:
        for b in shapes:
            x, y = xp.ones(a, dtype=xp.float64), 2 * xp.ones(b, dtype=xp.float64)
            z = xp.ones(np.broadcast_shapes(a, b), dtype=xp.float64)
            dx, dy = grad(lambda x, y: ns(x).sum(x * y / (x + y)), argnums=(0, 1))(x, y)
            size = float(np.prod(z.shape))
            assert_close(dx, 4 / 9 * size / np.prod(a) * np.ones(a), like=x)
            assert_close(dy, 1 / 9 * size / np.prod(b) * np.ones(b), like=y)
            out, dout = jvp(lambda x, y=y: x + 0 * y, (x,), (x,))
            assert_equal((out, dout), (z, z))


@pytest.mark.xp_skip("strict", "mock", reason="mixed precision is refused there")
def test_cotangents_have_the_dtype_of_their_primals(xp64):
    xp = xp64
    x, y = array(xp, 0.3, 0.7), array(xp, 3.0, 1.0 / 3.0, dtype=xp.float64)
    a, b = np.asarray([0.3, 0.7], dtype=np.float32).astype(np.float64), np.asarray([3.0, 1.0 / 3.0])
    for name, dx, dy in (
        ("add", lambda x, y: 1 + 0 * y, lambda x, y: 1 + 0 * y),
        ("multiply", lambda x, y: y, lambda x, y: x),
        ("divide", lambda x, y: 1 / y, lambda x, y: -x / y**2),
        ("pow", lambda x, y: y * x ** (y - 1), lambda x, y: x**y * np.log(x)),
        ("hypot", lambda x, y: x / np.hypot(x, y), lambda x, y: y / np.hypot(x, y)),
        ("logaddexp", lambda x, y: 1 / (1 + np.exp(y - x)), lambda x, y: 1 / (1 + np.exp(x - y))),
        ("atan2", lambda x, y: y / (x**2 + y**2), lambda x, y: -x / (x**2 + y**2)),
    ):
        f = lambda x, y, name=name: ns(x).sum(getattr(ns(x), name)(x, y))
        found = grad(f, argnums=(0, 1))(x, y)
        assert_close(found[0], dx(a, b), like=x)
        assert_close(found[1], dy(a, b), like=y)
        # the other way round nothing is lost either: the wide one keeps its digits
        found = grad(f, argnums=(0, 1))(y, x)
        assert_close(found[0], dx(b, a), like=y)
        assert_close(found[1], dy(b, a), like=x)


def test_real_arrays_in_complex_programs_get_real_cotangents(xp64):
    xp = xp64
    x, z = array(xp, 1.0, 2.0, dtype=xp.float64), xp.asarray([1 + 2j, 3 - 1j], dtype=xp.complex128)
    f = lambda x, z: ns(x).sum(ns(x).abs(x * z) ** 2)
    dx, dz = grad(f, argnums=(0, 1))(x, z)
    assert_close(dx, 2 * np.asarray([1.0, 2.0]) * np.asarray([5.0, 10.0]), like=x)
    # dL/dx - i dL/dy of x^2 |z|^2
    assert_close(dz, 2 * np.asarray([1.0, 4.0]) * np.asarray([1 - 2j, 3 + 1j]), like=z)
    # and lose what is imaginary: the real part of i x z is -x Im(z)
    assert_close(grad(lambda x: ns(x).real(ns(x).sum(1j * (x * z))))(x), np.asarray([-2.0, 1.0]), like=x)


@SLOW_ON_JAX
def test_arrays_without_axes_and_without_elements(xp):
    x = xp.asarray(3.0, dtype=xp.float32)
    assert_equal(grad(lambda x: x * x)(x), 2 * x)
    assert_equal(grad(lambda x: ns(x).sum(x) * ns(x).max(x) * ns(x).mean(x))(x), 27 * xp.ones_like(x))
    for shape in ((0,), (0, 3), (2, 0)):
        empty = xp.zeros(shape, dtype=xp.float32)

        def f(x):
            return ns(x).sum(x * x) + ns(x).sum(ns(x).exp(ns(x).sum(x, axis=0))) + ns(x).prod(x)

        assert_equal(grad(f)(empty), empty)
        assert_equal(jvp(lambda x: x * x, (empty,), (empty,)), (empty, empty))


def test_python_numbers_become_arrays_of_the_current_backend(xp):
    value, slope = xdl.value_and_grad(lambda x: x * x, engine="tape")(3.0)
    assert_equal((value, slope), (9 * xp.ones_like(value), 6 * xp.ones_like(value)))


# ---- strong zeros ----


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("sqrt", 0.0),
        ("log", 0.0),
        ("reciprocal", 0.0),
        ("asin", 1.0),
        ("acosh", 1.0),
        ("atanh", 1.0),
        ("log1p", -1.0),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_what_a_mask_hides_has_no_gradient(xp, name, at):
    x = array(xp, at, at)
    f = lambda x: getattr(ns(x), name)(x)
    masked = lambda x: ns(x).sum(ns(x).where(x != at, f(x), 0.0))
    assert_equal(grad(masked)(x), xp.zeros_like(x))
    assert_equal(jvp(masked, (x,), (xp.zeros_like(x),))[1], xp.zeros_like(x[0]))


def test_the_square_root_of_a_masked_zero(xp):
    x = array(xp, 0.0, 4.0)
    f = lambda x: ns(x).sum(ns(x).where(x > 0, ns(x).sqrt(x), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        assert_equal(grad(f)(x), array(xp, 0.0, 0.25))
        second = grad(lambda x: ns(x).sum(grad(f)(x)))(x)
    assert_close(second, array(xp, 0.0, -1.0 / 32.0))


def test_powers_at_zero(xp):
    x = array(xp, 0.0, 2.0)
    assert_equal(grad(lambda x: ns(x).sum(x**0))(x), xp.zeros_like(x))
    assert_equal(grad(lambda x: ns(x).sum(x**1))(x), xp.ones_like(x))
    assert_equal(grad(lambda x: ns(x).sum(x**2))(x), 2 * x)
    assert_equal(grad(lambda x: ns(x).sum(grad(lambda x: ns(x).sum(x**2))(x)))(x), 2 * xp.ones_like(x))
    b = array(xp, 2.0, 3.0)
    assert_equal(grad(lambda b: ns(b).sum(ns(b).zeros_like(b) ** b))(b), xp.zeros_like(b))
    assert_equal(grad(lambda b: ns(b).sum(0.0**b))(b), xp.zeros_like(b))


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_division_by_the_number_zero(xp):
    x = array(xp, 1.0, -1.0)
    slope = grad(lambda x: ns(x).max(x / 0.0))(x)
    assert_equal(slope, array(xp, float("inf"), 0.0))


# ---- other libraries through the tape ----


def test_the_tape_and_the_native_engine_agree(xp64):
    xp = xp64
    x = xp.asarray([[0.5, 1.5, -0.3], [0.2, -0.7, 1.1]], dtype=xp.float64)

    def f(x):
        t = ns(x)
        y = t.tanh(x @ t.matrix_transpose(x)) + t.linalg.vector_norm(x)
        return t.sum(t.exp(-y) * t.max(x, axis=1)) + t.mean(t.where(x > 0, x, t.sin(x)) ** 3)

    tape, native = xdl.value_and_grad(f, engine="tape")(x), xdl.value_and_grad(f)(x)
    assert_close(tape, native)
