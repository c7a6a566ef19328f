"""Test how the console's files are loaded."""

from __future__ import annotations

import pytest

from web_image_ocr.console import files
from web_image_ocr.console.files import STYLE, load_files


def test_reordering_the_sheets_changes_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers cache assets without limit."""
    before = load_files()
    assert load_files().version == before.version
    monkeypatch.setattr(files, "_SHEETS", tuple(reversed(files._SHEETS)))
    after = load_files()
    assert after.assets[STYLE].plain != before.assets[STYLE].plain
    assert after.version != before.version
