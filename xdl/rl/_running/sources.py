"""Where a run takes place, and where it is evaluated."""

from typing import Any

from xdl.rl._algorithm import Algorithm
from xdl.rl._environment import Environment
from xdl.rl._host import HostEnvironment

from .evaluation import Evaluation
from .opening import copies_for, is_of_gymnasium
from .rounds import ArrayRounds, HostRounds

__all__ = ["arena_of", "rounds_of"]


def arena_of(evaluation: Evaluation, source: Any) -> tuple[Any, int]:
    """Where evaluations take place, in how many copies: not in the middle of the run's episodes."""
    if evaluation.env is None and (isinstance(source, HostEnvironment) or is_of_gymnasium(source)):
        message = (
            f"{source!r} is in the middle of the run's episodes: give another one to evaluate in, as "
            "Evaluation(env=...), or pass the environment's name to `train`"
        )
        raise ValueError(message)
    return source if evaluation.env is None else evaluation.env, copies_for(evaluation.episodes)


def rounds_of(algorithm: Algorithm, env: Environment | HostEnvironment) -> ArrayRounds | HostRounds:
    """Rounds of an algorithm in an environment."""
    return HostRounds(algorithm, env) if isinstance(env, HostEnvironment) else ArrayRounds(algorithm, env)
