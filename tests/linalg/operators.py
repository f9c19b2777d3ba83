"""Symmetric matrices for the tests of iterations."""

import numpy as np

RNG = np.random.default_rng(0)


def spectrum(values, seed=0):
    """Symmetric matrix with these eigenvalues."""
    values = np.asarray(values, dtype=np.float64)
    Q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))
    A = (Q * values) @ Q.T
    return (A + A.T) / 2


def positive(n):
    return spectrum(np.linspace(1.0, 20.0, n))


def indefinite(n):
    return spectrum(np.where(np.arange(n) % 3 == 0, -1, 1) * np.linspace(1.0, 20.0, n))
