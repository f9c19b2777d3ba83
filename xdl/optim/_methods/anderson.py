"""Anderson's acceleration of repeated substitution."""

from typing import Any

from xdl.core import Array, array_namespace
from xdl.optim._gauss import factor
from xdl.optim._methods.picard import Picard

__all__ = ["Anderson"]


class Anderson(Picard):
    """Substitute at the combination of the last points whose residuals cancel best.

    Parameters
    ----------
    damping : float
        Part of the way from the combination of the points to that of their images.
    history : int
        Differences that are kept.

    Notes
    -----
    The coefficients solve a least-squares problem by the singular values of the matrix of differences of
    residuals, whose columns become parallel as the iteration converges; directions below the root of the precision are
    left out. For linear equations this is GMRES.

    References
    ----------
    Anderson (1965); Walker & Ni (2011), "Anderson acceleration for fixed-point iterations", algorithm AA, (2.5)
    """

    history: int = 5

    def start(self, x: Array, r: Array) -> Any:
        """Residuals, the last step and its residuals, and differences of either, none yet."""
        xp = array_namespace(x)
        nothing = xp.stack([xp.zeros_like(x)] * self.history, axis=-1)
        return r, xp.zeros_like(x), r, nothing, nothing

    def move(self, xs: Any, x: Array, memory: Any) -> tuple[Array, Any]:
        """Next point, and the memory but for its residuals."""
        xp = array_namespace(x)
        r, step, before, X, R = memory
        # The first difference is zero, and so are its singular value and its part of the step.
        X = xp.concat([X[..., 1:], step[..., None]], axis=-1)
        R = xp.concat([R[..., 1:], (r - before)[..., None]], axis=-1)
        V, s, b = factor(R, r)
        known = s > xs.expand(xs.largest(s) * xs.eps**0.5)
        q = xp.where(known, b / xp.where(known, s, xp.ones_like(s)), xp.zeros_like(b))
        gamma = xp.matmul(V, q[..., None])
        dx = self.damping * r - xp.matmul(X + self.damping * R, gamma)[..., 0]
        return x + dx, (dx, r, X, R)
