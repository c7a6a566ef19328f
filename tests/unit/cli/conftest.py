from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog

from web_image_ocr.cli import admin, rotation
from web_image_ocr.primitives import audit


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[MutableMapping[str, Any]]]:
    """Return the log records of commands run in this process, without configuring its log."""
    for module in (admin, rotation):
        monkeypatch.setattr(module, "configure", lambda _: None)
    # A cached logger keeps its earlier configuration.
    monkeypatch.setattr(audit, "_log", structlog.stdlib.get_logger(audit.AUDIT_LOGGER))
    with structlog.testing.capture_logs() as records:
        yield records
