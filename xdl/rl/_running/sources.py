"""What can be trained in: environments of both kinds, and what makes one."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from xdl.rl._algorithm import Algorithm
from xdl.rl._environment import Environment
from xdl.rl._host import HostEnvironment

from .evaluation import Evaluation
from .rounds import ArrayRounds, HostRounds

__all__ = ["arena_of", "opener", "rounds_of"]


def opener(stack: ExitStack) -> Callable[[Any, int], Environment | HostEnvironment]:
    """Make a function that turns what the caller has given into an environment; what it makes, the stack closes."""

    def opened(source: Any, copies: int) -> Environment | HostEnvironment:
        if isinstance(source, Environment | HostEnvironment):
            return source
        exists = _is_of_gymnasium(source)
        if not exists and not isinstance(source, str) and not callable(source):
            message = (
                "`env` must be an Environment, a HostEnvironment, an environment of gymnasium or its name, "
                f"got {type(source).__name__}"
            )
            raise TypeError(message)
        from xdl.rl._environments.from_gymnasium import GymnasiumEnvironment

        if exists:
            return GymnasiumEnvironment(source)
        made = GymnasiumEnvironment(source, copies=copies)
        stack.callback(made.close)
        return made

    return opened


def _is_of_gymnasium(source: Any) -> bool:
    return any(cls.__module__.split(".")[0] == "gymnasium" for cls in type(source).__mro__)


def arena_of(evaluation: Evaluation, source: Any) -> tuple[Any, int]:
    """Where evaluations take place, in how many copies: not in the middle of the run's episodes."""
    if evaluation.env is None and (isinstance(source, HostEnvironment) or _is_of_gymnasium(source)):
        message = (
            f"{source!r} is in the middle of the run's episodes: give another one to evaluate in, as "
            "Evaluation(env=...), or pass the environment's name to `train`"
        )
        raise ValueError(message)
    n = evaluation.episodes
    copies = max(k for k in range(1, 17) if n % k == 0)  # each runs equally many episodes
    return source if evaluation.env is None else evaluation.env, copies


def rounds_of(algorithm: Algorithm, env: Environment | HostEnvironment) -> ArrayRounds | HostRounds:
    """Rounds of an algorithm in an environment."""
    return HostRounds(algorithm, env) if isinstance(env, HostEnvironment) else ArrayRounds(algorithm, env)
