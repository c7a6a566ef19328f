"""The console's files as they are sent."""

from __future__ import annotations

import pytest

from web_image_ocr.console import files
from web_image_ocr.console.files import STYLE, load_files


def test_another_order_of_the_sheets_has_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers keep what lies under an address for good."""
    before = load_files()
    assert load_files().version == before.version
    monkeypatch.setattr(files, "_SHEETS", tuple(reversed(files._SHEETS)))
    after = load_files()
    assert after.parts[STYLE].plain != before.parts[STYLE].plain
    assert after.version != before.version
