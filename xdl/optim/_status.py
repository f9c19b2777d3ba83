"""How a method ended, as a number that arrays can hold."""

import enum

__all__ = ["Status"]


class Status(enum.IntEnum):
    """Why a method stopped. Those up to ``SMALL_CHANGE`` are success."""

    RUNNING = -1
    CONVERGED = 0
    SMALL_STEP = 1
    SMALL_CHANGE = 2
    MAX_ITERATIONS = 3
    MAX_EVALUATIONS = 4
    NO_PROGRESS = 5
    NOT_FINITE = 6
    UNBOUNDED = 7
    STOPPED = 8
    NOT_BRACKETED = 9

    @property
    def message(self) -> str:
        """The reason in words."""
        return _MESSAGES[self]


_MESSAGES = {
    Status.RUNNING: "still running",
    Status.CONVERGED: "converged: the gradient, or what stands for it, is as small as was asked for",
    Status.SMALL_STEP: "converged: the parameters hardly change any more",
    Status.SMALL_CHANGE: "converged: the value hardly changes any more",
    Status.MAX_ITERATIONS: "not converged: the largest number of iterations was reached",
    Status.MAX_EVALUATIONS: "not converged: the largest number of evaluations was reached",
    Status.NO_PROGRESS: "not converged: no step was found that improves the value, at this precision",
    Status.NOT_FINITE: "not converged: the value or the gradient is infinite or NaN",
    Status.UNBOUNDED: "diverged: the value fell below any bound",
    Status.STOPPED: "stopped by the callback",
    Status.NOT_BRACKETED: "not started: the function has the same sign at both ends of the bracket",
}
