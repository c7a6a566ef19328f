"""A little of ``make fuzz``, so that the parsers are known to stand it and the program to work."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.fuzz import runner
from tests.fuzz.runner import Finding, Target, made, run
from tests.fuzz.targets import TARGETS

pytestmark = pytest.mark.slow

INPUTS = 2_000
"""Of each parser; ``make fuzz`` sends seventy times as many."""


def test_nothing_comes_to_a_bad_end(tmp_path: Path) -> None:
    said = list(run(7, [(target, INPUTS) for target in TARGETS]))
    findings = [one for one in said if isinstance(one, Finding)]
    assert [(one.save(tmp_path), one.what) for one in findings] == []
    assert said[-1] == INPUTS * len(TARGETS)


def test_inputs_can_be_made_again() -> None:
    for target in TARGETS:
        inputs = [made(7, target, number) for number in range(50)]
        assert inputs == [made(7, target, number) for number in range(50)]
        assert len(set(inputs)) > 40


def raises(_: bytes) -> None:
    raise KeyError("found")


def dies(_: bytes) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hangs(_: bytes) -> None:
    time.sleep(60)


def returns(_: bytes) -> None:
    """Nothing to find."""


def test_bad_ends_are_found_with_their_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the inputs after one that ended the process are still sent."""
    monkeypatch.setattr(runner, "SILENCE_S", 1.0)
    plan = [
        (Target(name=check.__name__, check=check, seeds=[b"seed"], refusals=[], share=1.0), 1)
        for check in (raises, dies, hangs, returns)
    ]
    said = list(run(1, plan))
    findings = [one for one in said if isinstance(one, Finding)]
    assert [(one.target, one.what.splitlines()[-1]) for one in findings] == [
        ("raises", "KeyError: 'found'"),
        ("dies", "exit status -11"),
        ("hangs", "no answer within 1 s"),
    ]
    for (target, _), finding in zip(plan, findings, strict=False):
        assert finding.data == finding.save(tmp_path).read_bytes() == made(1, target, 0)
    assert said[-1] == 4
