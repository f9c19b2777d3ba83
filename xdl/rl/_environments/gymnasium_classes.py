"""Classes of gymnasium's around array programs; imported only by who asks for them, since gymnasium is optional."""

from typing import Any

import gymnasium
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from xdl.core import to_numpy, tree
from xdl.rl._algorithm import spaces_of
from xdl.rl._environment import Environment
from xdl.rl._host import host

from .animation import speed_of
from .drawing import frames

__all__ = ["SteppedEnv", "SteppedVectorEnv"]


class SteppedEnv(gymnasium.Env):
    """One copy of an array program."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012

    def __init__(self, env: Environment, render_mode: str | None = None):
        self.env, self.render_mode = tree.map(to_numpy, env), _checked(render_mode)
        self.observation_space, self.action_space = _spaces(env)
        self.metadata = {**self.metadata, "render_fps": speed_of(env)}
        # what gymnasium.make needs to make another one
        path = f"{__name__}:{type(self).__name__}"
        self.spec = EnvSpec(f"{type(env).__name__}-v0", entry_point=path, kwargs={"env": env})
        self._state: Any = None
        self._steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed)
        self._state, self._steps = self.env.reset(self.np_random.random((1, self.env.reset_noise))), 0
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take an action."""
        if self._state is None:
            message = (
                "no episode is running: call reset() before the first step, and after the last of an episode"
            )
            raise gymnasium.error.ResetNeeded(message)
        noise = self.np_random.random((1, self.env.step_noise))
        self._state, reward, terminated = self.env.step(self._state, to_numpy([action]), noise)
        self._steps += 1
        over = bool(terminated[0])
        return self._seen(), float(reward[0]), over, not over and self._steps >= self.env.max_steps, {}

    def render(self) -> Any:
        """Picture of the state."""
        return None if self.render_mode is None else frames(self.env, self._state)[0]

    def _seen(self) -> Any:
        seen: Any = to_numpy(self.env.observe(self._state))[0]
        return int(seen) if isinstance(self.observation_space, spaces.Discrete) else seen.astype("float32")


class SteppedVectorEnv(VectorEnv):
    """All copies of an array program in one call."""

    def __init__(self, env: Environment, copies: int, autoreset_mode: Any, render_mode: str | None = None):
        if copies < 1:
            message = f"`copies` must be at least 1, got {copies}"
            raise ValueError(message)
        self.env, self.render_mode, self.num_envs = tree.map(to_numpy, env), _checked(render_mode), copies
        self.single_observation_space, self.single_action_space = _spaces(env)
        self.observation_space = batch_space(self.single_observation_space, copies)
        self.action_space = batch_space(self.single_action_space, copies)
        self._mode = AutoresetMode(autoreset_mode)
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": speed_of(env),
            "autoreset_mode": self._mode,
        }
        self._state: Any = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes, with ``options={"reset_mask": mask}`` in some copies alone."""
        super().reset(seed=seed)
        xp = host()
        fresh = self.env.reset(self.np_random.random((self.num_envs, self.env.reset_noise)))
        mask = None if options is None else options.get("reset_mask")
        if mask is None or self._state is None:
            self._state = fresh
            self._steps = xp.zeros(self.num_envs, dtype=xp.int64)
            self._ended = xp.zeros(self.num_envs, dtype=xp.bool)
        else:
            self._renew(mask, fresh)
        return self._seen(), {}

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Take an action in each copy."""
        if self._state is None:
            message = "no episode is running: call reset() before the first step"
            raise gymnasium.error.ResetNeeded(message)
        xp, env = host(), self.env
        noise = self.np_random.random((self.num_envs, env.step_noise + env.reset_noise))
        before, fresh = self._ended, env.reset(noise[:, env.step_noise :])
        self._state, reward, terminated = env.step(self._state, actions, noise[:, : env.step_noise])
        self._steps = self._steps + 1
        if self._mode is AutoresetMode.NEXT_STEP and before.any():
            self._renew(before, fresh)
            reward, terminated = xp.where(before, 0.0, reward), terminated & ~before
        truncated = (self._steps >= env.max_steps) & ~terminated
        ended, seen, infos = terminated | truncated, self._seen(), {}
        self._ended = ended
        if self._mode is AutoresetMode.SAME_STEP and ended.any():
            for k in xp.nonzero(ended)[0]:
                infos = self._add_info(infos, {"final_obs": seen[k], "final_info": {}}, k)
            self._renew(ended, fresh)
            seen = self._seen()
        return seen, xp.astype(reward, xp.float64), terminated, truncated, infos

    def render(self) -> Any:
        """Pictures of the states."""
        return None if self.render_mode is None else tuple(frames(self.env, self._state))

    def _renew(self, mask: Any, fresh: Any) -> None:
        xp = host()
        choose = lambda new, old: xp.where(xp.reshape(mask, (-1, *(1,) * (old.ndim - 1))), new, old)
        self._state = tree.map(choose, fresh, self._state)
        self._steps, self._ended = xp.where(mask, 0, self._steps), self._ended & ~mask

    def _seen(self) -> Any:
        seen: Any = to_numpy(self.env.observe(self._state))
        return seen.astype(self.single_observation_space.dtype)


def _checked(render_mode: str | None) -> str | None:
    if render_mode not in (None, "rgb_array"):
        message = f"`render_mode` must be None or 'rgb_array', got {render_mode!r}"
        raise ValueError(message)
    return render_mode


def _spaces(env: Environment) -> tuple[Any, Any]:
    """Spaces of observations and of actions."""
    known = spaces_of(env)
    if not known.observation_shape and known.states is None:
        message = (
            f"observations of {type(env).__name__} are integers: its attribute `states` has to say how many"
        )
        raise TypeError(message)
    xp = host()
    if known.states is not None:
        seen: Any = spaces.Discrete(known.states)
    else:
        wide = xp.inf * xp.ones(known.observation_shape, dtype=xp.float32)
        low, high = (-wide, wide) if env.observation_bounds is None else env.observation_bounds
        seen = spaces.Box(xp.asarray(low, dtype=xp.float32), xp.asarray(high, dtype=xp.float32))
    if known.actions is not None:
        return seen, spaces.Discrete(known.actions)
    low, high = (xp.asarray(bound, dtype=xp.float32) for bound in (known.low, known.high))
    return seen, spaces.Box(low, high)
