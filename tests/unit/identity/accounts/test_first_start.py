"""Test the first start: one account and one master key, also with concurrent servers."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.identity import CLIENT, PASSWORD, Clock, add_administrator, refused, signed
from web_image_ocr.identity import (
    FirstAccount,
    Identity,
    IdentityConfig,
    PasswordLogin,
    Reference,
)
from web_image_ocr.primitives.errors import ErrorKind

pytestmark = pytest.mark.slow

STARTER = textwrap.dedent(
    """
    import dataclasses, json, sys
    from pathlib import Path
    from web_image_ocr.identity import Identity, IdentityConfig

    sys.stdin.readline()  # both wait here, so that they start together
    identity = Identity(IdentityConfig(store_wait_seconds=60), Path(sys.argv[1]))
    print(json.dumps(dataclasses.asdict(identity.initialize())))
    """
)


def test_an_empty_database_gets_one_of_each(identity: Identity, clock: Clock) -> None:
    made = identity.initialize(project_name="ap-southeast-1")
    assert made.created
    assert (made.domain, made.user, made.project_name) == ("default", "admin", "ap-southeast-1")
    assert made.password is not None
    assert len(made.password) == 24
    assert made.password.isalnum()
    login = PasswordLogin(
        user=Reference(name="admin"), domain=Reference(name="default"), password=made.password
    )
    identity.sign_in.log_in(login, CLIENT)
    call = signed(str(made.access_key), str(made.secret_key), clock())
    identity.authorizer.authorize(
        identity.signatures.authenticate(call, CLIENT), str(made.project_id)
    )


def test_a_second_start_finds_it_and_tells_no_secret(
    identity: Identity, account: FirstAccount
) -> None:
    found = identity.initialize(project_name="other", password="another password")
    assert found == FirstAccount(
        created=False,
        domain=account.domain,
        user=account.user,
        password=None,
        project_id=account.project_id,
        project_name=account.project_name,
        access_key=account.access_key,
        secret_key=None,
    )


def test_deleted_records_are_not_returned(identity: Identity, account: FirstAccount) -> None:
    identity.administration.delete_project(str(account.project_id))
    add_administrator(identity)
    identity.administration.delete_user(str(account.user))
    found = identity.initialize()
    assert not found.created
    assert found.user == "second"
    assert (found.project_id, found.project_name, found.access_key) == 3 * (None,)


def test_two_servers_starting_at_once_make_one_account(tmp_path: Path) -> None:
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, str(tmp_path / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("\n")
        starter.stdin.flush()
    said = [starter.communicate(timeout=60)[0].splitlines() for starter in starters]
    answers = [json.loads(lines[-1]) for lines in said]  # after the record of the audit trail
    assert [starter.returncode for starter in starters] == [0, 0]
    assert sorted(answer["created"] for answer in answers) == [False, True]
    assert len({answer["project_id"] for answer in answers}) == 1
    assert len({answer["access_key"] for answer in answers}) == 1
    left = {path.name for path in (tmp_path / "data").iterdir()}
    assert {"master.key", "web-image-ocr.db"} <= left
    assert not [name for name in left if name.startswith(".")]


@pytest.mark.parametrize("password", ["", "short", 1025 * "x"])
def test_an_unusable_password_makes_nothing(identity: Identity, password: str) -> None:
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID) as caught:
        identity.initialize(password=password)
    assert str(caught.value) == "a password has 8 to 1024 characters"
    assert identity.initialize(password=PASSWORD).created


@pytest.mark.parametrize("password", ["password1", "admin-default", "12341234"])
def test_a_password_that_is_easy_to_guess_makes_nothing(identity: Identity, password: str) -> None:
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID) as caught:
        identity.initialize(password=password)
    assert str(caught.value).startswith("the password is too easy to guess: ")
    assert identity.initialize(password=PASSWORD).created


def test_an_unusable_name_makes_nothing(identity: Identity) -> None:
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID):
        identity.initialize(project_name=" cn-north-4")
    assert identity.initialize().created


class TestMasterKey:
    def test_it_is_private_and_kept(self, tmp_path: Path) -> None:
        Identity(IdentityConfig(), tmp_path).close()
        path = tmp_path / "master.key"
        content = path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "web-image-ocr.db").stat().st_mode) == 0o600
        Identity(IdentityConfig(), tmp_path).close()
        assert path.read_bytes() == content

    def test_a_missing_key_file_is_not_created_again(self, tmp_path: Path) -> None:
        Identity(IdentityConfig(), tmp_path).close()
        (tmp_path / "master.key").unlink()
        with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
            Identity(IdentityConfig(), tmp_path)
        assert "restore it" in str(caught.value)
        assert not (tmp_path / "master.key").exists()

    def test_the_key_of_another_database_is_refused(self, tmp_path: Path) -> None:
        Identity(IdentityConfig(), tmp_path / "one").close()
        Identity(IdentityConfig(), tmp_path / "two").close()
        (tmp_path / "one/master.key").replace(tmp_path / "two/master.key")
        with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
            Identity(IdentityConfig(), tmp_path / "two")
        assert "another database" in str(caught.value)

    @pytest.mark.parametrize("content", [b"", b"short", 64 * b"g", b"\xff\xfe"])
    def test_what_is_no_key_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "master.key").write_bytes(content)
        with refused(ErrorKind.CONFIGURATION_INVALID):
            Identity(IdentityConfig(), tmp_path)

    def test_the_database_without_it_holds_no_secret(
        self, identity: Identity, account: FirstAccount, tmp_path: Path
    ) -> None:
        identity.close()
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("web-image-ocr.db*"))
        assert str(account.access_key).encode() in stored
        assert str(account.secret_key).encode() not in stored
        assert PASSWORD.encode() not in stored

    def test_a_key_file_that_others_may_read_is_logged(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        Identity(IdentityConfig(), tmp_path).close()
        assert caplog.messages == []
        (tmp_path / "master.key").chmod(0o644)
        Identity(IdentityConfig(), tmp_path).close()
        assert len(caplog.messages) == 1
        assert "may be read by other users" in caplog.messages[0]

    def test_its_path_is_a_setting(self, tmp_path: Path) -> None:
        config = IdentityConfig(
            master_key_path=str(tmp_path / "keys/web.key"),
            database_url=f"sqlite:///{tmp_path}/stores/own.db",
        )
        Identity(config, tmp_path / "data").close()
        assert (tmp_path / "keys/web.key").exists()
        assert (tmp_path / "stores/own.db").exists()
        assert not (tmp_path / "data").exists()
