"""Run ``web-image-ocr admin``: one JSON object for programs, tables for people."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import argon2
import click
import pytest
from typer.testing import CliRunner

from web_image_ocr.cli.admin import admin
from web_image_ocr.cli.exit_codes import ExitCode, exit_code
from web_image_ocr.identity import (
    Identity,
    IdentityConfig,
    PasswordLogin,
    Reference,
    passwords,
    utc_now,
)
from web_image_ocr.identity.accounts.new_rows import new_project
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

Run = Callable[..., str]


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a subcommand on a temporary data folder, and return its output."""

    def _run(*words: str) -> str:
        result = CliRunner().invoke(
            admin, [*words, "--data-dir", str(tmp_path)], catch_exceptions=False
        )
        assert result.exit_code == 0
        assert result.stderr == ""
        return result.stdout

    return _run


@pytest.fixture
def run_json(run: Run) -> Callable[..., Any]:
    def _run_json(*words: str) -> Any:
        output = run(*words, "--json")
        assert output.count("\n") == 1
        return json.loads(output)

    return _run_json


RunJson = Callable[..., Any]


def test_init_creates_once_and_prints_secrets_once(run_json: RunJson) -> None:
    first = run_json("init", "--project-name", "ap-southeast-1")
    assert list(first) == [
        "created",
        "domain",
        "user",
        "password",
        "project_id",
        "project_name",
        "access_key",
        "secret_key",
    ]
    assert first["created"] is True
    assert first["project_name"] == "ap-southeast-1"
    second = run_json("init", "--project-name", "other")
    assert second == {
        name: value
        for name, value in (first | {"created": False}).items()
        if name not in {"password", "secret_key"}
    }


def test_init_for_people_prints_the_secrets_with_a_note(run: Run) -> None:
    shown = run("init")
    assert "secret key" in shown
    assert "shown only now" in shown
    again = run("init")
    assert "secret key" not in again
    assert "nothing was changed" in again


def test_the_environment_may_name_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_DATA_DIR", str(tmp_path / "named"))
    result = CliRunner().invoke(admin, ["init", "--json"], catch_exceptions=False)
    assert json.loads(result.stdout)["created"] is True
    assert (tmp_path / "named" / "web-image-ocr.db").exists()


def test_users(run_json: RunJson, run: Run, tmp_path: Path) -> None:
    run("init")
    made = run_json("user", "create", "bob", "--role", "viewer")
    assert (made["name"], made["role"], made["enabled"]) == ("bob", "viewer", True)
    assert_signs_in(tmp_path, "bob", made["password"])
    file = tmp_path / "password"
    file.write_text("correct horse\nignored\n")
    changed = run_json("user", "set-password", "bob", "--password-file", str(file))
    assert "password" not in changed
    assert_signs_in(tmp_path, "bob", "correct horse")
    assert run_json("user", "disable", "bob")["enabled"] is False
    assert run_json("user", "enable", made["id"])["enabled"] is True
    assert [user["name"] for user in run_json("user", "list")["users"]] == ["admin", "bob"]
    assert run_json("user", "delete", "bob")["deleted"] is True
    assert [user["name"] for user in run_json("user", "list")["users"]] == ["admin"]


def test_projects_and_subscriptions(run_json: RunJson, run: Run) -> None:
    run("init")
    made = run_json("project", "create", "cn-east-3")
    assert len(made["id"]) == 32
    enabled = {"project_id": made["id"], "project_name": "cn-east-3", "api": "web-image"}
    assert run_json("subscription", "enable", "cn-east-3") == enabled | {"enabled": True}
    assert enabled in run_json("subscription", "list")["subscriptions"]
    assert run_json("subscription", "disable", made["id"]) == enabled | {"enabled": False}
    assert enabled not in run_json("subscription", "list")["subscriptions"]
    assert run_json("project", "delete", "cn-east-3")["id"] == made["id"]
    assert [found["name"] for found in run_json("project", "list")["projects"]] == ["cn-north-4"]


def test_an_imported_key(run_json: RunJson, run: Run, tmp_path: Path) -> None:
    run("init")
    file = tmp_path / "secret"
    file.write_text("SKEXAMPLE\n")
    words = ("key", "import", "admin", "AKEXAMPLE", "--secret-file", str(file))
    taken = run_json(*words)
    assert (taken["access_key"], taken["user"]) == ("AKEXAMPLE", "admin")
    assert "secret_key" not in taken


def test_keys(run_json: RunJson, run: Run) -> None:
    first = run_json("init")
    made = run_json("key", "create", "admin")
    assert set(made) == {"access_key", "secret_key", "user_id"}
    assert run_json("key", "disable", made["access_key"])["enabled"] is False
    assert run_json("key", "enable", made["access_key"])["enabled"] is True
    listed = run_json("key", "list", "--user", "admin")["keys"]
    assert [key["access_key"] for key in listed] == [first["access_key"], made["access_key"]]
    assert made["secret_key"] not in run("key", "list")
    assert run_json("key", "delete", first["access_key"])["deleted"] is True
    assert len(run_json("key", "list")["keys"]) == 1


def test_tables_show_names_in_full_and_unparsed(run: Run) -> None:
    run("init")
    name = "[bold]" + 58 * "x"
    run("project", "create", name)
    shown = run("project", "list")
    assert name in shown
    assert shown.splitlines()[0].split() == ["name", "id"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["user", "delete", "nobody"], ErrorKind.RECORD_UNKNOWN),
        (["user", "create", "admin"], ErrorKind.RECORD_CONFLICT),
        (["user", "create", " "], ErrorKind.IDENTITY_REQUEST_INVALID),
        (
            ["user", "create", "x", "--password-file", "/nonexistent"],
            ErrorKind.CONFIGURATION_INVALID,
        ),
        (["user", "create", "x", "--password-file", "/dev/null"], ErrorKind.CONFIGURATION_INVALID),
        (["key", "create", "nobody"], ErrorKind.RECORD_UNKNOWN),
        (["user", "delete", "admin"], ErrorKind.RECORD_CONFLICT),
        (["user", "disable", "admin"], ErrorKind.RECORD_CONFLICT),
    ],
)
def test_failures_are_service_errors(run: Run, words: list[str], kind: ErrorKind) -> None:
    run("init")
    with pytest.raises(ServiceError) as caught:
        run(*words)
    assert caught.value.kind is kind


@pytest.mark.parametrize(
    "words",
    [
        ["user", "list"],
        ["project", "list"],
        ["key", "list"],
        ["subscription", "list"],
        ["user", "create", "bob"],
        ["key", "delete", "AKEXAMPLE"],
    ],
)
def test_only_init_creates_a_database(run: Run, tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(ServiceError, match=f"no database in {tmp_path}: ") as caught:
        run(*words)
    assert exit_code(caught.value.kind) == ExitCode.DATABASE
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_role_is_wrong_usage(tmp_path: Path) -> None:
    words = ["user", "create", "bob", "--role", "king", "--data-dir", str(tmp_path)]
    result = CliRunner().invoke(admin, words)
    assert result.exit_code == click.UsageError.exit_code
    assert not (tmp_path / "web-image-ocr.db").exists()


def assert_signs_in(data_dir: Path, user: str, password: str) -> None:
    identity = Identity(IdentityConfig(), data_dir)
    login = PasswordLogin(
        user=Reference(name=user), domain=Reference(name="default"), password=password
    )
    assert identity.sign_in.log_in(login, "192.0.2.1").user.name == user
    identity.close()


def test_long_lists_are_complete(run: Run, run_json: RunJson, tmp_path: Path) -> None:
    run("init")
    with closing(Identity(IdentityConfig(), tmp_path)) as identity:
        domain = identity.administration.projects()[0].domain
        with identity._database.writing() as session:
            session.add_all(new_project(domain.id, f"p{n}", utc_now()) for n in range(1001))
    assert len(run_json("project", "list")["projects"]) == 1002
    assert run("project", "list").count("\n") == 1003


def test_a_quota_applies_unless_lifted(run: Run, run_json: RunJson) -> None:
    run("init")
    run("key", "create", "admin")
    with pytest.raises(ServiceError) as caught:
        run("key", "create", "admin")
    assert caught.value.kind is ErrorKind.QUOTA_EXCEEDED
    assert exit_code(caught.value.kind) is ExitCode.IDENTITY
    run("key", "create", "admin", "--beyond-quota")
    assert len(run_json("key", "list")["keys"]) == 3


class TestOldDatabase:
    """Open a database of an earlier revision: only ``migrate`` migrates it."""

    @pytest.fixture
    def old_database(self, run: Run, tmp_path: Path) -> Path:
        """Return a database with the tables of the first revision and a new account."""
        run("init")
        path = tmp_path / "web-image-ocr.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(
                "DROP TABLE usage; DROP TABLE ended_tokens;"
                "ALTER TABLE access_keys DROP COLUMN last_used_at;"
                "DROP INDEX ix_access_keys_of_user; DROP INDEX ix_access_keys_by_age;"
                "CREATE INDEX ix_access_keys_user_id ON access_keys (user_id);"
                "UPDATE alembic_version SET version_num = '0001';"
            )
        return path

    @pytest.mark.parametrize("words", [["init"], ["user", "list"], ["project", "create", "p"]])
    def test_other_commands_refuse_it(self, run: Run, old_database: Path, words: list[str]) -> None:
        with pytest.raises(ServiceError) as caught:
            run(*words)
        assert exit_code(caught.value.kind) == ExitCode.DATABASE
        assert f"run `web-image-ocr admin migrate --data-dir {old_database.parent}`" in str(
            caught.value
        )
        assert [file.name for file in old_database.parent.iterdir() if "backup" in file.name] == []
        with closing(sqlite3.connect(old_database)) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        assert found == ("0001",)

    def test_it_is_migrated_once(self, run: Run, run_json: RunJson, old_database: Path) -> None:
        first = run_json("migrate")
        assert (first["migrated"], first["from"]) == (True, "0001")
        assert Path(first["backup"]).parent == old_database.parent
        newest = first["to"]
        assert run_json("migrate") == {
            "migrated": False,
            "from": newest,
            "to": newest,
            "backup": None,
        }
        assert "admin" in run("user", "list")

    def test_migrate_creates_no_database(self, run: Run, tmp_path: Path) -> None:
        with pytest.raises(ServiceError, match="no database in"):
            run("migrate")
        assert list(tmp_path.iterdir()) == []
