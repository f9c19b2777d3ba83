"""Every algorithm of convolution on NumPy gives what the portable definition gives, whichever would be chosen."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xdl
import xdl_numpy._conv_choice as choice
import xdl_numpy._threads as threads
import xdl_numpy.conv as methods
from xdl import nn
from xdl.nn import _conv
from xdl.nn._geometry import geometry
from xdl_numpy import _winograd
from xdl_numpy._memory import empty

RNG = np.random.default_rng(0)
UNGROUPED = ("columns", "planar", "images_last", "winograd", "fourier")


def willing(g, c, d):
    """Algorithms that can do a problem."""
    if g.groups > 1:
        return ("columns", "depthwise") if g.groups == c == d else ("columns",)
    return [name for name in UNGROUPED if name != "winograd" or choice.is_for_winograd(g)]


def problem(n, spatial, kernel, c, d, *, dtype="float64", **options):
    options = {"stride": 1, "padding": "valid", "dilation": 1, "groups": 1, **options}
    g = geometry(spatial, kernel, **options)
    x, dy = RNG.normal(size=(n, *spatial, c)), RNG.normal(size=(n, *g.output, d))
    w, b = RNG.normal(size=(*kernel, c // g.groups, d)), RNG.normal(size=d)
    return [a.astype(dtype) for a in (x, w, b, dy)], g, {**options, "precision": "fast"}


def results(arrays, g, options, wanted=(True, True, True)):
    """Convolution, with and without what is saved, and its cotangents, by all that have methods."""
    x, w, b, dy = arrays
    y, saved = _conv.conv_forward(x, w, b, **options)
    pull = functools.partial(_conv.conv_pullback, dy, x, w, geometry=g, precision="fast", wanted=wanted)
    dx, dw, db = pull(saved=saved)
    return {
        "y": (y, _conv.conv(x, w, b, **options), _conv.conv(x, w, None, **options) + b),
        "dx": (dx, pull(saved=None)[0], _conv.conv_input_gradient(dy, w, geometry=g, precision="fast")),
        "dw": (dw, pull(saved=None)[1], _conv.conv_weight_gradient(x, dy, geometry=g, precision="fast")),
        "db": (db, pull(saved=None)[2]),
    }


def defined(arrays, g, options):
    with xdl.portable():
        found = results(arrays, g, options)
    return {name: values[0] for name, values in found.items()}


def force(monkeypatch, name):
    monkeypatch.setattr(methods, "algorithm", lambda *sizes: name)


def assert_agree(found, expected, tolerance):
    for name, values in found.items():
        scale = np.abs(expected[name]).max(initial=1e-3)
        for value in values:
            assert value.shape == expected[name].shape
            assert value.dtype == expected[name].dtype
            np.testing.assert_allclose(value, expected[name], rtol=0, atol=tolerance * scale, err_msg=name)


@st.composite
def problems(draw):
    ndim = draw(st.integers(1, 3))
    some = lambda low, high: tuple(draw(st.lists(st.integers(low, high), min_size=ndim, max_size=ndim)))
    if ndim == 2 and draw(st.booleans()):
        kernel, stride, dilation = (3, 3), (1, 1), (1, 1)
    else:
        kernel, stride, dilation = some(1, 4), some(1, 3), some(1, 2)
    padding = tuple(zip(some(0, 4), some(0, 4), strict=True))
    least = [d * (k - 1) + 1 - a - b for k, d, (a, b) in zip(kernel, dilation, padding, strict=True)]
    spatial = tuple(
        [max(1, m) + extra for m, extra in zip(least, some(0, 9 if ndim < 3 else 4), strict=True)]
    )
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    c = groups * draw(st.sampled_from([1, 2, 5]))
    d = c if draw(st.booleans()) else groups * draw(st.integers(1, 3))
    n = draw(st.integers(1, 9))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (n, spatial, kernel, c, d), options


@settings(max_examples=60)
@given(problems())
def test_each_algorithm_is_the_definition(drawn):
    sizes, options = drawn
    arrays, g, options = problem(*sizes, **options)
    expected = defined(arrays, g, options)
    for name in willing(g, sizes[-2], sizes[-1]):
        with pytest.MonkeyPatch.context() as monkeypatch:
            force(monkeypatch, name)
            assert_agree(results(arrays, g, options), expected, 1e-11)


# sizes at which there are several chunks, the last of them smaller, and options
LARGE = {
    "columns": ((3, (25, 18), (3, 3), 80, 24), {"stride": (1, 2), "padding": 1}),
    "columns of rows": ((1, (301, 12), (3, 3), 40, 8), {"padding": ((2, 0), (1, 1))}),
    "columns of groups": ((5, (17, 18), (3, 2), 32, 48), {"groups": 4, "padding": 1}),
    "planar": ((13, (31, 33), (3, 3), 3, 24), {"padding": 1}),
    "images_last": ((37, (21, 22), (5, 5), 4, 12), {"padding": 2}),
    "winograd": ((7, (30, 29), (3, 3), 40, 56), {"padding": 1}),
    "winograd of rows": ((1, (121, 122), (3, 3), 24, 40), {"padding": ((0, 2), (3, 1))}),
    "depthwise": ((3, (40, 39), (3, 3), 32, 32), {"groups": 32, "padding": 1}),
    "fourier": ((2, (40, 33), (11, 12), 5, 7), {"padding": "same"}),
}


@pytest.mark.parametrize("case", LARGE)
def test_large_problems_in_chunks(case, monkeypatch):
    sizes, options = LARGE[case]
    arrays, g, options = problem(*sizes, **options)
    force(monkeypatch, case.split()[0])
    assert_agree(results(arrays, g, options), defined(arrays, g, options), 1e-12)


@pytest.mark.parametrize("case", LARGE)
def test_threads_give_what_one_thread_gives(case, monkeypatch):
    sizes, options = LARGE[case]
    arrays, g, options = problem(*sizes, dtype="float32", **options)
    force(monkeypatch, case.split()[0])
    alone = results(arrays, g, options)

    class Blas:
        num_threads = 3

        def set_num_threads(self, n):
            pass

    monkeypatch.setattr(threads, "_blas", Blas)
    monkeypatch.setattr(threads, "SMALLEST", 0)
    together = results(arrays, g, options)
    for name, values in alone.items():
        # sums over images are added up in another order, and fewer images are multiplied by frequencies at once
        exact = name in ("y", "dx") and case != "fourier"
        for a, b in zip(values, together[name], strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=0 if exact else 1e-5 * np.abs(b).max())


@pytest.mark.parametrize("case", LARGE)
def test_any_memory_order_is_taken_and_nothing_is_changed(case, monkeypatch):
    sizes, options = LARGE[case]
    arrays, g, options = problem(*sizes, dtype="float32", **options)
    force(monkeypatch, case.split()[0])
    expected = {name: values[0] for name, values in results(arrays, g, options).items()}

    def elsewhere(a):
        memory = np.zeros([2 * n + 1 for n in a.shape[::-1]], a.dtype)
        view = memory.T[(slice(1, None, 2),) * a.ndim]
        view[...] = a
        view.flags.writeable = False
        return view

    moved = [elsewhere(a) for a in arrays]
    assert_agree(results(moved, g, options), expected, 2e-6)
    for a, b in zip(moved, arrays, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", LARGE)
def test_results_are_the_caller_s_own(case, monkeypatch):
    """Memory that is used again is never that of a result or an argument still in use."""
    sizes, options = LARGE[case]
    arrays, g, options = problem(*sizes, **options)
    force(monkeypatch, case.split()[0])
    found = results(arrays, g, options)
    kept = {name: [a.copy() for a in values] for name, values in found.items()}
    results([-a for a in arrays], g, options)
    for name, values in found.items():
        for a, b in zip(values, kept[name], strict=True):
            np.testing.assert_array_equal(a, b)
            assert not any(np.shares_memory(a, argument) for argument in arrays)


@pytest.mark.parametrize(("c", "size"), [(16, 28), (64, 16), (512, 4)])
def test_winograd_s_error_in_float32_is_below_a_hundred_thousandth(c, size, monkeypatch):
    arrays, g, options = problem(2, (size, size), (3, 3), c, c, padding=1, dtype="float32")
    force(monkeypatch, "winograd")
    found = results(arrays, g, options)
    wide = [a.astype(np.float64) for a in arrays]
    force(monkeypatch, "columns")
    assert_agree(
        {name: [a.astype(np.float64) for a in values] for name, values in found.items()},
        {name: values[0] for name, values in results(wide, g, options).items()},
        5e-6,  # half of what the documentation promises
    )


def test_winograd_s_transforms_are_an_identity_of_polynomials():
    """Equation 5 of Lavin & Gray, for one tile of one channel."""
    inputs, kernel, result = _winograd._matrices(np.dtype("d"))
    x, w = RNG.normal(size=(6, 6)), RNG.normal(size=(3, 3))
    y = result @ ((kernel @ w.reshape(9)).reshape(6, 6) * (inputs @ x @ inputs.T)) @ result.T
    expected = [[(x[i : i + 3, j : j + 3] * w).sum() for j in range(4)] for i in range(4)]
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


CHOSEN = {
    "winograd": [
        (32, 64, 64, (16, 16), (3, 3)),
        (8, 128, 128, (28, 28), (3, 3)),
        (1, 64, 64, (56, 56), (3, 3)),
        (1, 64, 64, (16, 16), (3, 3)),
    ],
    "columns": [
        (32, 64, 64, (16, 16), (1, 1)),
        (32, 64, 64, (16, 16), (5, 5)),
        (8, 256, 256, (500,), (3,)),
        (1, 256, 256, (8, 8), (3, 3)),
    ],
    "planar": [(32, 3, 32, (32, 32), (3, 3)), (1, 3, 64, (224, 224), (7, 7))],
    "images_last": [(64, 1, 6, (28, 28), (5, 5)), (64, 6, 16, (14, 14), (5, 5))],
    "fourier": [(4, 32, 32, (64, 64), (31, 31))],
}


@pytest.mark.parametrize("name", CHOSEN)
def test_choices_for_common_sizes(name):
    for n, c, d, spatial, kernel in CHOSEN[name]:
        g = geometry(spatial, kernel, stride=1, padding="same", dilation=1)
        assert choice.algorithm(n, c, d, g, "fast") == name


@pytest.mark.parametrize("name", CHOSEN)
def test_exact_means_plain_sums(name):
    for n, c, d, spatial, kernel in CHOSEN[name]:
        g = geometry(spatial, kernel, stride=1, padding="same", dilation=1)
        assert choice.algorithm(n, c, d, g, "exact") not in ("winograd", "fourier")


def test_a_channel_of_its_own_kernel_is_depthwise():
    g = geometry((16, 16), (3, 3), stride=2, padding=1, dilation=1, groups=32)
    assert choice.algorithm(8, 32, 32, g, "exact") == "depthwise"
    assert choice.algorithm(8, 32, 64, g, "exact") == "columns"


def test_few_channels_lie_with_the_images_last_and_elementwise_functions_keep_that():
    (x, w, b, _), *_ = problem(16, (12, 12), (5, 5), 2, 6, dtype="float32")
    y = nn.conv(x, w, b)
    assert y.shape == (16, 8, 8, 6)
    for z in (y, nn.relu(y), nn.max_pool(nn.relu(y), 2), nn.tanh(y)):
        assert z.transpose(3, 1, 2, 0).flags.c_contiguous


def test_a_small_convolution_wakes_no_thread(monkeypatch):
    monkeypatch.setattr(threads, "_run", None)
    arrays, g, options = problem(2, (6, 6), (3, 3), 4, 4, padding=1)
    for name in willing(g, 4, 4):
        with pytest.MonkeyPatch.context() as patch:
            force(patch, name)
            results(arrays, g, options)


def test_buffers_do_not_pile_up():
    """What a call takes from the memory that is used again, it leaves there."""
    arrays, g, options = problem(8, (16, 16), (3, 3), 64, 64, padding=1, dtype="float32")
    run = lambda: (results(arrays, g, options), None)[1]
    for _ in range(3):
        run()
    before = empty.__globals__["_bytes"]
    for _ in range(3):
        run()
    assert empty.__globals__["_bytes"] == before
