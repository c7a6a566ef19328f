"""Test the errors for a missing database and an unusable folder."""

from __future__ import annotations

import errno
import os
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.identity import refused
from web_image_ocr.database.database import Database
from web_image_ocr.identity import Identity, IdentityConfig
from web_image_ocr.primitives.errors import ErrorKind

CONFIG = IdentityConfig()


class TestMissing:
    """A missing database that must not be created is an error, and nothing is created."""

    @pytest.mark.parametrize("name", ["typo", "a typo"])
    def test_the_folder_is_named(self, tmp_path: Path, name: str) -> None:
        folder = tmp_path / name
        with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
            Identity(CONFIG, folder, may_create=False)
        quoted = f"'{folder}'" if " " in name else folder
        assert caught.value.detail == (
            f"no database in {folder}: run `web-image-ocr admin init --data-dir {quoted}` first"
        )
        assert not folder.exists()

    def test_a_relative_folder_is_named_in_full(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
            Identity(CONFIG, Path("data"), may_create=False)
        assert caught.value.detail.startswith(f"no database in {tmp_path}/data: ")

    def test_a_folder_that_holds_other_files_is_left_as_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").touch()
        with refused(ErrorKind.DATABASE_UNAVAILABLE):
            Identity(CONFIG, tmp_path, may_create=False)
        assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]

    def test_a_database_elsewhere_is_named_by_its_setting(self, tmp_path: Path) -> None:
        config = IdentityConfig(database_url=f"sqlite:///{tmp_path}/elsewhere/own.db")
        with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
            Identity(config, tmp_path / "data", may_create=False)
        assert caught.value.detail == (
            "no database at identity.database_url: run `web-image-ocr admin init` first"
        )
        assert list(tmp_path.iterdir()) == []

    def test_an_empty_file_counts_as_a_missing_database(self, tmp_path: Path) -> None:
        path = tmp_path / "web-image-ocr.db"
        path.touch()
        with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
            Identity(CONFIG, tmp_path, may_create=False)
        assert caught.value.detail.startswith("no database in ")
        assert path.stat().st_size == 0

    def test_tables_without_a_master_key_count_as_a_missing_database(self, tmp_path: Path) -> None:
        Database(f"sqlite:///{tmp_path}/web-image-ocr.db", 1).close()
        with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
            Identity(CONFIG, tmp_path, may_create=False)
        assert caught.value.detail.startswith("no database in ")
        assert not (tmp_path / "master.key").exists()

    def test_what_is_there_is_opened(self, tmp_path: Path) -> None:
        with closing(Identity(CONFIG, tmp_path)) as identity:
            made = identity.initialize()
        with closing(Identity(CONFIG, tmp_path, may_create=False)) as identity:
            assert [user.name for user in identity.administration.users()] == [made.user]


@pytest.mark.parametrize("may_create", [True, False])
class TestFolderThatCannotBe:
    """It is a wrong setting, named with the system's reason."""

    @pytest.mark.parametrize("name", ["file", "file/data"])
    def test_a_file_stands_in_its_way(self, tmp_path: Path, name: str, may_create: bool) -> None:
        (tmp_path / "file").touch()
        with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
            Identity(CONFIG, tmp_path / name, may_create=may_create)
        assert caught.value.detail == (
            f"the database folder {tmp_path / name} cannot be used: Not a directory"
        )

    def test_the_system_refuses_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, may_create: bool
    ) -> None:
        def refuse(path: Path, *_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

        monkeypatch.setattr(Path, "mkdir" if may_create else "stat", refuse)
        with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
            Identity(CONFIG, tmp_path / "data", may_create=may_create)
        assert caught.value.detail == (
            f"the database folder {tmp_path}/data cannot be used: Permission denied"
        )


def test_a_folder_that_the_system_does_not_know_is_not_called_a_missing_database() -> None:
    with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
        Identity(CONFIG, Path("/proc/none"))
    assert caught.value.detail.endswith("cannot be used: No such file or directory")
