"""Fuzzes the parsers, then a server.

    python -m tests.fuzz [--seed N] [--inputs N] [--requests N] [--target NAME ...]

Prints inputs, seconds and findings of each; ends with status 1 if there are findings, whose
inputs lie in the folder named by ``--findings``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.fuzz.runner import Finding, Target, run
from tests.fuzz.server import fuzz_server
from tests.fuzz.targets import TARGETS

_MOST_FINDINGS = 20
"""Of one target; the rest would be the same again."""


def main() -> int:
    """Status 0 without findings."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--inputs", type=int, default=1_200_000, help="of all parsers together")
    options.add_argument("--requests", type=int, default=24_000, help="to the server, about")
    options.add_argument("--target", action="append", help="one parser; may stand again")
    options.add_argument("--findings", type=Path, default=Path("findings"))
    asked = options.parse_args()
    print(f"seed {asked.seed}", flush=True)
    bad = 0
    if asked.inputs:
        chosen = [one for one in TARGETS if one.name in (asked.target or [one.name])]
        whole = sum(one.share for one in chosen)
        for one in chosen:
            bad += _fuzz(asked.seed, one, round(asked.inputs * one.share / whole), asked.findings)
    if asked.requests:
        bad += fuzz_server(asked.seed, asked.requests)
    return 1 if bad else 0


def _fuzz(seed: int, target: Target, inputs: int, folder: Path) -> int:
    began, findings = time.monotonic(), 0
    for said in run(seed, [(target, inputs)]):
        if isinstance(said, Finding):
            findings += 1
            print(f"\r{target.name}: {said.what.splitlines()[-1]} {said.save(folder)}", flush=True)
            if findings == _MOST_FINDINGS:
                break
        elif sys.stderr.isatty():
            print(f"\r{target.name}: {said:,} of {inputs:,}", end="", file=sys.stderr, flush=True)
    seconds = time.monotonic() - began
    rate = inputs / seconds
    print(
        f"\r{target.name}: {inputs:,} inputs in {seconds:.0f} s ({rate:,.0f} a second), "
        f"{findings} findings",
        flush=True,
    )
    return findings


if __name__ == "__main__":
    sys.exit(main())
