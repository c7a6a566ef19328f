"""Refuse a rolling restart, and find its command line; restarts are in ``tests/system``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from web_image_ocr.server import restart as module
from web_image_ocr.server.restart import RollingRestart
from web_image_ocr.server.signals import ShutdownRequest


def refusal(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(module, "_start", lambda *_: pytest.fail("started a successor"))
    stop = ShutdownRequest.__new__(ShutdownRequest)
    stop.requested = False
    with capture_logs() as logged:
        RollingRestart([], 2, stop, lambda: None).begin()
    (record,) = logged
    assert record["event"] == "rolling restart refused"
    reason: str = record["reason"]
    return reason


def test_the_main_process_of_a_service_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getpid()))
    assert "use systemctl restart with a .socket unit" in refusal(monkeypatch)


def test_the_main_process_of_a_container_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert "start a second container" in refusal(monkeypatch)


@pytest.mark.parametrize("init", ["tini", "docker-init", "dumb-init", "catatonit"])
def test_the_child_of_a_container_init_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, init: str
) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "comm").write_text(f"{init}\n")
    monkeypatch.setattr(module, "PROC", tmp_path)
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert refusal(monkeypatch).startswith(f"{init} ends the container")


@pytest.mark.parametrize(("parent", "init"), [(1, "systemd"), (1, None), (2, "tini")])
def test_other_parents_do_not_prevent_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parent: int, init: str | None
) -> None:
    (tmp_path / "1").mkdir()
    if init:
        (tmp_path / "1" / "comm").write_text(f"{init}\n")
    monkeypatch.setattr(module, "PROC", tmp_path)
    monkeypatch.setattr(os, "getppid", lambda: parent)
    monkeypatch.delenv("SYSTEMD_EXEC_PID", raising=False)
    assert module._refusal() == ""


def test_a_server_that_stops_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_start", lambda *_: pytest.fail("started a successor"))
    stop = ShutdownRequest.__new__(ShutdownRequest)
    stop.requested = True
    RollingRestart([], 2, stop, lambda: None).begin()


def test_a_command_is_restarted_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.0").mkdir()
    script = tmp_path / "1.0" / "web-image-ocr"
    script.touch(mode=0o755)
    link = tmp_path / "current"
    link.symlink_to("1.0")
    monkeypatch.setattr(sys, "argv", [str(link / script.name), "serve", "--port", "1"])
    assert module._command() == [f"{link}/web-image-ocr", "serve", "--port", "1"]


def test_a_module_is_restarted_by_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "__main__.py"
    script.touch()
    monkeypatch.setattr(sys, "argv", [str(script), "serve"])
    monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "dev", "-m", "web_image_ocr", "serve"])
    command = [sys.executable, "-X", "dev", "-m", "web_image_ocr", "serve"]
    assert module._command() == command
