"""Write dated result files."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import ROOT

_RESULTS = ROOT / "benchmarks" / "results"


def write_results(benchmark: str, started: datetime, results: Mapping[str, Any]) -> Path:
    """Write results with commit, machine and Python version; return the path."""
    sheet = {
        "date": started.isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "load": os.getloadavg()},
        "python": platform.python_version(),
        **results,
    }
    _RESULTS.mkdir(exist_ok=True)
    path = _RESULTS / f"{benchmark}-{started.strftime('%Y%m%dT%H%M%SZ')}.json"
    path.write_text(json.dumps(sheet, indent=1) + "\n", encoding="utf-8")
    return path


def _commit() -> str:
    return subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - the developer's own git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
