"""How long ``import xdl`` takes beyond NumPy's own import."""

import os
import resource
import statistics
import subprocess
import sys


def seconds(statement):
    """Processor time of a fresh interpreter that runs the statement, with bytecode on disk as installers leave it."""
    writing = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, env=writing)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Import:
    """Median of the differences of pairs."""

    timeout = 300

    def track_seconds_beyond_numpy(self):
        seconds("import xdl")
        pairs = [(seconds("import numpy, xdl"), seconds("import numpy")) for _ in range(15)]
        return statistics.median(ours - numpys for ours, numpys in pairs)

    track_seconds_beyond_numpy.unit = "s"
