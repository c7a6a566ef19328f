from __future__ import annotations

import signal

import pytest

from web_image_ocr.serving import worker_exits as endings
from web_image_ocr.serving.worker_exits import WorkerExits


@pytest.fixture
def kills(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    counted = [4]
    monkeypatch.setattr(endings, "out_of_memory_kills", lambda: counted[0])
    return counted


def test_a_status_is_said(kills: list[int]) -> None:
    assert kills
    assert WorkerExits().of("", 3) == {"exit_code": 3}
    assert WorkerExits().of("", -11) == {"exit_code": -11, "signal": "SIGSEGV"}
    assert WorkerExits().of("", -40) == {"exit_code": -40, "signal": "40"}


def test_the_reason_of_the_server_is_said(kills: list[int]) -> None:
    ends = WorkerExits()
    kills[0] += 1
    told = ends.of("late", -signal.SIGKILL)
    assert told == {"exit_code": -9, "signal": "SIGKILL", "killed_for": "late"}


def test_a_worker_that_ran_out_of_memory_is_told_from_one_that_was_killed(
    kills: list[int],
) -> None:
    ends = WorkerExits()
    assert "hint" not in ends.of("", -signal.SIGKILL)
    kills[0] += 2
    assert "hint" not in ends.of("", -signal.SIGSEGV)
    for _ in range(2):
        assert str(ends.of("", -signal.SIGKILL)["hint"]).startswith("out of memory")
    assert "hint" not in ends.of("", -signal.SIGKILL)
