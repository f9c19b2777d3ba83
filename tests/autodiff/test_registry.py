"""The scan: every function of the standard has a rule, and every rule is right."""

import array_api_strict
import numpy as np
import pytest
from asserts import assert_close, values

import xdl
import xdl.autodiff._functions as functions
from xdl.autodiff import rule
from xdl.autodiff._functions import INSPECTION, LOCAL
from xdl.autodiff._registry import RULES, Partials, Rule, Undefined, Zero
from xdl.autodiff._traced_namespace import CREATION
from xdl.core import _generic
from xdl.testing import scan_rules, test_rule
from xdl.testing._samples import SAMPLES

NOT_FUNCTIONS_OF_ARRAYS = {
    "ArrayAPIStrictFlags", "Device", "ModuleType", "get_array_api_strict_flags", "reset_array_api_strict_flags",
    "set_array_api_strict_flags",
}  # fmt: skip
HELPERS = {"linalg": {"normalize_axis_tuple", "partial", "requires_api_version", "requires_extension", "reshape",
                      "get_array_api_strict_flags", "finfo", "conj", "Literal", "NamedTuple"},
           "fft": {"requires_extension", "device_supports_dtype", "astype", "Literal"}}  # fmt: skip


def standard():
    """Functions of the standard, read from the strict implementation."""
    for prefix, space in (
        ("", array_api_strict),
        ("linalg.", array_api_strict.linalg),
        ("fft.", array_api_strict.fft),
    ):
        for name in dir(space):
            value = getattr(space, name)
            known = HELPERS.get(prefix.rstrip("."), NOT_FUNCTIONS_OF_ARRAYS)
            if (
                callable(value)
                and not isinstance(value, type)
                and not name.startswith("_")
                and name not in known
            ):
                yield prefix + name


def test_every_function_of_the_standard_is_accounted_for():
    accounted = set(RULES) | set(LOCAL) | CREATION | INSPECTION
    accounted |= {f"fft.{name}" for name in CREATION}
    types = {
        n
        for n in dir(array_api_strict)
        if isinstance(getattr(array_api_strict, n), array_api_strict.int8.__class__)
    }
    assert set(standard()) - accounted - types == set()


def test_every_rule_has_a_sample():
    differentiable = {name for name, entry in RULES.items() if not isinstance(entry, Zero | Undefined)}
    assert differentiable - set(SAMPLES) == set()


@pytest.mark.parametrize("name", sorted(SAMPLES))
@pytest.mark.xp_only(
    "numpy", "strict", "torch", reason="JAX compiles for minutes: its scan is one test, marked slow"
)
@pytest.mark.xp_skip("numpy-readonly", reason="the same library as numpy")
def test_rule_of(xp, name):
    if name == "unique_all" and "torch" in xp.__name__:
        pytest.skip("PyTorch has no unique_all")
    test_rule(name, xp)


@pytest.mark.slow
@pytest.mark.xp_only("jax-x64", reason="the others are scanned function by function")
def test_all_rules_under_jit(xp):
    findings = list(scan_rules(xp, order=1, compiled=True))
    assert [f for f in findings if f.outcome in ("failed", "absent")] == []


def test_an_absent_sample_is_an_error():
    with pytest.raises(xdl.NoRuleError, match="'tan2' has no sample"):
        test_rule("tan2", array_api_strict)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("exp", Partials((lambda xp, y, x: 1.001 * y,), False)),
        (
            "matmul",
            Rule(
                (lambda xp, dy, y, a, b: xp.zeros_like(a), lambda xp, dy, y, a, b: xp.zeros_like(b)),
                RULES["matmul"].pushforward,
            ),
        ),
        ("sum", Rule(RULES["sum"].pullback, (lambda xp, dx, y, x, **options: 2 * xp.sum(dx, **options),))),
        (
            "real",
            Rule(
                (lambda xp, dy, y, x: xp.conj(xp.astype(dy, xp.complex128)) * 1j,), RULES["real"].pushforward
            ),
        ),
    ],
)
def test_the_scan_sees_a_wrong_rule(monkeypatch, name, wrong):
    """Planted faults: one in each form, forward or backward."""
    monkeypatch.setattr(functions, "_of_base", {})
    monkeypatch.setitem(RULES, name, wrong)
    (finding,) = scan_rules(array_api_strict, [name])
    assert finding.outcome == "failed"


def namespace(x):
    return xdl.array_namespace(x)


def test_zero_undefined_and_not_written_are_told_apart(xp):
    x = xp.asarray([1.5, 2.5])
    found = xdl.grad(lambda x: namespace(x).sum(namespace(x).floor(x) + x), engine="tape")(x)
    assert_close(found, xp.ones_like(x))
    with pytest.raises(xdl.NoRuleError, match="'nextafter' has no derivative: it steps"):
        xdl.grad(lambda x: namespace(x).sum(namespace(x).nextafter(x, 2 * x)), engine="tape")(x)


def test_a_missing_rule_names_the_function(monkeypatch):
    monkeypatch.setattr(functions, "_of_base", {})
    monkeypatch.delitem(RULES, "tanh")
    with pytest.raises(xdl.NoRuleError, match="no derivative rule is written for 'tanh'"):
        xdl.grad(lambda x: namespace(x).tanh(x))(array_api_strict.asarray(1.0))


def test_a_rule_may_be_joint_and_is_told_what_is_wanted():
    from xdl.core import Array, array_namespace, generic

    asked = []

    @generic
    def joint_product(a: Array, b: Array, /) -> Array:
        array_namespace(a, b)
        return a * b

    def joint(xp, dy, y, wanted, a, b):
        asked.append(wanted)
        return dy * b, dy * a

    rule(joint_product, pullback=joint)
    a, b = array_api_strict.asarray(2.0), array_api_strict.asarray(3.0)
    assert float(xdl.grad(lambda a: joint_product(a, b))(a)) == 3.0
    assert asked == [(True, False)]
    # no pushforward: the definition is differentiated
    assert float(xdl.jvp(lambda a: joint_product(a, b), (a,), (a,))[1]) == 6.0


def test_what_the_forward_pass_saves_arrives_at_the_pullback(xp64):
    """And where the operands are traced themselves, the pullback is asked to do without."""
    seen = []

    def cube(x: xdl.core.Array, /, *, scale: float = 1.0) -> xdl.core.Array:
        return scale * x * x * x

    cube.__module__ = "xdl.nn._cube"
    cube = xdl.generic(cube)

    def forward(x, *, scale):
        return cube.definition(x, scale=scale), 3 * scale * x * x

    def pullback(xp, dy, y, x, *, scale, saved=None):
        seen.append(saved is not None)
        return xp.multiply(dy, 3 * scale * x * x if saved is None else saved)

    rule(cube, pullback=(pullback,), forward=forward)
    f = lambda x: xdl.array_namespace(x).sum(cube(x, scale=2.0))
    x = xp64.asarray([0.5, -1.5])
    slope, bend = 6 * values(x) ** 2, np.diag(12 * values(x))
    np.testing.assert_allclose(values(xdl.grad(f, engine="tape")(x)), slope, rtol=1e-12)
    assert seen == [True]
    np.testing.assert_allclose(values(xdl.hessian(f, engine="tape")(x)), bend, rtol=1e-12)
    along = np.sum(slope * values(x))
    np.testing.assert_allclose(values(xdl.jvp(f, (x,), (x,), engine="tape")[1]), along, rtol=1e-12)
    np.testing.assert_allclose(values(xdl.linearize(f, x, engine="tape")[1](x)), along, rtol=1e-12)
    np.testing.assert_allclose(values(xdl.grad(xdl.checkpoint(f), engine="tape")(x)), slope, rtol=1e-12)
    del _generic._generics[cube.name]
