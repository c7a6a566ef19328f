"""Create the first account and the file of its secrets: both, or neither."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import argon2
import pytest
from structlog.testing import capture_logs

from web_image_ocr.cli.first_start import (
    CREDENTIALS_FILE,
    create_first_account,
    initialize,
    remove_credentials_files,
)
from web_image_ocr.identity import FirstAccount, Identity, IdentityConfig, passwords
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import Settings, load_settings

URL = "http://127.0.0.1:8000"
DAY_S = 24 * 3600.0


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path)


@pytest.fixture
def identity(tmp_path: Path) -> Iterator[Identity]:
    with closing(Identity(IdentityConfig(), tmp_path)) as opened:
        yield opened


def test_the_secrets_are_in_a_private_file_without_temporary_files(
    identity: Identity, settings: Settings
) -> None:
    create_first_account(identity, settings, URL, to_terminal=False)
    file = settings.data_dir / CREDENTIALS_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_bytes())["created"] is True
    assert drafts(settings) == []


def test_the_log_names_the_file_in_full(
    identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with capture_logs() as logged:
        create_first_account(identity, load_settings(data_dir=Path()), URL, to_terminal=False)
        make_older(tmp_path / CREDENTIALS_FILE, DAY_S + 1)
        asyncio.run(remove_credentials_files(Path()))
    assert [record["file"] for record in logged if "file" in record] == 2 * [
        str(tmp_path / CREDENTIALS_FILE)
    ]


class TestRemoval:
    """Delete secrets from the folder, also after an interrupted start."""

    def test_files_of_a_killed_start_are_deleted_after_a_day(
        self, identity: Identity, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException):
            pass

        def kill(*_: object) -> None:
            raise Killed

        monkeypatch.setattr(Path, "replace", kill)
        with pytest.raises(Killed):
            create_first_account(identity, settings, URL, to_terminal=False)
        (draft,) = drafts(settings)
        assert b"secret_key" in draft.read_bytes()
        make_older(draft, DAY_S + 1)
        asyncio.run(remove_credentials_files(settings.data_dir))
        assert drafts(settings) == []

    def test_a_recent_temporary_file_stays_and_does_not_keep_an_old_one(
        self, settings: Settings
    ) -> None:
        file = settings.data_dir / CREDENTIALS_FILE
        draft = settings.data_dir / f".{CREDENTIALS_FILE}.abc"
        for path, age_s in ((file, DAY_S + 1), (draft, DAY_S - 60)):
            path.touch()
            make_older(path, age_s)

        async def remove_for_a_while() -> None:
            await asyncio.wait_for(remove_credentials_files(settings.data_dir), 0.05)

        with pytest.raises(TimeoutError):
            asyncio.run(remove_for_a_while())
        assert not file.exists()
        assert draft.exists()

    def test_it_returns_without_files(self, tmp_path: Path) -> None:
        asyncio.run(remove_credentials_files(tmp_path / "none"))


def test_a_second_start_leaves_the_file_alone(identity: Identity, settings: Settings) -> None:
    create_first_account(identity, settings, URL, to_terminal=False)
    file = settings.data_dir / CREDENTIALS_FILE
    before = file.read_bytes()
    create_first_account(identity, settings, URL, to_terminal=False)
    assert file.read_bytes() == before


def test_no_account_is_created_without_its_file(identity: Identity, settings: Settings) -> None:
    (settings.data_dir / CREDENTIALS_FILE).mkdir()
    with pytest.raises(ServiceError, match=f"{CREDENTIALS_FILE}: Is a directory") as caught:
        create_first_account(identity, settings, URL, to_terminal=False)
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    assert initialize(identity, settings).created


def test_no_account_is_created_on_a_full_disk(
    identity: Identity, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(ServiceError, match="No space left"):
        create_first_account(identity, settings, URL, to_terminal=False)
    assert drafts(settings) == []
    assert initialize(identity, settings).created


def test_no_file_stays_without_an_account(
    identity: Identity, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> FirstAccount:
        raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE)

    monkeypatch.setattr(identity, "initialize", fail)
    with pytest.raises(ServiceError):
        create_first_account(identity, settings, URL, to_terminal=False)
    assert drafts(settings) == []
    assert not (settings.data_dir / CREDENTIALS_FILE).exists()


def test_a_terminal_shows_the_secrets_without_a_file(
    identity: Identity, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    create_first_account(identity, settings, URL, to_terminal=True)
    assert "secret key" in capsys.readouterr().out
    assert not (settings.data_dir / CREDENTIALS_FILE).exists()
    create_first_account(identity, settings, URL, to_terminal=True)
    assert capsys.readouterr().out == ""


def test_the_password_file_is_read_on_the_first_start_only(
    identity: Identity, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    settings = load_settings(data_dir=tmp_path, admin_password_file=file)
    with pytest.raises(ServiceError, match="must hold a secret"):
        initialize(identity, settings)
    file.write_text("a password of my own\n")
    assert initialize(identity, settings).password == "a password of my own"
    file.unlink()
    assert not initialize(identity, settings).created
    create_first_account(identity, settings, URL, to_terminal=False)


def make_older(path: Path, age_s: float) -> None:
    then = time.time() - age_s
    os.utime(path, (then, then))


def drafts(settings: Settings) -> list[Path]:
    return list(settings.data_dir.glob(f".{CREDENTIALS_FILE}*"))
