"""The first account and the file of its secrets: both, or neither."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import argon2
import pytest

from web_image_ocr.cli.first_start import CREDENTIALS_FILE, initialize, make_first_account
from web_image_ocr.identity import FirstAccount, Identity, IdentityConfig, passwords
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import Settings, load_settings

URL = "http://127.0.0.1:8000"


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


def test_the_secrets_are_in_a_private_file_and_no_draft_stays(
    identity: Identity, settings: Settings
) -> None:
    make_first_account(identity, settings, URL, to_terminal=False)
    file = settings.data_dir / CREDENTIALS_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_bytes())["created"] is True
    assert drafts(settings) == []


def test_a_second_start_leaves_the_file_alone(identity: Identity, settings: Settings) -> None:
    make_first_account(identity, settings, URL, to_terminal=False)
    file = settings.data_dir / CREDENTIALS_FILE
    before = file.read_bytes()
    make_first_account(identity, settings, URL, to_terminal=False)
    assert file.read_bytes() == before


def test_no_account_is_made_when_the_file_cannot_be(identity: Identity, settings: Settings) -> None:
    (settings.data_dir / CREDENTIALS_FILE).mkdir()
    with pytest.raises(ServiceError, match=f"{CREDENTIALS_FILE} .*Is a directory") as caught:
        make_first_account(identity, settings, URL, to_terminal=False)
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    assert initialize(identity, settings).created


def test_no_account_is_made_on_a_full_disk(
    identity: Identity, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(ServiceError, match="No space left"):
        make_first_account(identity, settings, URL, to_terminal=False)
    assert drafts(settings) == []
    assert initialize(identity, settings).created


def test_no_file_stays_when_no_account_is_made(
    identity: Identity, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> FirstAccount:
        raise ServiceError(ErrorKind.STORE_UNAVAILABLE)

    monkeypatch.setattr(identity, "initialize", fail)
    with pytest.raises(ServiceError):
        make_first_account(identity, settings, URL, to_terminal=False)
    assert drafts(settings) == []
    assert not (settings.data_dir / CREDENTIALS_FILE).exists()


def test_a_terminal_is_shown_the_secrets_and_there_is_no_file(
    identity: Identity, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    make_first_account(identity, settings, URL, to_terminal=True)
    assert "secret key" in capsys.readouterr().out
    assert not (settings.data_dir / CREDENTIALS_FILE).exists()
    make_first_account(identity, settings, URL, to_terminal=True)
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
    make_first_account(identity, settings, URL, to_terminal=False)


def drafts(settings: Settings) -> list[Path]:
    return list(settings.data_dir.glob(f".{CREDENTIALS_FILE}*"))
