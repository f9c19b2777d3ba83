"""Evolution strategy that learns the covariance of successful steps."""

import functools
import math
from typing import Any, NamedTuple

from xdl.core import Array, Module, array_namespace, asarray, random
from xdl.core._namespace import device_of
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._status import Status

from .direct_search import DirectSearch, check_positive

__all__ = ["CMAES"]


class Distribution(Module):
    """Normal distribution of the next population, and the two evolution paths."""

    mean: Array
    sigma: Any
    covariance: Array
    root: Array  # symmetric: the same on every backend, as eigenvectors are not
    path: Array  # of the covariance
    path_sigma: Array
    excess: Any


class Strategy(NamedTuple):
    """Numbers that depend on the dimension alone, with the names of the tutorial."""

    weights: tuple[float, ...]
    mu_eff: float
    c_c: float
    c_1: float
    c_mu: float
    c_sigma: float
    d_sigma: float
    chi: float


class CMAES(DirectSearch):
    """Covariance matrix adaptation: sample, rank, and move the distribution towards what was better.

    Invariant to translations and rotations and to monotone transformations of the function. An iteration is a
    generation.

    Parameters
    ----------
    sigma : float
        Standard deviation of the first population in each parameter; the minimum should be within three of them.
    population : int, optional
        Points of a generation, at least 2. Default: ``4 + floor(3 log(n))``; larger ones search more globally.
    xatol : float
        Largest standard deviation of a parameter at a solution.
    fatol : float
        Largest difference between values of a generation there. Both must be reached.
    seed : int
        Of the random numbers, which are the same for each problem of a batch.
    vectorized : bool
        Whether the function takes all points of a generation at once, as a leading axis before that of the
        batch, and returns as many values. Otherwise it is called once for each.

    Notes
    -----
    With negative weights (active). The result is the best point of all generations, not the mean. Where the
    condition of the covariance exceeds 0.02 of what the precision resolves, no progress is reported.

    References
    ----------
    Hansen (2016), "The CMA evolution strategy: a tutorial", arXiv:1604.00772, figure 6 and table 1
    """

    sigma: float = 0.5
    population: int | None = None
    xatol: float = 1e-6
    fatol: float = 1e-10
    seed: int = 0
    vectorized: bool = False

    def __post_init__(self) -> None:
        check_positive(self, "sigma", "xatol", "fatol")
        size = self.population
        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 2):
            message = f"`population` must be an integer of at least 2, got {size!r}"
            raise ValueError(message)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**31:
            message = f"`seed` must be an integer in [0, 2**31), got {self.seed!r}"
            raise ValueError(message)

    def size(self, n: int) -> int:
        """Points of a generation."""
        return 4 + math.floor(3.0 * math.log(n)) if self.population is None else self.population

    def start(self, problem: Problem, state: Iterate) -> Distribution:
        """Isotropic distribution about the start."""
        xs, x = problem.xs, state.x
        xp = array_namespace(x)
        unit = xp.eye(problem.flat.size, dtype=x.dtype, device=device_of(x)) + xp.zeros_like(x)[..., None]
        return Distribution(
            mean=x,
            sigma=xs.constant(self.sigma),
            covariance=unit,
            root=unit,
            path=xp.zeros_like(x),
            path_sigma=xp.zeros_like(x),
            excess=xs.constant(math.inf),
        )

    def advance(self, problem: Problem, state: Iterate) -> Iterate:
        """A generation."""
        xs, m, n = problem.xs, state.memory, problem.flat.size
        xp, count = array_namespace(state.x), self.size(n)
        z = self._normal(problem, state, (count, n))
        y = xp.matmul(z, m.root)  # (..., count, n)
        points = m.mean[..., None, :] + _matrix(xs, m.sigma) * y
        values = self._values(problem, points)
        order = xp.argsort(values, axis=-1, stable=True)
        ranks = xp.argsort(order, axis=-1, stable=True)

        first = (ranks == 0)[..., None]
        best = xp.sum(xp.where(first, points, xp.zeros_like(points)), axis=-2)
        low, high = xs.number(xp.min(values, axis=-1)), xs.number(xp.max(values, axis=-1))
        better = low < state.value
        memory, sound = self._learn(xs, m, z, y, ranks, state.iterations + 1)
        variance = xs.number(xp.max(xp.linalg.diagonal(memory.covariance), axis=-1))
        width = xs.sqrt(variance) * memory.sigma
        excess = xs.maximum((high - low) / self.fatol, width / self.xatol)
        status = xs.where(sound, state.status, xs.integer(int(Status.NO_PROGRESS)))
        return state.replace(
            x=xs.select(better, best, state.x),
            value=xs.where(better, low, state.value),
            status=xs.where(excess <= 1.0, xs.integer(int(Status.CONVERGED)), status),
            iterations=state.iterations + 1,
            evaluations=state.evaluations + count,
            memory=memory.replace(excess=excess),
        )

    def _normal(self, problem: Problem, state: Iterate, shape: tuple[int, ...]) -> Array:
        """Numbers of this generation: all problems that run are in the same one."""
        xp, generation = array_namespace(state.x), state.iterations
        # Seed and generation are the two words of a key: no two generations share one.
        if problem.xs.host:
            words = asarray([self.seed, generation], like=state.x, dtype=xp.int32)
        else:
            generation = xp.max(generation)
            words = xp.stack([xp.full_like(generation, self.seed), generation])
        return random.normal(xp.astype(words, xp.uint32), shape, dtype=state.x.dtype)

    def _values(self, problem: Problem, points: Array) -> Array:
        """Values (..., count) at points (..., count, n)."""
        xp, count = array_namespace(points), points.shape[-2]
        if self.vectorized:
            found = problem.objective(xp.moveaxis(points, -2, 0))
            if problem.watch is not None:
                for k in range(count):
                    problem.watch(points[..., k, :], problem.xs.number(found[k, ...]))
            values = xp.moveaxis(found, 0, -1)
        elif problem.xs.host:
            found = [problem.value(points[k, :]) for k in range(count)]
            values = xp.asarray(found, dtype=points.dtype, device=device_of(points))
        else:
            values = xp.stack([problem.value(points[..., k, :]) for k in range(count)], axis=-1)
        return xp.where(xp.isfinite(values), values, xp.full_like(values, math.inf))

    def _learn(
        self, xs: Any, m: Distribution, z: Array, y: Array, ranks: Array, generation: Any
    ) -> tuple[Distribution, Any]:
        """Distribution after a generation, and whether its covariance is one that can be computed with."""
        xp, (count, n) = array_namespace(y), z.shape
        s = strategy(n, count)
        table = xp.asarray(s.weights, dtype=y.dtype, device=device_of(y))
        weights = xp.reshape(xp.take(table, xp.reshape(ranks, (-1,))), ranks.shape)
        positive = xp.maximum(weights, xp.zeros_like(weights))[..., None, :]
        z_mean, y_mean = xp.matmul(positive, z)[..., 0, :], xp.matmul(positive, y)[..., 0, :]

        path_sigma = (
            _decayed(m.path_sigma, s.c_sigma) + math.sqrt(s.c_sigma * (2.0 - s.c_sigma) * s.mu_eff) * z_mean
        )
        length = xs.sqrt(xs.dot(path_sigma, path_sigma))
        # The path is short at first: the expectation of its length is that of so many generations.
        generation = generation if xs.host else xp.astype(generation, y.dtype)
        age = 1.0 - (1.0 - s.c_sigma) ** (2 * generation)
        slow = length * length < (1.4 + 2.0 / (n + 1.0)) ** 2 * s.chi**2 * age
        h = xs.where(slow, xs.constant(1.0), xs.constant(0.0))
        path = _decayed(m.path, s.c_c) + xs.expand(h * math.sqrt(s.c_c * (2.0 - s.c_c) * s.mu_eff)) * y_mean

        # A step that was bad is unlearned in proportion to how surprising it was.
        squares = xp.maximum(xp.vecdot(z, z), xp.full_like(z[:, 0], 1e-30))
        scaled = xp.where(weights < 0, weights * (n / squares), weights)
        rank_mu = xp.matmul(xp.matrix_transpose(y), scaled[..., None] * y)
        keep = 1.0 - s.c_1 - s.c_mu * sum(s.weights) + s.c_1 * (1.0 - h) * s.c_c * (2.0 - s.c_c)
        rank_one = path[..., :, None] * path[..., None, :]
        covariance = _matrix(xs, keep) * m.covariance + s.c_1 * rank_one + s.c_mu * rank_mu
        covariance = 0.5 * (covariance + xp.matrix_transpose(covariance))

        change = xs.minimum(s.c_sigma / s.d_sigma * (length / s.chi - 1.0), 1.0)
        sigma = m.sigma * (math.exp(change) if xs.host else xp.exp(change))
        root, sound = _root(xs, covariance)
        sound = sound & xs.isfinite(sigma)
        mean = m.mean + xs.expand(m.sigma) * y_mean
        new = Distribution(mean, sigma, covariance, root, path, path_sigma, m.excess)
        return xs.select(sound, new, m), sound


def _decayed(path: Array, rate: float) -> Array:
    return (1.0 - rate) * path


def _root(xs: Any, covariance: Array) -> tuple[Array, Any]:
    """Square root of a covariance, and whether it has a condition that the precision resolves."""
    xp = array_namespace(covariance)
    finite = xp.all(xp.isfinite(covariance), axis=(-2, -1), keepdims=True)
    unit = xp.eye(covariance.shape[-1], dtype=covariance.dtype, device=device_of(covariance))
    values, vectors = xp.linalg.eigh(xp.where(finite, covariance, unit))
    low, high = values[..., 0], values[..., -1]
    sound = finite[..., 0, 0] & (low > 50.0 * xs.eps * high)
    axes = vectors * xp.sqrt(xp.maximum(values, xp.zeros_like(values)))[..., None, :]
    return xp.matmul(axes, xp.matrix_transpose(vectors)), bool(sound) if xs.host else sound


def _matrix(xs: Any, number: Any) -> Any:
    return number if xs.host else number[..., None, None]


@functools.lru_cache
def strategy(n: int, count: int) -> Strategy:
    """Numbers of table 1 for ``n`` parameters and ``count`` points."""
    raw = [math.log((count + 1) / 2) - math.log(k) for k in range(1, count + 1)]
    positive, negative = [w for w in raw if w > 0], [w for w in raw if w <= 0]
    mu_eff = sum(positive) ** 2 / sum(w * w for w in positive)
    mu_bad = sum(negative) ** 2 / max(sum(w * w for w in negative), 1e-30)
    c_1 = 2.0 / ((n + 1.3) ** 2 + mu_eff)
    c_mu = min(1.0 - c_1, 2.0 * (0.25 + mu_eff + 1.0 / mu_eff - 2.0) / ((n + 2.0) ** 2 + mu_eff))
    unlearned = min(1.0 + c_1 / c_mu, 1.0 + 2.0 * mu_bad / (mu_eff + 2.0), (1.0 - c_1 - c_mu) / (n * c_mu))
    good, bad = sum(positive), max(-sum(negative), 1e-30)
    c_sigma = (mu_eff + 2.0) / (n + mu_eff + 5.0)
    return Strategy(
        weights=tuple(w / good if w > 0 else unlearned * w / bad for w in raw),
        mu_eff=mu_eff,
        c_c=(4.0 + mu_eff / n) / (n + 4.0 + 2.0 * mu_eff / n),
        c_1=c_1,
        c_mu=c_mu,
        c_sigma=c_sigma,
        d_sigma=1.0 + 2.0 * max(0.0, math.sqrt((mu_eff - 1.0) / (n + 1.0)) - 1.0) + c_sigma,
        chi=math.sqrt(n) * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
    )
