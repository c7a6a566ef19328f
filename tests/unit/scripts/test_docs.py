"""Tests of the checks of links and paths in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import docs
from web_image_ocr.settings import Settings, load_settings
from web_image_ocr.settings.reference import describe


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    (tmp_path / "src/web_image_ocr/api").mkdir(parents=True)
    (tmp_path / "src/web_image_ocr/api/errors.py").touch()
    (tmp_path / "tests").mkdir()
    return tmp_path


def test_paths_of_the_architecture_page_must_exist(root: Path) -> None:
    named = (
        "`api/errors.py`, `api/gone.py`, `tests/`, `gone/`, `src/web_image_ocr/`, `a.b`, `serve`"
    )
    (root / "ARCHITECTURE.md").write_text(named)
    missing = [fault.rpartition(" ")[2] for fault in docs.missing_paths()]
    assert missing == ["api/gone.py", "gone/", "a.b"]


def test_links_must_lead_to_files_and_headings(root: Path) -> None:
    (root / "a.md").write_text(
        "# A `part`, here\n\n## Twice\n\n## Twice\n\n```sh\n# code\n```\n\n"
        "[b](a.md#a-part-here) [c](gone.md) [d](../../actions/x) [e](https://example.com/#f)"
        "[f](#twice-1) [g](#twice-2) [h](a.md#code)"
    )
    assert [fault.rpartition(" ")[2] for fault in docs.dead_links(["a.md"])] == [
        "gone.md",
        "#twice-2",
        "a.md#code",
    ]


def test_decision_records_are_complete_and_in_the_index(root: Path) -> None:
    folder = root / "docs/decisions"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("[0001](0001-a.md)")
    (folder / "0001-a.md").write_text(
        "**Status.** x\n**Context.** x\n**Decision: a.** x\n**Consequences.** x"
    )
    (folder / "0002-b.md").write_text("**Status.** x\n**Context.** x\n**Decision.** x")
    assert list(docs.decision_faults()) == [
        "docs/decisions/0002-b.md: no Consequences",
        "docs/decisions/README.md: 0002-b.md is not in the index",
    ]


def test_the_configuration_page_has_every_setting_once() -> None:
    page = docs.configuration()
    for name, _, _ in describe(Settings):
        assert page.count(f"\n| `{name}` |") == 1


def test_sizes_are_shown_in_binary_units() -> None:
    page = docs.configuration()
    assert "| `268435456` (256 MiB) |" in page
    assert "| `7864320` (7.5 MiB) |" in page
    assert "| `16384` (16 KiB) |" in page


def test_the_sample_configuration_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "sample.toml"
    file.write_text(docs.SAMPLE_TOML)
    settings = load_settings(file)
    assert settings.api.rate_limit == "100/minute"
    assert str(settings.data_dir) == "/var/lib/web-image-ocr"
