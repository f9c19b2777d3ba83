"""Deep Q-learning with six improvements at once."""

from typing import Any

from xdl import optim
from xdl.core import static

from .categorical import CategoricalHead
from .dqn import DQN
from .heads import ValueHead

__all__ = ["Rainbow"]


class Rainbow(DQN):
    """`DQN` that is double, dueling, noisy and prioritized, with returns of three steps as distributions.

    The fields are those of `DQN`, and only the defaults differ: any part is taken away by its own field.
    The paper's settings for many games with images are ``rate=6.25e-5``, ``batch=32``, ``capacity=1_000_000``,
    ``learning_starts=20_000``, ``rollout=4`` and ``target_every=8_000``. ``head`` must span the returns of the task.

    References
    ----------
    Hessel et al. (2018), arXiv:1710.02298, section "The integrated agent" and table 1
    """

    epsilon: Any = static(default=0.0)
    double: bool = static(default=True)
    prioritized: float | None = static(default=0.5)
    importance: Any = static(default=optim.linear_schedule(0.4, 1.0, 250_000))
    n_step: int = static(default=3)
    head: ValueHead = static(default=CategoricalHead())
    dueling: bool = static(default=True)
    noisy: bool = static(default=True)
