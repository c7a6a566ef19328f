"""A file made once is whole, private, and nobody's second."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from web_image_ocr.primitives.atomic_files import create_if_missing, replace_durably


def writer(content: str) -> Callable[[Path], None]:
    def write(draft: Path) -> None:
        draft.write_text(content)

    return write


def test_it_is_private_and_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    create_if_missing(path, writer("content"))
    assert path.read_text() == "content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    create_if_missing(path, writer("yours"))
    assert path.read_text() == "mine"


def test_of_many_at_once_one_wins_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    barrier = threading.Barrier(8)

    def make(number: int) -> None:
        def write(draft: Path) -> None:
            barrier.wait()
            draft.write_text(str(number) * 1000)

        create_if_missing(path, write)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = path.read_text()
    assert len(content) == 1000
    assert len(set(content)) == 1
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def write(draft: Path) -> None:
        raise OSError(draft.name)

    with pytest.raises(OSError, match="file"):
        create_if_missing(tmp_path / "file", write)
    assert list(tmp_path.iterdir()) == []


class TestReplacing:
    def test_content_is_new_mode_and_links_stay(self, tmp_path: Path) -> None:
        path, link = tmp_path / "file", tmp_path / "link"
        path.write_text("old")
        path.chmod(0o640)
        link.symlink_to(path)
        replace_durably(link, b"new")
        assert path.read_text() == "new"
        assert link.is_symlink()
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert sorted(tmp_path.iterdir()) == [path, link]

    def test_a_draft_left_by_a_crash_is_replaced(self, tmp_path: Path) -> None:
        path, draft = tmp_path / "file", tmp_path / ".file.new"
        path.write_text("old")
        draft.write_text("half")
        draft.chmod(0o666)
        replace_durably(path, b"new")
        assert path.read_text() == "new"
        assert not draft.exists()

    def test_a_failure_leaves_the_old_content(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "file"
        path.write_text("old")

        def full(_handle: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            replace_durably(path, b"new")
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_the_owner_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_text("old")
        os.chown(path, 12345, 12345)
        replace_durably(path, b"new")
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12345)
