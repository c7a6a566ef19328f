"""Run a short ``make fuzz`` on the parsers, and test the fuzzer itself."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.fuzz import runner
from tests.fuzz.runner import Finding, Target, make_input, run
from tests.fuzz.targets import TARGETS

pytestmark = pytest.mark.slow

INPUTS = 2_000
"""Inputs per parser; ``make fuzz`` sends 70 times as many."""


def test_no_findings(tmp_path: Path) -> None:
    events = list(run(7, [(target, INPUTS) for target in TARGETS]))
    findings = [one for one in events if isinstance(one, Finding)]
    assert [(one.save(tmp_path), one.description) for one in findings] == []
    assert events[-1] == INPUTS * len(TARGETS)


def test_inputs_are_reproducible() -> None:
    for target in TARGETS:
        inputs = [make_input(7, target, number) for number in range(50)]
        assert inputs == [make_input(7, target, number) for number in range(50)]
        assert len(set(inputs)) > 40


def raises(_: bytes) -> None:
    raise KeyError("found")


def crashes(_: bytes) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hangs(_: bytes) -> None:
    time.sleep(60)


def returns(_: bytes) -> None:
    """Return: no finding."""


def test_failures_are_found_with_their_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inputs after a crash are still sent."""
    monkeypatch.setattr(runner, "HANG_S", 3.0)  # a crash may take 1 s on a loaded machine
    plan = [
        (Target(name=check.__name__, check=check, seeds=[b"seed"], refusals=[], share=1.0), 1)
        for check in (raises, crashes, hangs, returns)
    ]
    events = list(run(1, plan))
    findings = [one for one in events if isinstance(one, Finding)]
    assert [(one.target, one.description.splitlines()[-1]) for one in findings] == [
        ("raises", "KeyError: 'found'"),
        ("crashes", "exit status -11"),
        ("hangs", "no answer within 3 s"),
    ]
    for (target, _), finding in zip(plan, findings, strict=False):
        assert finding.data == finding.save(tmp_path).read_bytes() == make_input(1, target, 0)
    assert events[-1] == 4
