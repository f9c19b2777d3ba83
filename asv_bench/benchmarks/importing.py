"""How long ``import xdl`` takes beyond NumPy's own import."""

import statistics
import subprocess
import sys
import time


def seconds(statement):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


class Import:
    timeout = 300

    def track_seconds_beyond_numpy(self):
        seconds("import xdl")
        pairs = [(seconds("import numpy, xdl"), seconds("import numpy")) for _ in range(15)]
        return statistics.median(ours - numpys for ours, numpys in pairs)

    track_seconds_beyond_numpy.unit = "s"
