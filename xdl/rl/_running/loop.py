"""The loop around an algorithm."""

import contextlib
import math
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from tqdm import tqdm

from xdl.core import Array, random
from xdl.core._namespace import is_array
from xdl.rl._algorithm import Algorithm
from xdl.rl._environment import Environment
from xdl.rl._host import HostEnvironment

from .evaluation import Evaluation, episodes_of
from .logs import logs_of
from .opening import opener
from .results import Evaluations, TrainReport, TrainResult
from .resume import restore, store
from .run import Run
from .sources import arena_of, rounds_of

__all__ = ["train"]


def train(
    algorithm: Algorithm,
    env: Environment | HostEnvironment | Any,
    key: int | Array,
    *,
    steps: int,
    evaluate: Evaluation | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_steps: int = 10_000,
    log: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    window: int = 1_000,
    callback: Callable[[TrainReport], bool | None] | None = None,
    resume: bool = True,
    progress: bool = True,
) -> TrainResult:
    """Let an algorithm learn in an environment.

    The same arguments give the same result, bit for bit on one machine, also if the process is killed any number of
    times and started again with the same ``checkpoint``. Random numbers are the same on every array library.

    Parameters
    ----------
    algorithm : Algorithm
        For example ``DQN()``. It says how many copies of the environment run side by side.
    env : Environment or HostEnvironment
        Where it learns; or an environment of gymnasium, its name, or a function that makes one. On libraries that
        compile, stepping an `Environment` and learning are one program. The state of an environment that runs as Python
        cannot be stored: with a ``checkpoint``, all of its copies begin new episodes where one is written, in
        the run that is not killed, too; to the algorithm the episodes before it are truncated there.
    key : int or array
        Seed or random key; everything is in the library and on the device of the key.
    steps : int
        Steps of all copies together, rounded up to whole rounds of ``algorithm.rollout`` steps of each copy.
    evaluate : Evaluation, optional
        Run episodes of the policy now and then.
    checkpoint : path, optional
        A safetensors file for everything that the run needs to go on, replay included. It is replaced as a whole, so
        that an interruption leaves the last one.
    checkpoint_steps : int
        Write it after so many steps, rounded up to whole windows, and at the end.
    log : path or iterable of path, optional
        Files for the rows of `TrainResult.measures`, as CSV (``.csv``) or JSON lines (``.jsonl``). A resumed run
        leaves no row out and writes none twice.
    window : int
        Steps of a row, rounded up to whole draws of random numbers, which are some hundreds of steps of each copy.
    callback : callable, optional
        Gets a `TrainReport` after every window; returns True to stop the run. After a kill, callbacks of windows that
        were not stored run again.
    resume : bool
        Go on from ``checkpoint`` if the file exists. A run that is done returns at once, unless ``steps`` has grown.
    progress : bool
        Show a progress bar, with the mean return of the last 20 episodes.

    Returns
    -------
    TrainResult

    Raises
    ------
    TypeError
        If ``env`` or ``algorithm`` is none.
    ValueError
        If an observation or a reward is not finite, naming the place; if the environment has spaces that the algorithm
        does not know; if the checkpoint belongs to a run with other arguments.

    Examples
    --------
    >>> from xdl import rl
    >>> result = rl.train(rl.PPO(), rl.CartPole(), 0, steps=2_000, progress=False)
    >>> result.measures["step"]
    array([1024., 2048.])
    """
    _check(steps=steps, window=window, checkpoint_steps=checkpoint_steps)
    if not isinstance(algorithm, Algorithm):
        message = f"`algorithm` must be an algorithm, such as DQN(), got {algorithm!r}"
        raise TypeError(message)
    key = key if is_array(key) else random.key(key)  # pyright: ignore[reportArgumentType]
    logs = logs_of(log)
    with contextlib.ExitStack() as stack:
        opened = opener(stack)
        arena = None if evaluate is None else opened(*arena_of(evaluate, env))
        rounds = rounds_of(algorithm, opened(env, algorithm.copies))
        run = Run(rounds, key, steps, window)
        settings = run.settings() | {"evaluate": repr(evaluate)}
        if rounds.restarts:
            settings["checkpoint_steps"] = checkpoint_steps
        if checkpoint is not None and resume:
            restore(checkpoint, run, settings)
        for file in logs:
            file.rewrite(run.journal)
        bar = stack.enter_context(
            tqdm(total=run.last * run.unit, initial=run.step, unit="step", disable=not progress)
        )
        while run.done < run.last and run.status == "completed":
            began, due = time.perf_counter(), run.due
            stores = checkpoint is not None and due(checkpoint_steps)
            evaluates = evaluate is not None and due(evaluate.every)
            row = run.play(stores, bar.update)
            if evaluate is not None:
                row["evaluation"] = _evaluation(run, evaluate, arena) if evaluates else math.nan
            run.seconds += time.perf_counter() - began
            run.journal.add_row(row | {"seconds": run.seconds})
            _show(bar, run)
            for file in logs:
                file.append(run.journal)
            if callback is not None and callback(TrainReport(run.step, run.carry.learner, run.journal.last)):
                run.status = "stopped"
            if stores or (checkpoint is not None and run.status == "stopped"):
                store(checkpoint, run, settings)  # pyright: ignore[reportArgumentType]
    return _result(run)


def _check(**counts: int) -> None:
    for name, n in counts.items():
        if isinstance(n, bool) or not isinstance(n, int):
            message = f"`{name}` must be an integer, got {n!r}"
            raise TypeError(message)
        if n < 1:
            message = f"`{name}` must be at least 1, got {n}"
            raise ValueError(message)


def _evaluation(run: Run, evaluate: Evaluation, arena: Any) -> float:
    """Mean return of an evaluation, which the journal notes."""
    key = random.key(evaluate.seed, like=run.key)
    found = episodes_of(run.rounds.algorithm, run.carry.learner, arena, key, evaluate.episodes)
    run.journal.evaluations.append((run.step, found.returns, found.length))
    return float(found.returns.mean())


def _show(bar: Any, run: Run) -> None:
    texts = {"return": f"{run.journal.recent:.4g}"}
    if run.journal.evaluations:
        texts["evaluation"] = f"{run.journal.evaluations[-1][1].mean():.4g}"
    bar.set_postfix(texts)


def _result(run: Run) -> TrainResult:
    arrays = run.journal.arrays()
    step, returns, length = arrays["evaluations"]
    return TrainResult(
        run.carry.learner,
        arrays["episodes"],
        run.journal.history(),
        Evaluations(step.astype("int64"), returns, length.astype("int64")),
        run.step,
        run.status,
        run.rounds.algorithm,
        run.rounds.spaces,
    )
