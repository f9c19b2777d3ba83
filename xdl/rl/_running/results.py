"""What a run tells: after every window, and at its end."""

from typing import Any

from xdl.core import Array, Module, static
from xdl.rl._algorithm import Spaces

from .evaluation import episodes_of
from .journal import Episodes

__all__ = ["Evaluations", "TrainReport", "TrainResult"]


class Evaluations(Module):
    """Evaluations of a run.

    Parameters
    ----------
    step : (evaluations,) array of int64
        Steps of all copies together before each.
    returns, length : (evaluations, episodes) array
        Sum of the rewards, and number of steps, of their episodes.
    """

    step: Any
    returns: Any
    length: Any


class TrainReport(Module):
    """State of a run at the end of a window, as callbacks get it.

    Parameters
    ----------
    step : int
        Steps of all copies together.
    learner : pytree
        Its arrays are given up when training goes on: a callback that keeps them makes a copy.
    row : dict of str to float
        Numbers of the window: see `TrainResult`.
    """

    step: int
    learner: Any
    row: dict[str, float]


class TrainResult(Module):
    """Outcome of a run.

    Parameters
    ----------
    learner : pytree
        All that the algorithm remembers.
    episodes : Episodes
        Episodes that have ended.
    measures : dict of str to (windows,) array
        ``"step"`` at the end of each window; ``"episodes"`` that have ended by then; mean ``"return"`` and ``"length"``
        of those that ended in the window; means of what `Algorithm.learn` measured; ``"evaluation"``, the mean return
        of one that followed the window; ``"seconds"`` since the run began. NaN where there is none.
    evaluations : Evaluations
        Returns of the evaluations.
    steps : int
        Steps of all copies together.
    status : str
        "completed", or "stopped" by a callback.
    algorithm : Algorithm
        What has learned.
    spaces : Spaces
        What it sees, and what it does.
    """

    learner: Any
    episodes: Episodes
    measures: dict[str, Any]
    evaluations: Evaluations
    steps: int = static()
    status: str = static()
    algorithm: Any = static()
    spaces: Spaces = static()

    def policy(self, observation: Array) -> Array:
        """Actions (n, ...) by observations (n, ...), without exploration."""
        if tuple(observation.shape[1:]) != self.spaces.observation_shape or not observation.ndim:
            shape = ", ".join(["n", *map(str, self.spaces.observation_shape)])
            message = (
                f"`observation` must have shape ({shape}), got {tuple(observation.shape)}: "
                "one alone is a batch of one, observation[None, ...]"
            )
            raise ValueError(message)
        return self.algorithm.policy(self.learner, observation)

    def evaluate(self, env: Any, key: Array, *, episodes: int = 100) -> Episodes:
        """Run episodes of the policy, as `run_policy` does."""
        return episodes_of(self.algorithm, self.learner, env, key, episodes)
