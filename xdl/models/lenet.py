"""LeNet-5, a small convolutional network for images of handwritten digits."""

from collections.abc import Callable
from typing import Any

from xdl import nn
from xdl.core import Array, Module, array_namespace, random, static

__all__ = ["LeNet5"]


class LeNet5(Module):
    """LeNet-5 in its modern form: 61,706 parameters for 28 x 28 grey pixels and 10 classes.

    Two convolutions with kernels of 5 x 5, each followed by an activation and pooling by 2, then three affine maps.
    The original had trainable subsampling by means, sparse connections between the feature maps, scaled tanh, and
    Gaussian connections to the classes; here these are max pooling, full connections, ReLU, and an affine map to
    logits. It padded its images to 32 x 32 as data; here the first convolution pads by 2.

    Parameters
    ----------
    key : (2,) array of uint32
        The model's arrays are of the key's backend.
    n_classes : int
        Length of the result.
    n_in : int
        Channels of an image.
    activation : callable
        Follows each layer but the last.
    init : callable
        Initializer of the weights.
    dtype : dtype, optional
        Default: float32.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document recognition,
    doi:10.1109/5.726791, figure 2

    Examples
    --------
    >>> import xdl
    >>> model = xdl.models.LeNet5(xdl.random.key(0))
    >>> sum(leaf.size for leaf in xdl.tree.leaves(model))
    61706
    """

    convolutions: tuple[nn.Conv, ...]
    layers: tuple[nn.Dense, ...]
    activation: Callable[[Array], Array] = static()

    def __init__(
        self,
        key: Array,
        n_classes: int = 10,
        *,
        n_in: int = 1,
        activation: Callable[[Array], Array] = nn.relu,
        init: Callable[..., Array] = nn.glorot_uniform,
        dtype: Any = None,
    ) -> None:
        keys = random.split(key, 5)
        options = {"init": init, "dtype": dtype}
        self.convolutions = (
            nn.Conv(keys[0, ...], n_in, 6, (5, 5), padding=2, **options),
            nn.Conv(keys[1, ...], 6, 16, (5, 5), **options),
        )
        self.layers = (
            nn.Dense(keys[2, ...], 5 * 5 * 16, 120, activation=activation, **options),
            nn.Dense(keys[3, ...], 120, 84, activation=activation, **options),
            nn.Dense(keys[4, ...], 84, n_classes, **options),
        )
        self.activation = activation

    def __call__(self, x: Array, /) -> Array:
        """Map images ``x`` (n, 28, 28, n_in) to logits (n, n_classes)."""
        if tuple(x.shape[1:]) != (28, 28, self.convolutions[0].weight.shape[2]):
            n_in = self.convolutions[0].weight.shape[2]
            message = (
                f"expected `x` of shape (n, 28, 28, {n_in}), got {tuple(x.shape)}; pad or resize the images"
            )
            raise ValueError(message)
        for convolution in self.convolutions:
            x = nn.max_pool(self.activation(convolution(x)), 2)
        x = array_namespace(x).reshape(x, (x.shape[0], 5 * 5 * 16))
        return nn.apply_layers(self.layers, x)
