"""Arguments to try every method of a generic function with.

One file for each concept, named as the file that defines the function, with a table ``SAMPLES``: name of a generic
function -> samples. A new method of a function that has no entry fails ``test_methods.py``: add a sample for each
path that the method may take (small and large, each option, each case in which it declines or treats values apart).
"""

import importlib
import pkgutil

from ._sample import INF, NAN, RNG, Sample, joined, sample

__all__ = ["ELSEWHERE", "INF", "NAN", "RNG", "SAMPLES", "Sample", "joined", "sample"]

SAMPLES: dict[str, tuple[Sample, ...]] = {}
for _found in pkgutil.iter_modules(__path__, f"{__name__}."):
    if not _found.name.rpartition(".")[2].startswith("_"):
        SAMPLES |= importlib.import_module(_found.name).SAMPLES

# Methods that a comparison with the portable definition cannot test, or that need more than that: why, and where.
ELSEWHERE = {
    "nn.drop_and_mask": ("it keeps a mask or none", "backends/test_numpy_numba.py"),
    "nn.ctc_forward": ("it returns what the pullback uses again, of any type", "nn/test_ctc.py"),
    "nn.ctc_pullback": ("it takes what the forward pass saves", "nn/test_ctc.py"),
    "nn.conv_forward": ("it returns what the pullback uses again, of any type", "nn/test_conv.py"),
    "nn.gru_": ("they return or take what the forward pass saves", "nn/test_gru.py"),
    "nn.lstm_": ("they return or take what the forward pass saves", "nn/test_lstm.py"),
    "nn.rnn_": ("they return or take what the forward pass saves", "nn/test_rnn.py"),
    "optim.": ("updates write into their arguments", "optim/test_update.py"),
    "rl.begin_again": ("it takes a function", "rl/test_environment.py"),
    "rl.put_rows": ("it writes into its argument", "rl/test_slots.py"),
    "random.": ("integers, compared byte by byte with published ones", "core/random/test_same_bytes.py"),
}
