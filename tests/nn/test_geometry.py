"""How many places a window has, and where: pure arithmetic, so without arrays."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdl.nn._geometry import Geometry, geometry, transposed_geometry

SMALL = st.integers(1, 4)
SIZES = st.tuples(st.integers(1, 12), SMALL, SMALL, SMALL, st.integers(0, 4), st.integers(0, 4))


def make(spatial, kernel, *, stride=1, padding="valid", dilation=1, groups=1):
    return geometry(spatial, kernel, stride=stride, padding=padding, dilation=dilation, groups=groups)


def places(n, kernel, stride, before, after, dilation):
    """Starts of windows that lie in the padded axis, one by one."""
    end = before + n + after
    return [start for start in range(0, end, stride) if start + dilation * (kernel - 1) < end]


@given(SIZES)
def test_output_counts_the_places(sizes):
    n, kernel, stride, dilation, before, after = sizes
    starts = places(n, kernel, stride, before, after, dilation)
    options = {"stride": stride, "dilation": dilation, "padding": ((before, after),)}
    if not starts:
        with pytest.raises(ValueError, match="pad more, or use a smaller kernel"):
            make((n,), (kernel,), **options)
        return
    g = make((n,), (kernel,), **options)
    assert g.output == (len(starts),)
    assert g.extent == (dilation * (kernel - 1) + 1,)
    assert g.remainder == (before + n + after - (starts[-1] + g.extent[0]),)


@given(SIZES)
def test_output_is_the_formula_of_the_literature(sizes):
    n, kernel, stride, dilation, p, _ = sizes
    expected = math.floor((n + 2 * p - dilation * (kernel - 1) - 1) / stride) + 1
    if expected >= 1:
        assert make((n,), (kernel,), stride=stride, padding=p, dilation=dilation).output == (expected,)


@given(SIZES)
def test_same_padding(sizes):
    """``ceil(n / stride)`` places, with the fewest zeros, as JAX puts them."""
    import jax

    n, kernel, stride, dilation, *_ = sizes
    g = make((n,), (kernel,), stride=stride, padding="same", dilation=dilation)
    assert g.output == (math.ceil(n / stride),)
    assert list(g.padding) == list(jax.lax.padtype_to_pads((n,), g.extent, (stride,), "SAME"))


def test_same_padding_of_an_even_kernel_has_the_odd_zero_at_the_end():
    assert make((6, 7), (2, 4), padding="same").padding == ((0, 1), (1, 2))


def test_dilated_kernel_of_the_book():
    """A 3x3 kernel with dilation 2 spans 5x5 and takes 6x7 to 2x3."""
    g = make((6, 7), (3, 3), dilation=2)
    assert (g.extent, g.output) == ((5, 5), (2, 3))


def test_options_are_one_for_all_axes_or_one_for_each():
    each = make((5, 6, 7), (3, 2, 1), stride=(2, 2, 2), padding=((1, 1), (1, 1), 1), dilation=(1, 1, 1))
    assert make((5, 6, 7), (3, 2, 1), stride=2, padding=1) == each
    assert make((5, 6, 7), (3, 2, 1), padding="valid").padding == ((0, 0),) * 3


def test_geometries_are_looked_up():
    """The same object again, also for sizes of torch, which are a kind of tuple; it serves as a static option."""
    import torch

    g = make((8, 9), (3, 3), padding=1)
    assert make(torch.zeros(8, 9).shape, (3, 3), padding=1) is g
    assert hash(g) == hash(Geometry((8, 9), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)))


def test_what_is_looked_up_is_bounded(monkeypatch):
    from xdl.nn import _geometry

    monkeypatch.setattr(_geometry, "MOST", 4)
    monkeypatch.setattr(_geometry, "_known", {})
    for n in range(3, 20):
        make((n,), (3,))
        assert len(_geometry._known) <= 4


@pytest.mark.parametrize(
    ("arguments", "options", "error", "says"),
    [
        (((4,), (5,)), {}, ValueError, "spans \\(5,\\), more than the input \\(4,\\), padded \\(4,\\)"),
        (((5, 9), (3, 3)), {"dilation": 3}, ValueError, "smaller kernel"),
        (((5, 9), (3, 3)), {"padding": -1}, ValueError, "`padding` must be"),
        (((5, 9), (3, 3)), {"padding": ((0, -1), (0, 0))}, ValueError, "`padding` must be"),
        (((5, 9), (3, 3)), {"padding": ((0, 1),)}, ValueError, "for 2 axes, got"),
        (((5,), (3,)), {"padding": (0, 1)}, ValueError, "one \\(before, after\\) per axis"),
        (((5, 9), (3, 3)), {"padding": "full"}, ValueError, "full"),
        (((5, 9), (3, 3)), {"padding": 0.5}, ValueError, "`padding`"),
        (((5, 9), (3, 3)), {"padding": ((1, 1), (1, 1, 1))}, ValueError, "`padding`"),
        (((5, 9), (3, 3)), {"padding": [(1, 1), (1, 1)]}, TypeError, "ints and tuples"),
        (((5, 9), (3, 3)), {"stride": 0}, ValueError, "`stride` must be an int of at least 1"),
        (((5, 9), (3, 3)), {"stride": (1, 1, 1)}, ValueError, "tuple of 2 such ints"),
        (((5, 9), (3, 3)), {"stride": 1.5}, TypeError, "`stride`"),
        (((5, 9), (3, 3)), {"dilation": (1, 0)}, ValueError, "`dilation`"),
        (((5, 9), (0, 3)), {}, ValueError, "`kernel`"),
        (((5, 9), (3,)), {}, ValueError, "as many of the input as of the kernel"),
        (((5,) * 4, (1,) * 4), {}, ValueError, "1, 2 or 3 axes"),
        (((), ()), {}, ValueError, "1, 2 or 3 axes"),
        (((5, 9), (3, 3)), {"groups": 0}, ValueError, "`groups`"),
        (((5, 9), (3, 3)), {"groups": 2.5}, ValueError, "`groups`"),
    ],
)
def test_errors(arguments, options, error, says):
    with pytest.raises(error, match=says):
        make(*arguments, **options)


@given(SIZES)
def test_transposed_geometry_is_that_of_the_convolution(sizes):
    n, kernel, stride, dilation, *pads = sizes
    options = {"stride": stride, "dilation": dilation}
    try:
        g = make((n,), (kernel,), padding=(tuple(pads),), **options)
    except ValueError:
        return
    back = transposed_geometry(
        g.output, (kernel,), padding=(tuple(pads),), output_padding=g.remainder, **options
    )
    assert back == g
    g = transposed_geometry((n,), (kernel,), padding="same", output_padding=0, **options)
    assert (g.spatial, g.output) == ((n * stride,), (n,))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"output_padding": 2, "stride": 2}, "`output_padding` must be less than the stride"),
        ({"output_padding": 1, "stride": 2, "padding": "same"}, 'and 0 with `padding` "same"'),
        ({"output_padding": -1}, "`output_padding` must be an int of at least 0"),
        ({"padding": 4}, "cuts off all"),
    ],
)
def test_errors_of_transposed_geometries(options, says):
    with pytest.raises(ValueError, match=says):
        transposed_geometry(
            (3,), (3,), **{"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1} | options
        )


@pytest.mark.parametrize("wrong", [{"stride": 2.0}, {"dilation": True}, {"padding": 1.0}, {"groups": 1.0}])
def test_what_is_no_int_is_refused_although_its_equal_was_seen(wrong):
    options = {"stride": 2, "padding": 1, "dilation": 1, "groups": 1}
    geometry((8, 8), (3, 3), **options)
    with pytest.raises((TypeError, ValueError)):
        geometry((8, 8), (3, 3), **(options | wrong))
