"""Run ``admin rotate-master-key``: what it prints and refuses."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import argon2
import click
import pytest
from typer.testing import CliRunner, Result

from web_image_ocr.cli.admin import admin
from web_image_ocr.cli.exit_codes import ExitCode, exit_code
from web_image_ocr.database.database import Database
from web_image_ocr.identity import Identity, IdentityConfig, passwords
from web_image_ocr.identity.master_keys import rotation as rotation_module
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)
    monkeypatch.setattr(rotation_module, "_CACHE_EXPIRY_S", 0.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(Identity(IdentityConfig(), tmp_path)) as identity:
        identity.initialize()
    return tmp_path


def rotate(folder: Path, *options: str) -> Result:
    words = ["rotate-master-key", *options, "--data-dir", str(folder)]
    return CliRunner().invoke(admin, words, catch_exceptions=False)


def rotate_json(folder: Path, *options: str) -> dict[str, Any]:
    done = rotate(folder, *options, "--json")
    assert done.exit_code == 0
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_from_the_start_to_the_end(folder: Path) -> None:
    before = rotate_json(folder, "--status")
    assert before["phase"] == "none"
    rotated = rotate_json(folder)
    assert rotated["phase"] == "waiting"
    assert rotated["former_master_key"] == before["master_key"] != rotated["master_key"]
    assert (rotated["access_keys"], rotated["access_keys_left"]) == ("1", "0")
    assert rotate_json(folder) == rotated == rotate_json(folder, "--status")
    with pytest.raises(ServiceError, match=r"may be valid until .* with --now") as caught:
        rotate(folder, "--retire")
    assert exit_code(caught.value.kind) is ExitCode.IDENTITY
    retired = rotate_json(folder, "--retire", "--now")
    assert retired["phase"] == "none"
    assert retired["master_key"] == rotated["master_key"]
    assert retired["former_needed_until"] is None
    assert rotate_json(folder, "--retire") == retired


def test_the_next_step_is_printed(folder: Path) -> None:
    done = rotate(folder)
    assert "1 of 1 access keys are encrypted with the key in use" in done.stderr
    assert "former needed until" in done.stdout
    assert "Next: back up the key file; the former key is needed for tokens" in done.stdout
    key = (folder / "master.key").read_text().split()
    assert not any(line in done.output for line in key)


def test_with_copies_it_waits_for_the_servers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "is_shared", True)
    with pytest.raises(ServiceError, match="no master key is prepared"):
        rotate(folder, "--copied")
    before = rotate_json(folder, "--status")
    prepared = rotate_json(folder)
    assert prepared["phase"] == "prepared"
    assert prepared["master_key"] == before["master_key"]
    assert rotate_json(folder) == prepared
    assert "Next: back up the key file, copy it to every server" in rotate(folder).stdout
    with pytest.raises(ServiceError, match="not in use yet") as caught:
        rotate(folder, "--retire")
    assert caught.value.kind is ErrorKind.RECORD_CONFLICT
    assert rotate_json(folder, "--copied")["master_key"] == prepared["prepared_master_key"]


@pytest.mark.parametrize(
    "options",
    [["--now"], ["--retire", "--copied"], ["--status", "--retire"], ["--now", "--copied"]],
)
def test_wrong_usage(folder: Path, options: list[str]) -> None:
    assert rotate(folder, *options).exit_code == click.UsageError.exit_code
    assert len((folder / "master.key").read_text().split()) == 1


def test_it_creates_no_database(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="no database in "):
        rotate(tmp_path)
    assert list(tmp_path.iterdir()) == []
