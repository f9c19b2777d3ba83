"""Run the suite on this machine, in the present environment, and keep what it was measured with.

The numbers go to ``results/MACHINE``, as asv writes them, and hardware and versions to ``machines/MACHINE.json``.
``page.py`` makes the page in ``docs/`` of both, and ``asv publish`` the site, from the results of all machines.

The whole suite takes hours. ``--brief`` takes well under one: times at the sizes of the quick run, each by 3 to 12
samples, times to compile of its workloads, and of the ratios those that a bar of ``bars.py`` names. Sizes between the
smallest and the largest are left out where torch compiles, and of workloads that are not in the quick run.

python asv_bench/measure.py MACHINE [--brief] [--threads N] [--devices cpu,cuda] [--bench REGEX ...] [--quick]
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

from xdl.bench import QUICK, WORKLOADS, machine, run
from xdl.bench._machine import versions
from xdl.bench._run import POOLS
from xdl.bench._table import agreement

sys.path.insert(0, str(Path(__file__).parent))
import bars

HERE = Path(__file__).parent
BRIEFLY = ["-a", "repeat=3,12,0.3", "-a", "warmup_time=0.1"]


def brief(devices):
    """Regular expressions of what a brief run takes."""
    place = f"'({'|'.join(devices)})'"
    for name, workload in WORKLOADS.items():
        title = "".join(part.capitalize() for part in name.split("_"))
        ends = f"({workload.sizes[0]}|{workload.sizes[-1]})"
        sizes = "|".join(map(str, workload.sizes))
        yield rf"^workloads\.{title}Time\.\w+\('[^']+', {place}, {ends}\)"
        if name in QUICK:
            # torch takes longest to compile
            yield rf"^workloads\.{title}Time\.\w+\('(?!.*torch compiled)[^']+', {place}, ({sizes})\)"
            yield rf"^workloads\.{title}Compile\.\w+\('[^']+', {place}"
            yield rf"^workloads\.{title}Share\.track_share_of_limit\('[^']+', {place}"
    if "cpu" in devices:
        yield from bars.patterns()


def twice(threads):
    """How far two quick runs, one after the other, are apart."""
    return agreement(*(run(seconds=90.0, threads=threads, sizes=2) for _ in range(2)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("machine", help="name of the machine in results/")
    parser.add_argument("--threads", type=int, help="cores that the workloads may use; default: all")
    parser.add_argument("--devices", default="cpu", help="devices of the workloads: cpu, or cpu,cuda")
    parser.add_argument(
        "--bench", action="append", default=[], help="only these benchmarks, as asv's --bench"
    )
    parser.add_argument("--brief", action="store_true", help="less than an hour, rather than hours")
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
    devices = options.devices.split(",")
    everything = [f"'({'|'.join(devices)})'", r"^(?!workloads\.)"]
    chosen = options.bench or (list(brief(devices)) if options.brief else everything)
    command = [*asv, "run", "--python=same", "--set-commit-hash", commit, "--machine", options.machine]
    command += [part for regex in chosen for part in ("--bench", regex)]
    command += ["--launch-method", "spawn"]  # a fork gives wrong numbers, and breaks CUDA
    command += ["--quick"] if options.quick else BRIEFLY if options.brief else []
    threads = options.threads or about["cores"]
    pools = dict.fromkeys((*POOLS, "XDL_BENCH_THREADS"), str(threads))
    environment = {**os.environ, **pools, "XDL_BENCH_DEVICES": options.devices}
    status = subprocess.run(command, cwd=HERE, env=environment, check=False).returncode

    kept = {
        "commit": commit,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": about,
        "versions": versions(),
        "threads": threads,
        "sampling": "brief" if options.brief else "full",
        "repeated": None if options.bench or options.quick else twice(threads),
    }
    (HERE / "machines").mkdir(exist_ok=True)
    (HERE / "machines" / f"{options.machine}.json").write_text(json.dumps(kept, indent=1) + "\n")
    # 2: some benchmarks failed, which asv has said
    sys.exit(0 if status in (0, 2) else status)


if __name__ == "__main__":
    main()
