"""Environments of gymnasium, in several copies."""

import math
from collections.abc import Callable
from typing import Any

from xdl.rl._algorithm import Spaces
from xdl.rl._host import HostEnvironment, host

__all__ = ["GymnasiumEnvironment"]

KEPT = ("uint8", "int8", "int16", "int32")  # types of observations that every library has, besides floats


class GymnasiumEnvironment(HostEnvironment):
    """Any environment of gymnasium whose spaces are of numbers, single or vector.

    Observations keep their shape; integers that do not begin at 0 are shifted. Actions that are vectors are clipped to
    their bounds, where the environment has some.

    Parameters
    ----------
    source : str, callable, gymnasium.Env or gymnasium.vector.VectorEnv
        Name of an environment, for ``gymnasium.make``; a function that makes one; or an environment.
    copies : int
        Copies that are made; of an environment that exists already there is one, of a vector environment there are
        as many as it has.
    **options
        Passed to ``gymnasium.make`` or to the function.

    Raises
    ------
    TypeError
        If a space is of another kind than ``Box`` and ``Discrete``.
    ValueError
        If there cannot be that many copies.

    Notes
    -----
    A vector environment of gymnasium begins new episodes by itself, in one of two ways, which its metadata tells: in
    the step that ends the old one (``SAME_STEP``), where the last observation is found in ``info["final_obs"]``; or in
    the step after (``NEXT_STEP``), whose action is ignored. That step is no transition: such an environment is told by
    ``reset_mask`` to begin at once where an episode has ended, which it must be able to do for some copies alone.
    """

    def __init__(self, source: Any, copies: int = 1, **options: Any):
        import gymnasium

        if copies < 1:
            message = f"`copies` must be at least 1, got {copies}"
            raise ValueError(message)
        exists = isinstance(source, gymnasium.Env | gymnasium.vector.VectorEnv)
        make: Any = gymnasium.make if isinstance(source, str) else source
        name = (source,) if isinstance(source, str) else ()
        first = source if exists else make(*name, **options)
        several = isinstance(first, gymnasium.vector.VectorEnv)
        if (exists and (options or copies > 1)) or (several and copies > 1):
            message = (
                f"of {first!r} no further copies can be made, nor does it take options, got `copies` = {copies} and "
                f"{options}: pass the name of an environment, or a function that makes one"
            )
            raise ValueError(message)
        if several:
            self._runner: Any = _Vector(first)
            observation, action = first.single_observation_space, first.single_action_space
        else:
            envs = [first, *(make(*name, **options) for _ in range(copies - 1))]
            if len({id(env) for env in envs}) < copies:
                message = "`source` must make another environment in each call, got the same again"
                raise ValueError(message)
            self._runner = _Copies(envs)
            observation, action = first.observation_space, first.action_space
        self.spaces, self._seen_of, self._act_of = _read(observation, action)
        self.copies = self._runner.copies

    def __repr__(self) -> str:
        """Environment and number of copies."""
        return f"GymnasiumEnvironment({self._runner.env!r}, copies={self.copies})"

    def begin(self, seeds: list[int]) -> Any:
        """Reset with seeds."""
        return self._seen_of(self._runner.begin(seeds))

    def play(self, action: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Step, and reset where an episode has ended."""
        seen, reward, terminated, truncated, following = self._runner.play(self._act_of(action))
        known = self._seen_of(seen)
        return known, reward, terminated, truncated, known if following is seen else self._seen_of(following)

    def render(self) -> Any:
        """Picture of the first copy, if the environment was made with a ``render_mode``."""
        return self._runner.render()

    def close(self) -> None:
        """Close the environments."""
        self._runner.close()


class _Copies:
    """Environments one after the other."""

    def __init__(self, envs: list[Any]):
        self._envs, self.env, self.copies = envs, envs[0], len(envs)

    def begin(self, seeds: list[int]) -> Any:
        return host().asarray([env.reset(seed=seed)[0] for env, seed in zip(self._envs, seeds, strict=True)])

    def play(self, action: Any) -> tuple[Any, Any, Any, Any, Any]:
        # Python's own integers, which some environments look up in tables
        actions = action.tolist() if action.dtype.kind == "i" else action
        rows = [env.step(one)[:4] for env, one in zip(self._envs, actions, strict=True)]
        xp = host()
        seen, reward, terminated, truncated = (xp.asarray(column) for column in zip(*rows, strict=True))
        ended = terminated | truncated
        following = seen
        if ended.any():
            after = zip(self._envs, seen, ended, strict=True)
            following = xp.asarray([env.reset()[0] if over else last for env, last, over in after])
        return seen, reward, terminated, truncated, following

    def render(self) -> Any:
        return self.env.render()

    def close(self) -> None:
        for env in self._envs:
            env.close()


class _Vector:
    """A vector environment, made to begin new episodes at once."""

    def __init__(self, env: Any):
        from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

        mode = env.metadata.get("autoreset_mode")
        if mode is None:
            message = (
                f"{env!r} does not say when it begins new episodes: `metadata` needs `autoreset_mode`, "
                "which gymnasium has from 1.1"
            )
            raise ValueError(message)
        self.env, self.copies = env, env.num_envs
        self._same_step = AutoresetMode(mode) is AutoresetMode.SAME_STEP
        inner = env.unwrapped
        self._resets_some = isinstance(inner, SyncVectorEnv | AsyncVectorEnv)
        # its processes forget that they have been reset, and do it again (gymnasium 1.4)
        forgetful = isinstance(inner, AsyncVectorEnv) and not inner.shared_memory
        if forgetful and AutoresetMode(mode) is AutoresetMode.NEXT_STEP:
            message = f"{env!r} needs `shared_memory=True`, or `autoreset_mode=AutoresetMode.SAME_STEP`"
            raise ValueError(message)

    def begin(self, seeds: list[int]) -> Any:
        # not all take a list; those of gymnasium count on from the first
        return host().asarray(self.env.reset(seed=seeds[0])[0], copy=True)

    def play(self, action: Any) -> tuple[Any, Any, Any, Any, Any]:
        xp = host()
        *values, info = self.env.step(action)
        # copies, since the environment may write to the same arrays again
        seen, reward, terminated, truncated = (xp.asarray(x, copy=True) for x in values)
        ended = terminated | truncated
        if not ended.any():
            return seen, reward, terminated, truncated, seen
        if self._same_step:
            following = xp.asarray(seen, copy=True)
            for k in xp.nonzero(ended)[0]:
                seen[k, ...] = info["final_obs"][k]
            return seen, reward, terminated, truncated, following
        following = xp.asarray(self.env.reset(options={"reset_mask": ended})[0], copy=True)
        if not self._resets_some and (following[~ended] != seen[~ended]).any():
            message = (
                f"{self.env!r} cannot begin a new episode in some copies alone, and would lose a step where it does "
                "so by itself: make it with `autoreset_mode=AutoresetMode.SAME_STEP`, or let `copies` be made of "
                "its name"
            )
            raise ValueError(message)
        return seen, reward, terminated, truncated, following

    def render(self) -> Any:
        return self.env.render()[0]

    def close(self) -> None:
        self.env.close()


Convert = Callable[[Any], Any]


def _read(observation: Any, action: Any) -> tuple[Spaces, Convert, Convert]:
    """Spaces, and what makes of gymnasium's observations our own, and of our actions gymnasium's."""
    from gymnasium import spaces

    xp = host()
    if isinstance(observation, spaces.Discrete):
        origin = int(observation.start)
        seen: dict[str, Any] = {"observation_shape": (), "states": int(observation.n)}
        seen_of = lambda x: xp.astype(x - origin, xp.int32)
    elif isinstance(observation, spaces.Box):
        kind = observation.dtype
        kept = kind.name if kind.name in KEPT else "float32"
        seen = {"observation_shape": observation.shape, "observation_dtype": kept}
        seen_of = lambda x: xp.asarray(x, dtype=kind)
    else:
        raise TypeError(_unsupported("observation", observation))
    if isinstance(action, spaces.Discrete):
        first = int(action.start)
        return (
            Spaces(**seen, actions=int(action.n)),
            seen_of,
            lambda a: xp.astype(a, xp.int64) + first,
        )
    if not isinstance(action, spaces.Box) or not xp.isdtype(action.dtype, "real floating"):
        raise TypeError(_unsupported("action", action))
    shape, dtype, low, high = action.shape, action.dtype, action.low, action.high
    bounds = [tuple(xp.reshape(bound, (-1,)).tolist()) for bound in (low, high)]

    def act_of(a: Any) -> Any:
        return xp.astype(xp.clip(xp.reshape(a, (-1, *shape)), low, high), dtype)

    known = Spaces(**seen, action_size=math.prod(shape), low=bounds[0], high=bounds[1])
    return known, seen_of, act_of


def _unsupported(what: str, space: Any) -> str:
    expected = "Box or Discrete" if what == "observation" else "Discrete or a Box of floats"
    advice = (
        "gymnasium.wrappers.FlattenObservation(env) makes one vector of it"
        if what == "observation"
        else "wrap the environment so that an action is one integer or one vector"
    )
    return f"expected {what}s of {expected}, got the space {space}: {advice}"
