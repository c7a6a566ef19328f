"""Check memory, open files and threads of a server under load."""

from __future__ import annotations

from statistics import median

from tests.soak.processes import Resources, resources_of
from tests.soak.report import Report

WARM = 1000
"""Calls after which the memory is compared: by then every image has been read often."""
_GROWTH = 0.05
"""Largest relative growth of memory."""
_WINDOW = 300
"""Calls over which a median is taken: what a worker holds swings by the image it reads."""
_SAMPLE_EVERY = 10
_SHOW_EVERY = 500
_SPARE_FILES = 8
"""Open files beyond those at the start: one connection a client."""


class Memory:
    """Sample the resources of one server between calls."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = resources_of(pid)
        self._samples: list[tuple[int, Resources]] = []

    def sample(self, calls: int) -> None:
        """Take a sample every 10 calls; ``calls`` is the number so far."""
        if calls % _SAMPLE_EVERY == 0:
            self._samples.append((calls, resources_of(self._pid)))
        if calls % _SHOW_EVERY == 0:
            print(f"{calls} calls, {self._samples[-1][1].mib:.0f} MiB", flush=True)

    def check(self, report: Report) -> None:
        """Compare memory, files and threads at the end with those after the first calls."""
        after = resources_of(self._pid)
        report.check(after.zombies == 0, f"{after.zombies} zombie processes")
        report.check(
            after.files <= self._before.files + _SPARE_FILES,
            f"{self._before.files} open files before, {after.files} after",
        )
        report.facts.append(f"{self._before.threads} threads before, {after.threads} after")
        calls = self._samples[-1][0]
        if calls < WARM + 2 * _WINDOW:
            report.facts.append(f"{after.mib:.0f} MiB at the end; too few calls to measure growth")
            return
        warm, end = self._around(WARM), self._around(calls)
        grown = sum(end.values()) / sum(warm.values()) - 1
        each = "; ".join(
            f"{name} {warm.get(pid, 0) / 2**20:.0f} -> {held / 2**20:.0f}"
            for name, (pid, held) in zip(("server", *("worker",) * 99), end.items(), strict=False)
        )
        report.facts.append(f"MiB after {WARM} calls and at the end: {each}")
        report.check(grown <= _GROWTH, f"memory grew by {grown:.1%} after the first {WARM} calls")

    def _around(self, calls: int) -> dict[int, float]:
        """Return bytes by process, medians over the samples near that number of calls."""
        near = [held.resident for made, held in self._samples if abs(made - calls) <= _WINDOW]
        return {pid: median(held.get(pid, 0) for held in near) for pid in near[-1]}
