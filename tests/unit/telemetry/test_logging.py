from __future__ import annotations

import errno
import json
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from web_image_ocr.primitives import audit
from web_image_ocr.primitives.audit import AUDIT_LOGGER, OPERATOR, AuditContext
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.telemetry import logging as module
from web_image_ocr.telemetry.logging import LoggingConfig, configure, configure_server


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # A cached logger keeps its earlier configuration.
    monkeypatch.setattr(audit, "_log", structlog.stdlib.get_logger(AUDIT_LOGGER))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], root.level = handlers, level
    trail = logging.getLogger(AUDIT_LOGGER)
    for handler in trail.handlers:
        handler.close()
    trail.handlers, trail.propagate = [], True
    trail.setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_json_is_one_object_a_line_also_for_libraries(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(LoggingConfig(format="json"))
    structlog.stdlib.get_logger("ours").info("read", bytes=7)
    logging.getLogger("uvicorn.error").warning("theirs", extra={"color_message": "coloured"})
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["bytes"], ours["level"], ours["logger"]) == (
        "read",
        7,
        "info",
        "ours",
    )
    assert theirs["event"] == "theirs"
    assert "color_message" not in theirs


def test_a_context_is_on_every_record(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LoggingConfig(format="json"))
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        logging.getLogger("anything").error("inside")
    assert json.loads(capsys.readouterr().err)["request_id"] == "abc"


def test_the_level_applies(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LoggingConfig(level="error", format="console"))
    structlog.stdlib.get_logger("ours").info("quiet")
    structlog.stdlib.get_logger("ours").error("loud")
    shown = capsys.readouterr().err
    assert "loud" in shown
    assert "quiet" not in shown


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("before\n")
    configure(LoggingConfig(file=path))
    structlog.stdlib.get_logger("ours").info("read")
    before, record = path.read_text().splitlines()
    assert before == "before"
    assert json.loads(record)["event"] == "read"


def test_a_command_opens_its_file_with_the_first_record(tmp_path: Path) -> None:
    path = tmp_path / "log"
    configure(LoggingConfig(file=path))
    path.touch()
    structlog.stdlib.get_logger("ours").info("read")
    assert json.loads(path.read_text())["event"] == "read"


@pytest.mark.parametrize("place", ["missing", "missing/log", "folder", "fifo"])
def test_a_command_that_cannot_append_writes_to_standard_error(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    configure(LoggingConfig(file=tmp_path / place))
    AuditContext(actor=OPERATOR).record("user_created", "success")
    assert json.loads(capsys.readouterr().err)["event"] == "user_created"
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "fifo"}


def test_a_command_that_may_not_write_its_file_writes_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    path = tmp_path / "log"
    path.touch()
    monkeypatch.setattr(os, "open", refused)
    configure(LoggingConfig(file=path))
    assert capsys.readouterr().err == ""
    AuditContext(actor=OPERATOR).record("user_created", "success")
    assert json.loads(capsys.readouterr().err)["event"] == "user_created"
    assert path.read_bytes() == b""


def test_a_file_that_the_server_cannot_open_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(
        ServiceError, match=r"logging\.file .*/missing/log .*No such file"
    ) as caught:
        configure_server(LoggingConfig(file=tmp_path / "missing" / "log"))
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID


def test_the_audit_trail_of_a_command_goes_to_the_system_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_SYSTEM_LOG", str(tmp_path / "log"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as system_log:
        system_log.bind(str(tmp_path / "log"))
        configure(LoggingConfig(level="error"))
        structlog.stdlib.get_logger(AUDIT_LOGGER).info("user_created", target="abc")
        message = system_log.recv(4096).decode()
    authpriv_info = "<86>"
    assert message.startswith(f"{authpriv_info}web-image-ocr: {{")
    assert json.loads(message.partition(": ")[2])["target"] == "abc"
    assert capsys.readouterr().err == ""


def test_a_missing_system_log_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_SYSTEM_LOG", str(tmp_path / "missing"))
    configure(LoggingConfig())
    structlog.stdlib.get_logger(AUDIT_LOGGER).info("user_created", target="abc")
    assert capsys.readouterr().err == ""


def test_the_audit_trail_is_in_the_file_at_every_level(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    configure(LoggingConfig(level="error", file=tmp_path / "log"))
    structlog.stdlib.get_logger(AUDIT_LOGGER).info("user_created", target="abc")
    structlog.stdlib.get_logger("other").info("quiet")
    (record,) = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert record["event"] == "user_created"
