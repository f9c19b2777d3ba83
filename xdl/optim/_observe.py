"""Those who look on while a method runs: the record, the caller's function, the progress bar."""

from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from ._flat import Flat
from ._method import Iterate
from ._result import Result, make_result
from ._status import Status
from ._trace import Recorder

__all__ = ["Observer"]


class Observer:
    """Looks at every pass, and tells whether to stop.

    Parameters
    ----------
    flat : Flat
        How parameters lie in a vector.
    record : bool
        Whether to keep a `Trace`.
    callback : callable, optional
        Called with a `Result` after each accepted step; what it returns, if true, ends the run.
    progress : bool
        Whether to show a bar with the count of steps, or in a batch of problems that have finished.
    """

    def __init__(
        self, flat: Flat, *, record: bool, callback: Callable[[Result], Any] | None, progress: bool
    ) -> None:
        self.flat, self.callback = flat, callback
        self.recorder = Recorder(flat) if record else None
        self._bar = None
        if progress:
            batch = flat.batch[0] if flat.lead else None
            self._bar = tqdm(total=batch, unit=" problems" if flat.lead else " steps", dynamic_ncols=True)
        self._moved: Any = None

    def __call__(self, problem: Any, state: Iterate) -> bool:
        """Look at an iterate, the first or one after a pass."""
        xs, before = problem.xs, self._moved
        moved = True if before is None else bool(xs.any(state.iterations > before))
        if self._bar is not None:
            self._show(xs, state)
        if not moved:
            return False
        first, self._moved = before is None, state.iterations
        if self.recorder is not None:
            self.recorder.point(xs, state)
        return bool(not first and self.callback is not None and self.callback(make_result(state, self.flat)))

    def _show(self, xs: Any, state: Iterate) -> None:
        bar: Any = self._bar
        if self.flat.lead:
            done = int(xs.xp.count_nonzero(state.status != int(Status.RUNNING)))
        else:
            done = int(state.iterations)
            # the bar itself knows when it was drawn last
            text = f"value {float(state.value):.6g}, |g| {float(xs.largest(state.grad)):.1e}"
            bar.set_postfix_str(text, refresh=False)
        bar.update(done - bar.n)

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()
