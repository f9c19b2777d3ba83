"""CTC loss and its gradient: NumPy beside PyTorch's kernel, 16 sequences of 200 steps, 40 classes, up to 30 labels."""

from .pairs import need, ratio

N, T, CLASSES, LABELS = 16, 200, 40, 30


def arguments():
    import numpy as np

    rng = np.random.default_rng(0)
    return (
        rng.standard_normal((N, T, CLASSES), dtype=np.float32),
        rng.integers(1, CLASSES, (N, LABELS)),
        rng.integers(2 * LABELS, T + 1, N),
        rng.integers(1, LABELS + 1, N),
    )


def numpy_side():
    import xdl
    from xdl import nn

    logits, *labels = arguments()
    step = xdl.value_and_grad(lambda x: nn.ctc_loss(x, *labels))
    return lambda: step(logits)


def torch_side(ours):
    import torch
    import torch.nn.functional as F

    from xdl import nn

    torch.set_num_threads(1)
    logits, *labels = (torch.from_numpy(x) for x in arguments())

    def native(x):
        log = torch.log_softmax(x, 2).transpose(0, 1)
        return F.ctc_loss(log, *labels, reduction="none").mean()

    loss = (lambda x: nn.ctc_loss(x, *labels)) if ours else native

    def run():
        x = logits.detach().requires_grad_()
        return torch.autograd.grad(loss(x), x)

    return run


class CTC:
    """Ratios to the loss of torch eager."""

    timeout = 300

    def setup(self):
        need("torch")

    def track_numpy(self):
        return ratio(numpy_side(), torch_side(False))

    def track_torch(self):
        return ratio(torch_side(True), torch_side(False))


CTC.track_numpy.unit = CTC.track_torch.unit = "ratio"
