"""Test that files that others may open are restricted to their owner, with a warning."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from web_image_ocr.database import sqlite_files
from web_image_ocr.database.sqlite_files import keep_private
from web_image_ocr.identity import Identity, IdentityConfig


@pytest.fixture(autouse=True)
def _told_nothing_yet() -> None:
    sqlite_files._warn_once.cache_clear()


def modes(path: Path) -> dict[str, int]:
    return {
        suffix: stat.S_IMODE(path.with_name(path.name + suffix).stat().st_mode)
        for suffix in ("", "-wal", "-shm")
    }


@pytest.mark.parametrize(("mode", "kept"), [(0o644, 0o600), (0o666, 0o600), (0o444, 0o400)])
def test_the_file_and_what_is_beside_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, kept: int
) -> None:
    Identity(IdentityConfig(), tmp_path).close()
    path = tmp_path / "web-image-ocr.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT * FROM facts").fetchall()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).chmod(mode)
        keep_private(path)
        assert modes(path) == dict.fromkeys(("", "-wal", "-shm"), kept)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert f"could open {path} (mode {mode:04o}): changed its mode to {kept:04o}" in said[0]


def test_a_private_file_is_not_talked_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        Identity(IdentityConfig(), tmp_path).close()
    assert caplog.records == []


def test_a_file_that_a_running_server_finds_in_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A backup that is put back with the mode of a copy."""
    path = tmp_path / "web-image-ocr.db"
    with closing(Identity(IdentityConfig(), tmp_path)) as identity:
        identity.check()
        copy = tmp_path / "copy"
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        copy.chmod(0o644)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink()
        copy.replace(path)
        identity.check()
        assert modes(path) == dict.fromkeys(("", "-wal", "-shm"), 0o600)
    assert "could open" in caplog.text


def test_a_file_of_another_user_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    path.touch(mode=0o644)
    path.chmod(0o644)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    for _ in range(3):
        keep_private(path)
    (record,) = caplog.records
    assert f"may open {path} (mode 0644)" in record.getMessage()
    assert "Operation not permitted" in record.getMessage()
    assert "run chmod 600" in record.getMessage()


def test_no_file_is_no_matter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep_private(tmp_path / "none.db")
    (tmp_path / "file").touch(mode=0o600)
    keep_private(tmp_path / "file" / "none.db")
    assert caplog.records == []
