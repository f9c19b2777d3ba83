"""Estimates of a statistical model beside their standard errors."""

from xdl.core import Array, Module, array_namespace, to_numpy
from xdl.nn._erf import erfc

__all__ = ["CoefficientTable"]


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
