"""Rules of the Fourier transforms."""

import numpy as np
import pytest
from derivatives import (
    Case,
    check_against_jax,
    check_differences,
    check_single_precision,
    each,
    each_function,
)

import xdl
from xdl.autodiff._registry import RULES


def _case(name, kind, lengths, **options):
    words = " ".join(f"{k}={v}" for k, v in options.items())
    f = lambda xp, x: getattr(xp.fft, name)(x, **options)
    return Case(f"{name} {lengths} {words}".strip(), f, (f"{kind} {lengths}",))


CASES = [
    *(
        _case(name, kind, "2 5", n=n, norm=norm)
        for name, kind in (
            ("fft", "complex"),
            ("ifft", "complex"),
            ("rfft", "real"),
            ("irfft", "complex"),
            ("hfft", "complex"),
            ("ihfft", "real"),
        )
        # as it is, cropped, filled up; real transforms of even and odd length
        for n, norm in ((None, "backward"), (4, "ortho"), (7, "forward"), (3, "backward"), (12, "ortho"))
    ),
    *(
        _case(name, kind, "3 4 2", axis=axis)
        for name, kind in (("fft", "complex"), ("rfft", "real"), ("irfft", "complex"), ("hfft", "complex"))
        for axis in (0, -2)
    ),
    _case("irfft", "complex", "3 2", n=1),
    _case("irfft", "complex", "2", n=2),
    _case("rfft", "real", "3", n=1),
    *(
        _case(name, kind, "3 4 5", norm=norm, **options)
        for name, kind in (
            ("fftn", "complex"),
            ("ifftn", "complex"),
            ("rfftn", "real"),
            ("irfftn", "complex"),
        )
        for norm, options in (
            ("backward", {}),
            ("ortho", {"axes": (0, 2)}),
            ("forward", {"axes": (-1,)}),
            ("backward", {"s": (5, 3), "axes": (2, 1)}),
            ("ortho", {"s": (2, 6), "axes": (0, -1)}),
        )
    ),
    *(
        _case(name, kind, "3 4", **options)
        for name in ("fftshift", "ifftshift")
        for kind, options in (("real", {}), ("complex", {"axes": 0}), ("real", {"axes": (1,)}))
    ),
]


@each_function(CASES)
def test_derivatives_agree_with_jax(cases):
    check_against_jax(cases[0])  # all would be slow, and differences tell the rest


@each(CASES)
def test_derivatives_agree_with_differences(case):
    check_differences(case)


@each_function(CASES)
@pytest.mark.xp_skip("jax", reason="slow uncompiled; compared with JAX's own rules instead")
def test_every_library_runs_the_rules(xp, cases):
    for case in cases:
        check_single_precision(case, xp)


def test_transform_of_real_signal_has_real_gradient():
    """Libraries that take real signals in ``fft``: the gradient of the energy is 2 n x by Parseval."""
    x = np.asarray([1.0, -2.0, 0.5])
    dx = xdl.grad(lambda x: xdl.array_namespace(x).sum(abs(_fft(x)) ** 2))(x)
    np.testing.assert_allclose(dx, 6 * x, rtol=1e-12, strict=True)


def _fft(x):
    return xdl.array_namespace(x).fft.fft(x)


def test_every_transform_has_a_rule():
    strict = pytest.importorskip("array_api_strict")
    creation = {"fftfreq", "rfftfreq"}
    assert {f"fft.{name}" for name in strict.fft.__all__ if name not in creation} <= set(RULES)
