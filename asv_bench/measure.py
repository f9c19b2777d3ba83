"""Run the suite on this machine, in the present environment, and keep what it was measured with.

The numbers go to ``results/MACHINE``, as asv writes them, and hardware and versions to ``machines/MACHINE.json``.
``page.py`` makes the page in ``docs/`` of both, and ``asv publish`` the site, from the results of all machines.

python asv_bench/measure.py MACHINE [--devices cpu,cuda] [--bench REGEX ...] [--quick]
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

from xdl.bench import machine
from xdl.bench._machine import versions

HERE = Path(__file__).parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("machine", help="name of the machine in results/")
    parser.add_argument("--devices", default="cpu", help="devices of the workloads: cpu, or cpu,cuda")
    parser.add_argument(
        "--bench", action="append", default=[], help="only these benchmarks, as asv's --bench"
    )
    parser.add_argument("--quick", action="store_true", help="each number once: to try it out")
    options = parser.parse_args()

    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True
    ).stdout.strip()
    about = machine()
    described = {
        "arch": "",
        "cpu": about["cpu"],
        "num_cpu": str(about["cores"]),
        "os": about["system"],
        "ram": f"{(about['memory'] or 0) / 2**30:.0f} GiB",
    }
    asv = [sys.executable, "-m", "asv"]
    known = [part for key, value in described.items() for part in (f"--{key}", value)]
    subprocess.run([*asv, "machine", "--machine", options.machine, *known], cwd=HERE, check=True)
    # a benchmark of another device is not even started
    chosen = options.bench or [f"'({options.devices.replace(',', '|')})'", r"^(?!workloads\.)"]
    command = [*asv, "run", "--python=same", "--set-commit-hash", commit, "--machine", options.machine]
    command += [part for regex in chosen for part in ("--bench", regex)]
    command += ["--launch-method", "spawn"]  # a fork gives wrong numbers, and breaks CUDA
    command += ["--quick"] if options.quick else []
    environment = {**os.environ, "XDL_BENCH_DEVICES": options.devices}
    status = subprocess.run(command, cwd=HERE, env=environment, check=False).returncode

    kept = {
        "commit": commit,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": about,
        "versions": versions(),
        "threads": int(os.environ.get("OMP_NUM_THREADS", about["cores"])),
    }
    (HERE / "machines").mkdir(exist_ok=True)
    (HERE / "machines" / f"{options.machine}.json").write_text(json.dumps(kept, indent=1) + "\n")
    # 2: some benchmarks failed, which asv has said
    sys.exit(0 if status in (0, 2) else status)


if __name__ == "__main__":
    main()
