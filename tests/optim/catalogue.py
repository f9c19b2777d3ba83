"""Every update rule, for tests of what all of them have in common."""

from xdl import optim

RULES = [
    optim.SGD(0.1),
    optim.SGD(0.05, momentum=0.5),
    optim.SGD(0.05, momentum=0.5, nesterov=True),
    optim.Adam(0.1),
    optim.AdamW(0.1, weight_decay=1e-3),
    optim.chain(optim.clip_by_norm(2.0), optim.Adam(0.1)),
    optim.chain(optim.clip_by_norm(2.0), optim.SGD(0.1)),
    optim.Adam(lambda count: 0.1 / (1 + 0.01 * count)),
]


def example(xp, dtype=None, *, shift=0.0):
    """Parameters and a gradient of every shape and kind of leaf; the gradient is not in memory order."""
    dtype = dtype or xp.float32
    x = xp.reshape(xp.linspace(-1.0, 2.0, 12, dtype=dtype), (3, 4))
    params = {"w": x, "rest": (xp.asarray(0.5, dtype=dtype), xp.ones((2,), dtype=dtype))}
    slope = xp.matrix_transpose(xp.reshape(xp.linspace(3.0, -1.0, 12, dtype=dtype), (4, 3))) + shift
    grads = {"w": slope, "rest": (xp.asarray(-0.25, dtype=dtype), xp.asarray([1.0, 0.0], dtype=dtype))}
    return params, grads
