"""Our environments for programs that know gymnasium."""

from typing import Any

from xdl.rl._environment import Environment

__all__ = ["as_gymnasium", "as_gymnasium_vector"]


def as_gymnasium(env: Environment, *, render_mode: str | None = None) -> Any:
    """Make an environment of gymnasium of an array program.

    Parameters
    ----------
    env : Environment
        It runs in NumPy, in double precision; what it shows is single, as gymnasium's own environments do.
    render_mode : str, optional
        ``"rgb_array"``, for pictures by `draw`.

    Returns
    -------
    gymnasium.Env
        Its random numbers are those of ``np_random``; episodes are truncated after ``env.max_steps``.

    Raises
    ------
    TypeError
        If observations are integers and ``env.states`` does not say how many.
    ValueError
        If ``render_mode`` is another.
    """
    from .gymnasium_classes import SteppedEnv

    return SteppedEnv(env, render_mode)


def as_gymnasium_vector(
    env: Environment, copies: int, *, autoreset_mode: Any = "NextStep", render_mode: str | None = None
) -> Any:
    """Make a vector environment of gymnasium of an array program: all copies in one call.

    Parameters
    ----------
    env, render_mode
        As for `as_gymnasium`.
    copies : int
        Copies that run side by side.
    autoreset_mode : gymnasium.vector.AutoresetMode or str
        When a new episode begins: ``"NextStep"``, in the step after the last, ``"SameStep"``, or ``"Disabled"``, where
        ``reset(options={"reset_mask": ended})`` is called for it.

    Returns
    -------
    gymnasium.vector.VectorEnv
    """
    from .gymnasium_classes import SteppedVectorEnv

    return SteppedVectorEnv(env, copies, autoreset_mode, render_mode)
