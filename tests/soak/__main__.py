"""Run soak tests against a server: load, killed workers, restarts, attacks.

Usage: ``python -m tests.soak [RUN ...]``, by default all runs. Exits with 1 if a check fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.soak.kills import kill, recycle
from tests.soak.mixed import mixed
from tests.soak.restart import restart
from tests.soak.rotate import rotate
from tests.soak.stop import stop
from tests.soak.under_attack import under_attack


def main() -> int:
    """Run the named runs, print their reports and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    names = ["mixed", "mixed-2025", "kill", "recycle", "stop", "restart", "rotate", "attacked"]
    parser.add_argument("runs", nargs="*", metavar="RUN", help=f"any of {', '.join(names)}")
    parser.add_argument(
        "--calls", type=int, default=10_000, help="calls of mixed; 1/5 for mixed-2025"
    )
    parser.add_argument("--seconds", type=float, default=60, help="duration of kill and recycle")
    parser.add_argument("--stops", type=int, default=10, help="repetitions of stop and restart")
    parser.add_argument("--keys", type=int, default=20_000, help="access keys of rotate")
    parser.add_argument("--turn", type=float, default=10, help="seconds of each phase of attacked")
    arguments = parser.parse_args()
    if unknown := set(arguments.runs) - set(names):
        parser.error(f"unknown run: {', '.join(sorted(unknown))}; choose from {', '.join(names)}")
    reports = []
    with tempfile.TemporaryDirectory(prefix="soak-") as made:
        folder = Path(made)
        runs = {
            "mixed": lambda: mixed(folder, arguments.calls),
            "mixed-2025": lambda: mixed(folder, arguments.calls // 5, edition="2025"),
            "kill": lambda: kill(folder, arguments.seconds),
            "recycle": lambda: recycle(folder, arguments.seconds),
            "stop": lambda: stop(folder, arguments.stops),
            "restart": lambda: restart(folder, arguments.stops),
            "rotate": lambda: rotate(folder, arguments.keys),
            "attacked": lambda: under_attack(folder, arguments.turn),
        }
        for name in arguments.runs or names:
            print(f"== {name}", flush=True)
            reports.append(runs[name]())
            print("\n".join(reports[-1].lines()), flush=True)
    failures = sum(len(report.failures) for report in reports)
    print(f"{failures} checks failed" if failures else "all checks passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
