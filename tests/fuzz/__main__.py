"""Fuzz the parsers, then a server.

    python -m tests.fuzz [--seed N] [--inputs N] [--requests N] [--target NAME ...]

Prints inputs, seconds and findings of each target. Exits with status 1 if there are findings, and
saves their inputs in the folder ``--findings``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.fuzz.runner import Finding, Target, run
from tests.fuzz.server import fuzz_server
from tests.fuzz.targets import TARGETS

_MAX_FINDINGS = 20
"""Findings of one target; more would repeat them."""


def main() -> int:
    """Return the exit status: 0 without findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--inputs", type=int, default=1_200_000, help="inputs for all parsers together"
    )
    parser.add_argument(
        "--requests", type=int, default=24_000, help="approximate requests to the server"
    )
    parser.add_argument("--target", action="append", help="name of a parser; repeatable")
    parser.add_argument("--findings", type=Path, default=Path("findings"))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    findings = 0
    if arguments.inputs:
        targets = [one for one in TARGETS if one.name in (arguments.target or [one.name])]
        total_share = sum(target.share for target in targets)
        for target in targets:
            inputs = round(arguments.inputs * target.share / total_share)
            findings += _fuzz(arguments.seed, target, inputs, arguments.findings)
    if arguments.requests:
        findings += fuzz_server(arguments.seed, arguments.requests)
    return 1 if findings else 0


def _fuzz(seed: int, target: Target, inputs: int, folder: Path) -> int:
    start, findings = time.monotonic(), 0
    for event in run(seed, [(target, inputs)]):
        if isinstance(event, Finding):
            findings += 1
            print(
                f"\r{target.name}: {event.description.splitlines()[-1]} {event.save(folder)}",
                flush=True,
            )
            if findings == _MAX_FINDINGS:
                break
        elif sys.stderr.isatty():
            print(f"\r{target.name}: {event:,} of {inputs:,}", end="", file=sys.stderr, flush=True)
    seconds = time.monotonic() - start
    rate = inputs / seconds
    print(
        f"\r{target.name}: {inputs:,} inputs in {seconds:.0f} s ({rate:,.0f} per second), "
        f"{findings} findings",
        flush=True,
    )
    return findings


if __name__ == "__main__":
    sys.exit(main())
