"""Sequences in the order in which a recurrence meets them, and the weights of its gates."""

from typing import Any

import numpy as np

from ._memory import ALIGNMENT, aligned, empty

__all__ = [
    "ProductPullback",
    "Sequences",
    "by_gate",
    "can_run",
    "gate_products",
    "stacked",
    "transposed",
]

ROWS = 64  # of an input product: enough for BLAS, few enough to be in the cache when their steps come


def can_run(x, *rest):
    """Whether there is a step to run, in a precision that NumPy multiplies fast."""
    return x.dtype.char in "fd" and 0 not in x.shape


class Sequences:
    """Steps in order of time, or against it; in each the sequences that still run come first.

    ``counts`` has the number of those for each step.
    """

    def __init__(self, shape, lengths, reverse):
        self.shape, self.reverse, self.order = shape, reverse, None
        n, t = shape
        self.counts = [n] * t
        if lengths is not None:
            # as floats: an unsigned or narrow type neither holds every t nor can be negated
            lengths = np.clip(lengths.astype(np.float64), 0, t)
            active = np.arange(t) < lengths[:, None]
            self.padding = ~active
            self.order = np.argsort(-lengths, kind="stable")
            self.counts = active.sum(axis=0).tolist()
            if reverse:
                self.counts.reverse()

    def by_time(self, x):
        """Rows (t, n, ...) of sequences (n, t, ...), as a view where nothing is sorted."""
        if self.order is not None:
            x = x[self.order]
        return (x[:, ::-1] if self.reverse else x).swapaxes(0, 1)

    def by_sequence(self, rows):
        """Sequences (n, t, k), with zeros for padding, of rows (t, n, k)."""
        y = empty((*self.shape, rows.shape[-1]), rows.dtype)
        out = y[:, ::-1] if self.reverse else y
        if self.order is None:
            out[...] = rows.swapaxes(0, 1)
        else:
            out[self.order] = rows.swapaxes(0, 1)
            y[self.padding] = 0
        return y

    def sort(self, state, like):
        """Copy of a state (n, m), or zeros, in the order of the sequences."""
        if state is None:
            return np.zeros((self.shape[0], like.shape[0]), like.dtype)
        return state.copy() if self.order is None else state[self.order]

    def unsort(self, state):
        """Copy of a state (n, m) in the order it was given."""
        y = np.empty_like(state)
        y[slice(None) if self.order is None else self.order] = state
        return y

    def rows(self, x, h, w_h):
        """Memory for ``[h, x, 1]`` of each step (t + 1, n, m + n_in + 1), filled but for the states to come."""
        (n, t), m = self.shape, len(w_h)
        wide = m + x.shape[-1] + 1
        every = ALIGNMENT // x.dtype.itemsize
        z = aligned((t + 1, n, -(-wide // every) * every), x.dtype)[..., :wide]
        z[0, :, :m] = self.sort(h, w_h)
        z[:t, :, m:-1] = self.by_time(x)
        z[..., -1] = 1
        for s, k in enumerate(self.counts):
            if k < n:
                z[s, k:, m:-1] = 0  # padding may hold anything, NaN too
        return z


def stacked(w_x, w_h, b):
    """Weights (n_hidden + n_in + 1, ...) of the rows ``[h, x, 1]``."""
    bias = np.zeros(w_x.shape[1], w_x.dtype) if b is None else b
    return np.concatenate([w_h, w_x, bias[None]])


def by_gate(w, m, gates, scales):
    """Weights (gates, n_in, m) of some gates, each contiguous and scaled; ``w`` has them side by side."""
    y = aligned((len(gates), len(w), m), w.dtype)
    for part, gate, scale in zip(y, gates, scales, strict=True):
        np.multiply(w[:, gate * m : (gate + 1) * m], scale, out=part)
    return y


def gate_products(z, w, counts):
    """Yield step, number of running sequences, and the product (gates, n, m) of its inputs with the weights.

    The products of as many steps as make up a block of rows are taken at once.
    """
    t, n, k = len(counts), z.shape[1], w.shape[1]
    size = min(t, max(1, ROWS // n))
    block = aligned((len(w), size * n, w.shape[2]), w.dtype)
    for start in range(0, t, size):
        stop = min(start + size, t)
        found = block[:, : (stop - start) * n]
        np.matmul(z[start:stop, :, -k:].reshape(-1, k), w, out=found)
        for s in range(start, stop):
            running = counts[s]
            yield s, running, found[:, (s - start) * n : (s - start) * n + running]


class ProductPullback:
    """Cotangents of what was multiplied, taken of the rows of some steps at a time while they are in the cache.

    Parameters
    ----------
    shape : tuple of int
        ``(t, n, gates, m)``: of the cotangents of all gates.
    w_x : array or None
        Weights of the input, side by side for the gates of ``of_x``, if its cotangent is wanted.
    of_x : slice
        Gates that the input takes part in.
    products : list of (rows, gates)
        Rows (t, n, k) and the slice of the gates whose weights they were multiplied with.
    """

    def __init__(self, sequences, shape, dtype, w_x, of_x, products):
        t, n, gates, m = shape
        self.sequences, self.w_x, self.of_x, self.products = sequences, w_x, of_x, products
        self.size = min(t, max(1, 4 * ROWS // n))
        self.dz = aligned((self.size, n, gates, m), dtype)
        self.dx = None if w_x is None else empty((t, n, len(w_x)), dtype)
        self.dw: list[Any] = [None] * len(products)

    def steps(self):
        """Yield, from the last, each step, the number of running sequences, and memory for the cotangent."""
        counts = self.sequences.counts
        n = self.dz.shape[1]
        for stop in range(len(counts), 0, -self.size):
            start = max(0, stop - self.size)
            for s in range(stop - 1, start - 1, -1):
                k, dz = counts[s], self.dz[s - start]
                if k < n:
                    dz[k:] = 0
                yield s, k, dz[:k].swapaxes(0, 1)
            self._multiply(start, stop)

    def _multiply(self, start, stop):
        flat = self.dz[: stop - start].reshape(-1, *self.dz.shape[2:])
        columns = flat.reshape(len(flat), -1)
        m = flat.shape[-1]
        if self.dx is not None:
            some = columns[:, self.of_x.start * m : self.of_x.stop * m]
            np.matmul(some, self.w_x.T, out=self.dx[start:stop].reshape(len(flat), -1))
        for i, (rows, gates) in enumerate(self.products):
            some = columns[:, gates.start * m : gates.stop * m]
            product = np.matmul(rows[start:stop].reshape(len(flat), -1).T, some)
            if self.dw[i] is None:
                self.dw[i] = product
            else:
                np.add(self.dw[i], product, out=self.dw[i])

    def results(self):
        """Cotangents of the sequences and of the weights of each product."""
        return (None if self.dx is None else self.sequences.by_sequence(self.dx)), self.dw


def transposed(w, gates):
    """Weights (gates, m, m) of each gate of the state, transposed."""
    m = len(w)
    y = aligned((gates, m, m), w.dtype)
    y[...] = w.reshape(m, gates, m).transpose(1, 2, 0)
    return y
