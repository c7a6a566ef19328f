from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from web_image_ocr.telemetry.logging import LoggingConfig, configure


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_json_is_one_object_a_line_for_ours_and_for_libraries(
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


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LoggingConfig(level="error", format="console"))
    structlog.stdlib.get_logger("ours").info("quiet")
    structlog.stdlib.get_logger("ours").error("loud")
    shown = capsys.readouterr().err
    assert "loud" in shown
    assert "quiet" not in shown
