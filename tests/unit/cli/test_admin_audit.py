"""Check that each command that changes accounts writes one audit record."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import argon2
import pytest
import typer
from typer.testing import CliRunner

from web_image_ocr.cli.admin import admin
from web_image_ocr.identity import passwords

PREPARED = (
    "init",
    "project create spare",
    "user create spare",
    "key import spare SPARE --secret-file",
)
CHANGES = {
    "init": ("account_created", ""),
    "user create": ("user_created", "anna"),
    "user set-password": ("password_changed", "spare"),
    "user set-role": ("user_changed", "spare viewer"),
    "user enable": ("user_changed", "spare"),
    "user disable": ("user_changed", "spare"),
    "user delete": ("user_deleted", "spare"),
    "project create": ("project_created", "other"),
    "project delete": ("project_deleted", "spare"),
    "key create": ("key_created", "spare"),
    "key import": ("key_imported", "spare OTHER --secret-file"),
    "key enable": ("key_enabled", "SPARE"),
    "key disable": ("key_disabled", "SPARE"),
    "key delete": ("key_deleted", "SPARE"),
    "subscription enable": ("subscription_enabled", "spare"),
    "subscription disable": ("subscription_disabled", "spare"),
    "rotate-master-key": ("master_key_changed", ""),
}

CHANGE_NO_ACCOUNT = {"migrate"}


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)


def run(folder: Path, command: str, expected: int = 0) -> None:
    secret = folder / "secret"
    secret.write_text("a-secret-of-a-key\n")
    if command.endswith("--secret-file"):
        command += f" {secret}"
    done = CliRunner().invoke(admin, [*command.split(), "--data-dir", str(folder)])
    assert done.exit_code == expected, done.output


def _names(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    if children := getattr(command, "commands", None):
        for name, child in children.items():
            yield from _names(child, (*path, name))
    elif path[-1] != "list":
        yield " ".join(path)


def test_every_command_that_changes_something_is_listed() -> None:
    commands = set(_names(typer.main.get_command(admin)))
    assert commands == CHANGES.keys() | CHANGE_NO_ACCOUNT, (
        "name its event here, and decorate what it calls in identity"
    )


@pytest.mark.parametrize("command", CHANGES)
def test_a_change_makes_one_record(
    command: str, tmp_path: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    event, arguments = CHANGES[command]
    for step in PREPARED if command != "init" else ():
        run(tmp_path, step)
    logged.clear()
    run(tmp_path, f"{command} {arguments}")
    (record,) = logged
    assert (record["event"], record["outcome"]) == (event, "success")
    assert (record["actor"], record["client"]) == ("operator", "")
    assert record["target"]


def test_a_second_init_changes_nothing(
    tmp_path: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    run(tmp_path, "init")
    logged.clear()
    run(tmp_path, "init")
    assert logged == []


def test_a_refused_change_makes_one_record(
    tmp_path: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    run(tmp_path, "init")
    logged.clear()
    run(tmp_path, "user delete admin", expected=1)
    (record,) = logged
    assert (record["event"], record["change"]) == ("change_refused", "user_deleted")
    assert (record["outcome"], record["actor"]) == ("record_conflict", "operator")
