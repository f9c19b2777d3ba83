"""What a caller may give for an environment, and how it becomes one."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from xdl.rl._environment import Environment
from xdl.rl._host import HostEnvironment

__all__ = ["copies_for", "is_of_gymnasium", "opener"]


def opener(stack: ExitStack) -> Callable[[Any, int], Environment | HostEnvironment]:
    """Make a function that turns what the caller has given into an environment; what it makes, the stack closes."""

    def opened(source: Any, copies: int) -> Environment | HostEnvironment:
        if isinstance(source, Environment | HostEnvironment):
            return source
        if isinstance(source, type) and issubclass(source, Environment | HostEnvironment):
            message = f"`env` must be an environment, got the class {source.__name__}: make one of it, {source.__name__}()"
            raise TypeError(message)
        exists = is_of_gymnasium(source)
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


def is_of_gymnasium(source: Any) -> bool:
    """Whether it is an environment of gymnasium, which need not be installed."""
    return any(cls.__module__.split(".")[0] == "gymnasium" for cls in type(source).__mro__)


def copies_for(episodes: int) -> int:
    """Copies in which episodes run, equally many in each."""
    return max(k for k in range(1, 17) if episodes % k == 0)
