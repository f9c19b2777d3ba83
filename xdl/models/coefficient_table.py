"""Estimates of a statistical model beside their standard errors."""

from typing import Any

from xdl.core import Array, Module, array_namespace, to_numpy
from xdl.nn._erf import erfc

__all__ = ["CoefficientTable", "Estimated"]


class CoefficientTable(Module):
    """Estimates and what is known of their errors; the intercept, if there is one, comes first.

    Parameters
    ----------
    estimate, standard_error : (..., q) array
        Coefficients, and square roots of the variances of their large-sample normal distribution.
    statistic : (..., q) array
        Their quotient: z.
    p_value : (..., q) array
        Probability, under a normal distribution, of a quotient of this modulus or more if the coefficient is 0.
    """

    estimate: Array
    standard_error: Array
    statistic: Array
    p_value: Array

    def __init__(self, estimate: Array, standard_error: Array) -> None:
        xp = array_namespace(estimate)
        self.estimate, self.standard_error = estimate, standard_error
        zero = standard_error == 0
        z = estimate / xp.where(zero, xp.ones_like(standard_error), standard_error)
        self.statistic = z
        self.p_value = erfc(xp.abs(z) * 0.5**0.5)

    def __str__(self) -> str:
        """One line for each coefficient."""
        columns = [to_numpy(c) for c in (self.estimate, self.standard_error, self.statistic, self.p_value)]
        lines = [f"{'':>4}{'estimate':>14}{'std. error':>14}{'z':>10}{'p':>12}"]
        for k, (b, s, z, p) in enumerate(zip(*(c.reshape(-1).tolist() for c in columns), strict=True)):
            lines.append(f"{k:4d}{b:14.6g}{s:14.6g}{z:10.3f}{p:12.3g}")
        return "\n".join(lines)


class Estimated(Module):
    """Base of models with one coefficient for each feature, whose `covariance` tells how well they are known."""

    @property
    def has_intercept(self) -> bool:
        """Whether the fit had an intercept; of a model that was not fitted, true."""
        model: Any = self
        return model.result is None or model.result.x.shape[-1] > model.coefficients.shape[-1]

    def covariance(self, X: Array, y: Array, /, *, weights: Array | None = None) -> Array:
        """Covariance (..., q, q) of the estimates, intercept first."""
        raise NotImplementedError

    def standard_errors(self, X: Array, y: Array, /, *, weights: Array | None = None) -> Array:
        """Standard errors of the estimates, intercept first, (..., q): see `covariance`."""
        xp = array_namespace(X)
        return xp.sqrt(xp.linalg.diagonal(self.covariance(X, y, weights=weights)))

    def table(self, X: Array, y: Array, /, *, weights: Array | None = None) -> CoefficientTable:
        """Estimates, standard errors, their quotients, and two-sided p-values, as R's ``summary(glm(...))``.

        The p-values are those of the normal distribution, which for a linear model approximates Student's t.
        """
        model: Any = self
        xp, theta = array_namespace(X), model.coefficients
        if self.has_intercept:
            theta = xp.concat([model.intercept[..., None], theta], axis=-1)
        return CoefficientTable(theta, self.standard_errors(X, y, weights=weights))
