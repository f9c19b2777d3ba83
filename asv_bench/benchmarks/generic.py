"""What a call of a generic function costs above the method it calls."""

import time
import timeit

from .pairs import pin


class Dispatch:
    """Microseconds above the method, for one and for three array arguments."""

    params = ["one array", "three arrays"]
    param_names = ["arguments"]

    def setup(self, arguments):
        import numpy as np

        import xdl
        from xdl.core import Array, generic

        if arguments == "one array":

            @generic
            def function(x: Array, /, *, option: int = 1) -> Array:
                return x

            method = lambda x, /, *, option=1: x
        else:

            @generic
            def function(x: Array, w: Array, b: Array | None = None, /, *, option: int = 1) -> Array:
                return x

            method = lambda x, w, b=None, /, *, option=1: x
        function.method("numpy")(method)
        x = np.ones(3)
        self.args = (x,) if arguments == "one array" else (x, x, x)
        self.function, self.method = function, method
        assert xdl.which(function, *self.args).endswith("(method of backend 'numpy')")

    def track_microseconds_above_the_method(self, arguments):
        pin()
        scope = {"f": self.function, "m": self.method, **{f"x{i}": x for i, x in enumerate(self.args)}}
        names = ", ".join(f"x{i}" for i in range(len(self.args)))
        pairs = [
            [
                timeit.timeit(f"{f}({names})", timer=time.process_time, globals=scope, number=20_000)
                for f in "fm"
            ]
            for _ in range(15)
        ]
        calls, methods = (sorted(column)[len(pairs) // 2] for column in zip(*pairs, strict=True))
        return (calls - methods) / 20_000 * 1e6

    track_microseconds_above_the_method.unit = "us"
