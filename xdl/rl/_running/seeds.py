"""Several runs that differ in their random numbers alone, and what they have in common."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

from xdl.core import Array, Module, array_namespace, random, to_numpy
from xdl.rl._algorithm import Algorithm
from xdl.rl._environment import Environment

from .evaluation import Evaluation
from .loop import train
from .results import TrainResult

__all__ = ["Band", "interquartile", "return_band", "train_seeds"]


class Band(Module):
    """What curves of several runs have in common, at each of their points.

    Parameters
    ----------
    step : (points,) array
        Where the points are.
    mean : (points,) array
        Mean of the runs.
    interquartile_mean : (points,) array
        Mean of the middle half of the runs, which one run that failed or excelled does not move.
    low, high : (points,) array
        Quartiles: a quarter of the runs is below, a quarter above.
    curves : (runs, points) array
        The runs.
    """

    step: Any
    mean: Array
    interquartile_mean: Array
    low: Array
    high: Array
    curves: Array


def interquartile(curves: Array, step: Array | None = None) -> Band:
    """Mean and interquartile band of curves on a common grid.

    Parameters
    ----------
    curves : (runs, points) array
        One row for each run. Where one is NaN, so is the band.
    step : (points,) array, optional
        Where the points are; default: their numbers.

    Returns
    -------
    Band

    References
    ----------
    Agarwal, Schwarzer, Castro, Courville & Bellemare (2021), arXiv:2108.13264, section 4.3, for the interquartile mean.
    As in their software, it leaves out the same whole number of runs on either side, which is a quarter rounded down.
    """
    xp = array_namespace(curves)
    if curves.ndim != 2 or not curves.shape[0]:
        message = f"`curves` must have shape (runs, points), got {tuple(curves.shape)}"
        raise ValueError(message)
    runs = curves.shape[0]
    known = xp.all(xp.logical_not(xp.isnan(curves)), axis=0)
    rows = xp.sort(xp.where(known, curves, xp.zeros_like(curves)), axis=0)

    def quantile(at: float) -> Array:
        place = int(at * (runs - 1))
        after = min(place + 1, runs - 1)
        part = at * (runs - 1) - place
        return rows[place, :] * (1 - part) + rows[after, :] * part

    def masked(x: Array) -> Array:
        return xp.where(known, x, xp.full_like(x, xp.nan))

    out = runs // 4
    middle = xp.mean(rows[out : runs - out, :], axis=0)
    mean, middle, low, high = map(masked, (xp.mean(rows, axis=0), middle, quantile(0.25), quantile(0.75)))
    points = xp.arange(1, curves.shape[1] + 1) if step is None else step
    return Band(points, mean, middle, low, high, curves)


def return_band(results: Sequence[TrainResult], *, points: int = 200, episodes: int = 20) -> Band:
    """Mean and interquartile band of the return while several runs learn.

    Parameters
    ----------
    results : sequence of TrainResult
        Runs of one algorithm: see `train_seeds`.
    points : int
        Points of the curves, evenly over the steps of the shortest run.
    episodes : int
        A point is the mean return of so many episodes, the last that have ended by then; of fewer, if there are
        fewer, and NaN if there is none.

    Returns
    -------
    Band
        Arrays of NumPy.
    """
    if not results:
        message = "`results` must have at least one run, got none"
        raise ValueError(message)
    host = array_namespace(to_numpy(0.0))
    last = min(result.steps for result in results)
    grid = last * host.arange(1, points + 1) // points
    curves = host.full((len(results), points), host.nan)
    for row, result in zip(curves, results, strict=True):
        sums = host.concat([host.zeros(1), host.cumulative_sum(result.episodes.returns)])
        end = host.searchsorted(result.episodes.step, grid, side="right")
        begin = host.maximum(end - episodes, 0)
        some = end > 0
        row[some] = (sums[end] - sums[begin])[some] / (end - begin)[some]
    return interquartile(curves, grid)


def train_seeds(
    algorithm: Algorithm,
    env: Environment | Any,
    seeds: Iterable[int],
    *,
    steps: int,
    evaluate: Evaluation | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_steps: int = 10_000,
    log: str | os.PathLike[str] | None = None,
    window: int = 1_000,
    progress: bool = True,
) -> tuple[TrainResult, ...]:
    """Run an algorithm once for each seed.

    Parameters
    ----------
    algorithm : Algorithm
    env : Environment, HostEnvironment, str or callable
        As for `train`, in turns.
    seeds : iterable of int
        Seeds, for keys of the current backend.
    steps, evaluate, checkpoint_steps, window, progress
        As for `train`.
    checkpoint, log : path, optional
        As for `train`, with ``{seed}`` where the seed stands, such as ``"dqn-{seed}.safetensors"``. Runs that are done
        are taken from their checkpoints.

    Returns
    -------
    tuple of TrainResult
        In the order of the seeds.
    """
    if not isinstance(seeds, Iterable):
        message = f"`seeds` must be integers, such as range(3), got {seeds!r}"
        raise TypeError(message)
    for name, path in (("checkpoint", checkpoint), ("log", log)):
        if path is not None and "{seed}" not in os.fspath(path):
            message = f"`{name}` must contain {{seed}}, so that each run has its own, got {os.fspath(path)!r}"
            raise ValueError(message)
    return tuple(
        train(
            algorithm,
            env,
            random.key(seed),
            steps=steps,
            evaluate=evaluate,
            checkpoint=_of_seed(checkpoint, seed),
            checkpoint_steps=checkpoint_steps,
            log=_of_seed(log, seed),
            window=window,
            progress=progress,
        )
        for seed in seeds
    )


def _of_seed(path: str | os.PathLike[str] | None, seed: int) -> str | None:
    return None if path is None else os.fspath(path).replace("{seed}", str(seed))
