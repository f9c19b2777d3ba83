"""Samples of dense layers with rectifiers between them."""

from xdl.nn._relu_layers import relu_activations

from ._rows import X
from ._sample import RNG, joined, sample

W1, B1, W2, B2, W3, B3 = PARAMETERS = [
    RNG.normal(size=shape) for shape in ((6, 5), (5,), (5, 4), (4,), (4, 3), (3,))
]
INPUTS = X, X[0], RNG.normal(size=(2, 4, 6))


def _pullback(x, parameters, wanted):
    hidden = relu_activations(x, *parameters)[:-1]
    dy = RNG.normal(size=(*x.shape[:-1], parameters[-2].shape[1]))
    # the activations hang on the parameters: they are not varied by themselves
    return sample(dy, x, *parameters, *hidden, wanted=wanted, post=joined)


def _layers(*, post=None):
    options = {} if post is None else {"post": post}
    return (
        *(sample(x, *PARAMETERS, **options) for x in (*INPUTS, X[:0])),
        sample(X, W1, None, W2, B2, **options),
        sample(RNG.normal(size=(6, 4)).T, W1, B1, **options),
    )


SAMPLES = {
    "nn.relu_layers": _layers(),
    "nn.relu_activations": _layers(post=joined),
    "nn.relu_layers_pullback": (
        *(_pullback(x, PARAMETERS, (True,) * 7) for x in INPUTS),
        _pullback(X, PARAMETERS, (False,) + (True,) * 6),
        _pullback(X, PARAMETERS, (False, False, False, True, False, False, True)),
        _pullback(X, [W1, None, W2, B2], (True, True, False, False, True)),
        _pullback(X, [W1, B1], (False, True, True)),
    ),
}
