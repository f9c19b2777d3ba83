"""Samples of convolution and its gradients: each geometry that a method may treat apart, small and large."""

from typing import Any

from xdl.nn._geometry import geometry

from ._sample import RNG, Sample, joined, sample

PLAIN = {"stride": 1, "padding": "valid", "dilation": 1, "groups": 1, "precision": "fast"}

# (n, spatial, kernel, c, d), options, whether derivatives are compared: of the large ones values are enough
PROBLEMS: tuple[tuple[Any, dict[str, Any], bool], ...] = (
    ((2, (5, 6), (3, 3), 2, 3), {"padding": 1}, True),
    ((2, (5, 6), (3, 3), 2, 3), {"padding": "same", "precision": "exact"}, False),
    ((1, (7, 6), (2, 3), 4, 6), {"stride": (2, 1), "padding": ((0, 1), (2, 0)), "groups": 2}, True),
    ((2, (6, 7), (3, 3), 3, 3), {"dilation": 2, "groups": 3}, True),
    ((2, (9,), (4,), 2, 3), {"stride": 3, "padding": "same"}, True),
    ((1, (3, 4, 3), (2, 1, 2), 2, 2), {"padding": 1, "stride": 2}, True),
    ((2, (4, 5), (1, 1), 3, 2), {}, False),
    ((0, (4, 4), (3, 3), 2, 2), {"padding": 1}, False),
    ((9, (5, 4), (2, 3), 1, 2), {"stride": (1, 2), "padding": 1}, True),
    ((3, (17, 18), (3, 3), 32, 40), {"padding": 1, "precision": "exact"}, False),
    ((3, (17, 18), (3, 3), 32, 40), {"padding": "same", "stride": 2}, False),
    ((2, (24, 24), (5, 5), 3, 16), {}, False),
    ((33, (14, 14), (5, 5), 6, 16), {}, False),
    ((2, (16, 16), (3, 3), 48, 48), {"padding": 1, "groups": 48}, False),
    ((2, (500,), (7,), 16, 24), {"padding": "same", "dilation": 3}, False),
)


def draw(n: int, spatial: Any, kernel: Any, c: int, d: int, options: Any) -> Any:
    """Image, kernel and bias, so scaled that sums stay near 1, the cotangent, and the geometry."""
    options = {k: v for k, v in (PLAIN | options).items() if k != "precision"}
    g = geometry(spatial, kernel, **options)
    x, dy = RNG.normal(size=(n, *spatial, c)), RNG.normal(size=(n, *g.output, d))
    w = RNG.normal(size=(*kernel, c // g.groups, d))
    scale = 1 / max(w[..., 0].size, 1) ** 0.5
    return x, scale * w, RNG.normal(size=d), 0.5 * dy / max(dy[..., 0].size, 1) ** 0.5, g


def made() -> dict[str, tuple[Sample, ...]]:
    found: dict[str, list[Sample]] = {
        name: [] for name in ("", "_input_gradient", "_weight_gradient", "_pullback")
    }
    for k, (sizes, options, smooth) in enumerate(PROBLEMS):
        x, w, b, dy, g = draw(*sizes, options)
        how = {"precision": options.get("precision", "fast"), "smooth": smooth}
        # all combinations of arguments in the first problem: each one is a program that JAX compiles
        for bias in (b, None)[: 2 - min(k, 1)]:
            found[""].append(sample(x, w, bias, **{**PLAIN, **options}, smooth=smooth))
        found["_input_gradient"].append(sample(dy, w, geometry=g, **how))
        found["_weight_gradient"].append(sample(x, dy, geometry=g, **how))
        for wanted in ((True, True, True), (True, False), (False, True, True))[: 3 - 2 * min(k, 1)]:
            found["_pullback"].append(sample(dy, x, w, geometry=g, wanted=wanted, post=joined, **how))
    return {f"nn.conv{name}": tuple(samples) for name, samples in found.items()}


SAMPLES = made()
