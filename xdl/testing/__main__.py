"""``python -m xdl.testing --backend NAME [--device DEVICE]``: the conformance suite and its table."""

import argparse
import sys

from xdl.core import BackendError

from ._report import report


def main() -> int:
    """Run the suite; 0 if every row passed or is skipped with a reason, 1 if one failed, 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m xdl.testing", description=report.__doc__)
    parser.add_argument("--backend", required=True, help="name of a backend, or import path of a namespace")
    parser.add_argument("--device", help="where to compute; default: the library's own default")
    chosen = parser.parse_args()
    try:
        return report(chosen.backend, device=chosen.device)
    except BackendError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
