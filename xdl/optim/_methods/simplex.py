"""Vertices in the order of their values: in arrays for many problems, in lists for one."""

import bisect
import math
from typing import Any, NamedTuple

from xdl.core import Array, Module, array_namespace
from xdl.core._namespace import device_of

__all__ = ["OneSimplex", "Simplices", "first_simplex"]


def first_simplex(xs: Any, x: Array, value: Any, edges: Array) -> Any:
    """Simplex with edges along the axes from a vertex whose value is known."""
    xp, n = array_namespace(x), x.shape[-1]
    unit = xp.eye(n, dtype=x.dtype, device=device_of(x))
    others = x[..., None, :] + unit * edges[..., None, :]
    if xs.host:
        return OneSimplex((x, *(others[k, :] for k in range(n))), (value,), x, 0)
    vertices = xp.concat([x[..., None, :], others], axis=-2)
    values = xp.concat([value[..., None], xp.full_like(x, math.inf)], axis=-1)
    return Simplices(vertices, values, xs.integer(1), x)


class Simplices(Module):
    """Simplices of problems.

    The first ``known`` vertices have been evaluated and are in order. The others have infinite values, and the last
    of them is always the next one: so in all problems a vertex leaves from the same place, the last.

    Parameters
    ----------
    vertices : (..., n + 1, n) array
    values : (..., n + 1) array
    known : (...) integer array
    centroid : (..., n) array
        Of all vertices but the last.
    """

    vertices: Array
    values: Array
    known: Array
    centroid: Array

    @property
    def best(self) -> Array:
        """First vertex."""
        return self.vertices[..., 0, :]

    @property
    def last(self) -> Array:
        """Last vertex: the worst one, or the next to be evaluated."""
        return self.vertices[..., -1, :]

    @property
    def marks(self) -> tuple[Any, Any, Any]:
        """Values that decide: the smallest, that which is second to the largest, and the largest."""
        return self.values[..., 0], self.values[..., -2], self.values[..., -1]

    @property
    def complete(self) -> Array:
        """Whether all vertices have been evaluated."""
        return self.known == self.vertices.shape[-2]

    def insert(self, xs: Any, point: Array, value: Any) -> "Simplices":
        """Simplex with a point at its place, without the last vertex."""
        xp, n = array_namespace(point), point.shape[-1]
        places = xp.arange(n + 1, device=device_of(point))
        # Unknown vertices are infinite, and so may be the new one, which belongs before them.
        before = (self.values <= value[..., None]) & (places < xs.minimum(self.known, n)[..., None])
        # Values are in order, so these are the first ones, and the place of the new one is after them.
        here = xp.concat([xp.ones_like(before[..., :1]), before[..., :-1]], axis=-1)
        value = xp.zeros_like(self.values) + value[..., None]
        shifted = xp.concat([self.values[..., :1], self.values[..., :-1]], axis=-1)
        values = xp.where(before, self.values, xp.where(here, value, shifted))
        before, here = before[..., None], here[..., None]
        shifted = xp.concat([self.vertices[..., :1, :], self.vertices[..., :-1, :]], axis=-2)
        vertices = xp.where(before, self.vertices, xp.where(here, point[..., None, :], shifted))
        centroid = xp.mean(vertices[..., :-1, :], axis=-2)
        return Simplices(vertices, values, xs.minimum(self.known + 1, n + 1), centroid)

    def shrink(self, xs: Any, factor: float) -> "Simplices":
        """Simplex whose vertices are nearer to the first one, and unknown."""
        xp = array_namespace(self.vertices)
        first = self.vertices[..., :1, :]
        vertices = first + factor * (self.vertices - first)
        values = xp.concat([self.values[..., :1], xp.full_like(self.values[..., 1:], math.inf)], axis=-1)
        return Simplices(vertices, values, xs.integer(1), self.centroid)

    def extent(self, xs: Any) -> Any:
        """Largest difference between an entry of the first vertex and of another one."""
        xp = array_namespace(self.vertices)
        return xp.max(xp.abs(self.vertices - self.vertices[..., :1, :]), axis=(-2, -1))


class OneSimplex(NamedTuple):
    """Simplex of one problem, with the names of `Simplices`; the values are those of the known vertices."""

    vertices: tuple[Array, ...]
    values: tuple[float, ...]
    centroid: Array
    age: int  # insertions since the centroid was computed from all vertices

    @property
    def best(self) -> Array:
        """First vertex."""
        return self.vertices[0]

    @property
    def last(self) -> Array:
        """Last vertex: the worst one, or the next to be evaluated."""
        return self.vertices[-1]

    @property
    def marks(self) -> tuple[float, float, float]:
        """Values that decide: the smallest, that which is second to the largest, and the largest."""
        known = self.values if self.complete else (math.inf, math.inf)
        return known[0], known[-2], known[-1]

    @property
    def complete(self) -> bool:
        """Whether all vertices have been evaluated."""
        return len(self.values) == len(self.vertices)

    def insert(self, xs: Any, point: Array, value: float) -> "OneSimplex":
        """Simplex with a point at its place, without the last vertex."""
        n, complete = len(self.vertices) - 1, self.complete
        place = min(bisect.bisect_right(self.values, value), n)
        vertices = (*self.vertices[:place], point, *self.vertices[place:-1])
        values = (*self.values[:place], value, *self.values[place : n if complete else n + 1])
        if len(values) <= n:
            return OneSimplex(vertices, values, self.centroid, 0)
        if not complete or self.age > n:
            xp = array_namespace(point)
            return OneSimplex(vertices, values, xp.mean(xp.stack(vertices[:-1]), axis=0), 0)
        # One vertex comes and one goes; rounding errors of a few such steps are all that is left to grow.
        centroid = self.centroid if place == n else self.centroid + (point - vertices[-1]) * (1.0 / n)
        return OneSimplex(vertices, values, centroid, self.age + 1)

    def shrink(self, xs: Any, factor: float) -> "OneSimplex":
        """Simplex whose vertices are nearer to the first one, and unknown."""
        first = self.vertices[0]
        others = (first + factor * (vertex - first) for vertex in self.vertices[1:])
        return OneSimplex((first, *others), self.values[:1], self.centroid, 0)

    def extent(self, xs: Any) -> float:
        """Largest difference between an entry of the first vertex and of another one."""
        xp = array_namespace(self.centroid)
        return float(xp.max(xp.abs(xp.stack(self.vertices[1:]) - self.vertices[0])))
