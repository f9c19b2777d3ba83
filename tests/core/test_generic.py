"""Dispatch of generic functions: what runs, what is said to run, and that no thread or library disturbs another."""

import threading

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal

import xdl
from xdl.core import Array, _generic, generic, portable, which
from xdl.testing import mock


@pytest.fixture
def scale():
    """Generic function x·factor, forgotten after the test."""

    @generic
    def scale(x: Array, shift: Array | None = None, /, *, factor: float = 2.0) -> Array:
        """Multiply, then shift."""
        y = factor * x
        return y if shift is None else y + shift

    yield scale
    del _generic._generics[scale.name]


def owner(x):
    """Name of the registered backend of ``x``, found independently of the registry."""
    library = type(x).__module__.split(".")[0]
    return {"jaxlib": "jax"}.get(library, library)


REGISTERED = ("numpy", "torch", "jax", "cupy")


def test_the_definition_runs_where_no_method_is(scale, xp):
    x = xp.asarray([1.0, 2.0])
    assert_close(also_jit(scale, x, fullgraph=True), x + x)
    assert_close(scale(x, x, factor=3.0), 4.0 * x)
    assert scale.__doc__ == "Multiply, then shift."
    assert scale.__name__ == "scale"
    assert "portable definition" in which(scale, x)


def test_a_method_runs_for_its_backend_alone(scale, xp):
    @scale.method("numpy")
    def fast(x, shift=None, /, *, factor=2.0):
        return np.full_like(x, 7.0)

    x = xp.asarray([1.0, 2.0])
    if owner(x) == "numpy":
        assert_equal(scale(x), np.asarray([7.0, 7.0]))
        assert "method of backend 'numpy'" in which(scale, x)
        assert f"{__name__}:{fast.__code__.co_firstlineno}" in which(scale, x)
        scale.method("numpy")(np.negative)
        assert ": negative (method of backend 'numpy')" in which(scale, x)
    else:
        assert_close(scale(x), 2.0 * x)
        assert "portable definition" in which(scale, x)


def test_registering_later_takes_effect_on_types_already_seen(scale, xp):
    x = xp.asarray([1.0, 2.0])
    scale(x), which(scale, x)
    if owner(x) not in REGISTERED:
        return
    scale.method(owner(x))(lambda x, shift=None, /, *, factor=2.0: x)
    assert_equal(scale(x), x)
    scale.method(owner(x))(lambda x, shift=None, /, *, factor=2.0: x - x)
    assert_equal(scale(x), x - x)  # the later one is asked first


def test_a_method_declines_by_its_predicate(scale):
    x = np.asarray([1.0, 2.0])
    asked = []

    def small(x, shift=None, /, *, factor=2.0):
        asked.append((x.shape, factor))
        return factor < 3

    scale.method("numpy", when=small)(lambda x, shift=None, /, *, factor=2.0: x * 0 + 7.0)
    assert_equal(scale(x), np.asarray([7.0, 7.0]))
    assert_equal(scale(x, factor=3.0), 3 * x)
    assert asked == [((2,), 2.0), ((2,), 3.0)]  # asked on every call, with the defaults filled in
    assert "every method of backend 'numpy' declines" in which(scale, x, factor=3.0)
    assert "method of backend 'numpy'" in which(scale, x, factor=2.5)


def test_methods_are_asked_from_the_last_to_the_first(scale):
    x = np.asarray([1.0])
    for limit, value in ((10.0, 10.0), (3.0, 3.0)):
        scale.method("numpy", when=lambda x, s=None, /, *, factor=2.0, limit=limit: factor < limit)(
            lambda x, s=None, /, *, factor=2.0, value=value: x * 0 + value
        )
    assert [float(scale(x, factor=f)[0]) for f in (2.0, 5.0, 20.0)] == [3.0, 10.0, 20.0]


def test_portable_forces_the_definition_and_ends(scale, xp):
    x = xp.asarray([1.0, 2.0])
    if owner(x) in REGISTERED:
        scale.method(owner(x))(lambda x, shift=None, /, *, factor=2.0: x)
    fast = scale(x)
    with portable():
        assert_close(scale(x), 2.0 * x)
        assert "portable definition" in which(scale, x)
        with portable():
            assert_close(scale(x), 2.0 * x)
        assert_close(scale(x), 2.0 * x)
    assert_equal(scale(x), fast)
    with pytest.raises(ZeroDivisionError), portable():
        1 / 0  # noqa: B018
    assert_equal(scale(x), fast)


def test_portable_in_one_thread_leaves_the_others_alone(scale):
    scale.method("numpy")(lambda x, shift=None, /, *, factor=2.0: x)
    x, results = np.asarray([1.0]), {}
    inside, leave = threading.Event(), threading.Event()

    def other():
        with portable():
            inside.set()
            leave.wait(10)
            results["forced"] = float(scale(x)[0])
        results["after"] = float(scale(x)[0])

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    results["here"] = float(scale(x)[0])
    leave.set()
    thread.join(10)
    assert results == {"forced": 2.0, "here": 1.0, "after": 1.0}


def test_many_threads_see_their_own_choice(scale):
    scale.method("numpy")(lambda x, shift=None, /, *, factor=2.0: x)
    x, wrong = np.asarray([1.0]), []

    def work(forced):
        for _ in range(300):
            if forced:
                with portable():
                    wrong.extend([forced] * int(scale(x)[0] != 2.0))
            else:
                wrong.extend([forced] * int(scale(x)[0] != 1.0))

    threads = [threading.Thread(target=work, args=(i % 2 == 0,)) for i in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert wrong == []


def test_mixed_libraries_are_refused_by_name(scale, xp):
    x = xp.asarray([1.0])
    other = mock.asarray([1.0]) if owner(x) == "numpy" else np.asarray([1.0])
    with pytest.raises(TypeError) as raised:
        scale(x, other)
    for part in (type(x).__module__, type(other).__module__, "xdl.asarray(x, like=y)"):
        assert part in str(raised.value)


@pytest.mark.parametrize("x", ["text", [1.0], object()], ids=["str", "list", "object"])
def test_what_is_no_array_is_refused(scale, x):
    with pytest.raises(TypeError, match=r"expected|not supported|unsupported|can't multiply"):
        scale(x)


def test_arguments_are_checked_by_the_signature_of_the_definition(scale):
    x = np.asarray([1.0])
    for wrong in (
        lambda: scale(),
        lambda: scale(x=x),
        lambda: scale(x, None, 3.0),
        lambda: scale(x, rate=1.0),
    ):
        with pytest.raises(TypeError, match="argument"):
            wrong()


def test_a_definition_names_its_options():
    with pytest.raises(TypeError, match=r"without \*\*"):

        @generic
        def starred(x: Array, /, **options: Array) -> Array:
            return x

    with pytest.raises(TypeError, match="positional parameter annotated Array"):

        @generic
        def arrayless(n: int, /) -> int:
            return n


def test_lists_of_arrays_dispatch_on_their_elements(xp):
    @generic
    def total(xs: list[Array], /) -> Array:
        """Sum of arrays."""
        y = xs[0]
        for x in xs[1:]:
            y = y + x
        return y

    try:
        total.method("numpy")(lambda xs, /: np.asarray(7.0))
        x = xp.asarray([1.0, 2.0])
        if owner(x) == "numpy":
            assert_equal(total([x, x]), np.asarray(7.0))
            assert "method of backend" in which(total, (x, x))
        else:
            assert_close(total([x, x]), 2.0 * x)
        assert_equal(
            total([mock.ones(2), mock.ones(2)]), 2.0 * mock.ones(2)
        )  # the list's type decides nothing
    finally:
        del _generic._generics[total.name]


def test_any_number_of_arrays_dispatch(xp):
    @generic
    def chain(x: Array, /, *xs: Array, factor: float = 1.0) -> Array:
        """Sum of arrays, times a factor."""
        for other in xs:
            x = x + other
        return x * factor

    x = xp.asarray([1.0, 2.0])
    try:
        assert_equal(chain(x), x)
        assert_equal(chain(x, x, x, factor=2.0), 6 * x)
        if owner(x) == "numpy":
            chain.method("numpy")(lambda x, /, *xs, factor=1.0: ("method", len(xs), factor))
            assert chain(x) == ("method", 0, 1.0)
            assert chain(x, x, None, factor=3.0) == ("method", 2, 3.0)
            assert "method of backend" in which(chain, x, x)
        other = mock.ones(2) if owner(x) == "numpy" else np.ones(2)
        with pytest.raises(TypeError, match="different libraries"):
            chain(x, x, other)
    finally:
        del _generic._generics[chain.name]


def test_a_list_of_one_library_does_not_mix_with_another():
    @generic
    def stack(xs: list[Array], x: Array, /) -> Array:
        """First of the two."""
        return x

    try:
        for args in (([mock.ones(1)], np.ones(1)), ([np.ones(1)], mock.ones(1))):
            with pytest.raises(TypeError, match="different libraries"):
                stack(*args)
    finally:
        del _generic._generics[stack.name]


@pytest.mark.xp_only("torch", reason="nn.Parameter is torch's")
def test_parameters_run_the_methods_of_tensors(scale, xp):
    import torch

    scale.method("torch")(lambda x, shift=None, /, *, factor=2.0: x * 7.0)
    parameter = torch.nn.Parameter(torch.ones(2))
    assert "method of backend 'torch'" in which(scale, parameter)
    assert torch.equal(scale(parameter), torch.full((2,), 7.0))
    torch.func.vmap(scale)(torch.ones(3, 2))
    y = torch.func.grad(lambda x: torch.sum(scale(x)))(torch.ones(2))
    assert torch.equal(y, torch.full((2,), 7.0))


@pytest.mark.xp_only("torch", reason="torch.compile is torch's")
@pytest.mark.parametrize("methods", ["none", "plain", "declining"])
def test_torch_compiles_dispatch_without_a_graph_break(scale, xp, methods):
    import torch

    if methods == "plain":
        scale.method("torch")(lambda x, shift=None, /, *, factor=2.0: x * 7.0)
    if methods == "declining":
        scale.method("torch", when=lambda x, s=None, /, *, factor=2.0: x.shape[0] > 1)(
            lambda x, s=None, /, *, factor=2.0: x * 7.0
        )
    for size in (1, 3):
        torch._dynamo.reset()
        x = torch.ones(size)
        compiled = torch.compile(
            lambda x: scale(x, factor=3.0) + scale(x, x), fullgraph=True, backend="eager"
        )
        assert torch.equal(compiled(x), scale(x, factor=3.0) + scale(x, x))


@pytest.mark.xp_only("jax", reason="JAX alone hands tracers to user code")
def test_tracers_run_the_methods_of_jax(scale, xp):
    import jax

    scale.method("jax")(lambda x, shift=None, /, *, factor=2.0: 7.0 * x)
    said = []

    def f(x):
        said.append(which(scale, x))
        return xp.sum(scale(x))

    x = xp.ones(2)
    assert_equal(jax.jit(f)(x), xp.asarray(14.0, dtype=x.dtype))
    assert_equal(jax.grad(f)(x), 7.0 * x)
    assert_equal(jax.vmap(f)(x[None]), xp.asarray([14.0], dtype=x.dtype))
    assert len(said) == 3
    assert all("method of backend 'jax'" in line for line in said)


def test_which_refuses_an_ordinary_function():
    with pytest.raises(TypeError, match="expected a generic function of xdl"):
        which(len, [])


def test_which_binds_the_arguments_as_the_call_does(scale):
    for wrong in (lambda: which(scale), lambda: which(scale, np.ones(1), rate=2.0)):
        with pytest.raises(TypeError, match="argument"):
            wrong()


def test_capabilities_tell_methods_from_definitions(scale):
    scale.method("numpy")(lambda x, shift=None, /, *, factor=2.0: x)
    table = xdl.capabilities()
    row = table[scale.name]
    assert row["numpy"] == "method"
    assert {row[name] for name in row if name != "numpy"} <= {"portable"}
    ready = {name for name, status in xdl.backends().items() if status["ready"]}
    assert all(set(row) == ready for row in table.values())
    assert list(table) == sorted(table)


def test_every_generic_function_has_a_name_of_its_own():
    names = [name for name in xdl.capabilities() if "test" not in name]
    assert all(name.count(".") >= 1 for name in names), "package and function"


def test_dispatch_is_cheap(scale):
    """Well under the microseconds of a numpy call; the bound is loose, for a busy machine."""
    import timeit

    scale.method("numpy")(lambda x, shift=None, /, *, factor=2.0: x)
    x = np.ones(1)
    through = min(timeit.repeat(lambda: scale(x), number=10_000, repeat=7)) / 10_000
    assert through < 3e-6
