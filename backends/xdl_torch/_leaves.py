"""Trees of tensors as flat tuples of tensors, which is what torch's transforms take."""

import functools
from collections.abc import Callable
from typing import Any

import torch

from xdl.core import TreeError, tree

__all__ = ["Flat", "check_cotangent", "conjugate", "inputs", "smooth", "split", "transforming"]

try:
    _interpreter = torch._C._functorch.peek_interpreter_stack
except AttributeError:  # private: without it every transform takes the slower way, which is always right
    _interpreter = object


def transforming() -> bool:
    """Whether torch.func or torch.compile is at work on the caller, where torch.autograd.grad does not serve."""
    return torch.compiler.is_dynamo_compiling() or _interpreter() is not None


def smooth(x: Any) -> bool:
    """Whether ``x`` is a tensor that can have a derivative."""
    return isinstance(x, torch.Tensor) and (x.is_floating_point() or x.is_complex())


def conjugate(x: torch.Tensor) -> torch.Tensor:
    """Pass between torch's gradient of a real function of x + iy, dx + i dy, and JAX's, dx - i dy."""
    return x.conj().resolve_conj() if x.is_complex() else x


def inputs(leaves: list[Any]) -> list[torch.Tensor]:
    """Leaves to differentiate with respect to, refused where one has no derivative."""
    for x in leaves:
        if not smooth(x):
            found = f"a tensor of {x.dtype}" if isinstance(x, torch.Tensor) else f"{type(x).__name__} {x!r}"
            message = (
                f"expected tensors of real or complex numbers to differentiate with respect to, got {found}"
            )
            raise TypeError(message)
    return leaves


def split(x: Any) -> tuple[list[torch.Tensor], Callable[[Any], Any], Callable[[Any], Any]]:
    """Differentiable tensors of a tree, and two functions that build a tree like it of as many.

    The first leaves the other leaves as they are; the second, for cotangents, puts zeros there.
    """
    leaves, structure = tree.flatten(x)
    places = [i for i, leaf in enumerate(leaves) if smooth(leaf)]
    if len(places) == len(leaves):
        rebuild = functools.partial(tree.unflatten, structure)
        return leaves, rebuild, rebuild

    def merge(others, xs):
        merged = list(others)
        for i, x in zip(places, xs, strict=True):
            merged[i] = x
        return tree.unflatten(structure, merged)

    def spread(xs):
        return merge([torch.zeros_like(x) if isinstance(x, torch.Tensor) else 0 for x in leaves], xs)

    return [leaves[i] for i in places], functools.partial(merge, leaves), spread


def check_cotangent(found: Any, structure: Any) -> None:
    """Refuse a cotangent of another structure than that of the result."""
    if found != structure:
        message = f"a cotangent has the structure of the result, {structure}, got {found}"
        raise TreeError(message)


class Flat:
    """A function of trees as one of tensors: ``flat(*xs)`` is ``(ys, others)``, two tuples of tensors.

    The ys are the differentiable outputs; the others are the rest: integers, and the tensors of ``aux``.
    """

    def __init__(self, f: Callable[..., Any], rebuild: Callable[[Any], Any], has_aux: bool = False) -> None:
        self.f, self.arguments, self.has_aux = f, rebuild, has_aux

    def __call__(self, *xs: torch.Tensor) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
        out = self.f(*self.arguments(xs))
        y, aux = out if self.has_aux else (out, None)
        leaves, self.structure = tree.flatten(y)
        more, self.aux_structure = tree.flatten(aux) if self.has_aux else ([], None)
        ys, others = [], []
        self.places, self.aux_places = [], []  # for each leaf (list it is in, place there or value)
        for x in leaves:
            self.places.append(_put(x, ys if smooth(x) else others, smooth(x)))
        for x in more:
            self.aux_places.append(_put(x, others, False))
        return tuple(ys), tuple(others)

    def y(self, ys: Any, others: Any) -> Any:
        """What the function returned, beside ``aux``."""
        return tree.unflatten(self.structure, [_get(place, ys, others) for place in self.places])

    def aux(self, others: Any) -> Any:
        """The ``aux`` that the function returned."""
        return tree.unflatten(self.aux_structure, [_get(place, (), others) for place in self.aux_places])

    def tangent(self, dys: Any, others: Any) -> Any:
        """Tangents like y; those of integers are zero."""
        return self.y(dys, [torch.zeros_like(x) for x in others])

    def cotangent(self, dy: Any) -> list[Any]:
        """Cotangents of the ys, in torch's convention, of a tree like y."""
        leaves, structure = tree.flatten(dy)
        check_cotangent(structure, self.structure)
        return [conjugate(d) for d, place in zip(leaves, self.places, strict=True) if place[0] == "y"]


def _put(x, found, is_y):
    if not isinstance(x, torch.Tensor):
        return ("constant", x)
    found.append(x)
    return ("y" if is_y else "other", len(found) - 1)


def _get(place, ys, others):
    kind, where = place
    return ys[where] if kind == "y" else others[where] if kind == "other" else where
