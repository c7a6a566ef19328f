from __future__ import annotations

import signal

import pytest

from web_image_ocr.serving import worker_exits
from web_image_ocr.serving.worker_exits import WorkerExits


@pytest.fixture
def kills(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    counted = [4]
    monkeypatch.setattr(worker_exits, "out_of_memory_kills", lambda: counted[0])
    return counted


def test_the_exit_status_is_described(kills: list[int]) -> None:
    assert kills
    assert WorkerExits().describe("", 3) == {"exit_code": 3}
    assert WorkerExits().describe("", -11) == {"exit_code": -11, "signal": "SIGSEGV"}
    assert WorkerExits().describe("", -40) == {"exit_code": -40, "signal": "40"}


def test_the_reason_of_the_server_is_named(kills: list[int]) -> None:
    exits = WorkerExits()
    kills[0] += 1
    fields = exits.describe("late", -signal.SIGKILL)
    assert fields == {"exit_code": -9, "signal": "SIGKILL", "killed_for": "late"}


def test_an_out_of_memory_kill_gets_a_hint(
    kills: list[int],
) -> None:
    exits = WorkerExits()
    assert "hint" not in exits.describe("", -signal.SIGKILL)
    kills[0] += 2
    assert "hint" not in exits.describe("", -signal.SIGSEGV)
    for _ in range(2):
        assert str(exits.describe("", -signal.SIGKILL)["hint"]).startswith("out of memory")
    assert "hint" not in exits.describe("", -signal.SIGKILL)
