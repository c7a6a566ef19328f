"""Rotate the master key of two servers, each with its copy of the key file."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.signing import signed_request
from tests.support.backing_services import Postgres, running_postgres
from tests.support.servers import Account, admin, sign_in, started_server
from tests.system.server_pair import code_of, wait_for

pytestmark = [pytest.mark.server, pytest.mark.models]

ACCEPTED = (400, "AIS.0101")
REJECTED = (401, "APIG.0301")


class Pair:
    """Run two servers on one PostgreSQL; the second one reads a copy of the key file.

    Attributes:
        account: the first account.
        clients: an HTTP client of each server.
    """

    def __init__(self, folder: Path, postgres: Postgres, opened: contextlib.ExitStack) -> None:
        self._folder = folder
        self._key, self._copy = folder / "master.key", folder / "copy" / "master.key"
        self._environment = {
            "WEB_IMAGE_OCR_IDENTITY__DATABASE_URL": postgres.url(),
            "WEB_IMAGE_OCR_IDENTITY__MASTER_KEY_PATH": str(self._key),
        }
        self.account = Account.of(admin(folder, "init", **self._environment))
        self._path = f"/v2/{self.account.project_id}/ocr/web-image"
        self.copy_key()
        servers = [
            opened.enter_context(
                started_server(
                    folder / file.parent.name,
                    environment={
                        **self._environment,
                        "WEB_IMAGE_OCR_IDENTITY__MASTER_KEY_PATH": str(file),
                    },
                )
            )
            for file in (self._key, self._copy)
        ]
        for server in servers:
            server.wait_until_ready()
        self.clients = [
            opened.enter_context(httpx.Client(base_url=server.url, timeout=30))
            for server in servers
        ]

    def copy_key(self) -> None:
        """Replace the copy atomically."""
        self._copy.parent.mkdir(exist_ok=True)
        draft = self._copy.with_name("draft")
        shutil.copy(self._key, draft)
        draft.replace(self._copy)

    def rotate(self, *options: str) -> dict[str, Any]:
        """Run the command."""
        return admin(self._folder, "rotate-master-key", *options, **self._environment)

    def tokens(self) -> list[str]:
        """Return a token of each server."""
        answers = [sign_in(client, self.account) for client in self.clients]
        return [answer.headers["x-subject-token"] for answer in answers]

    def with_token(self, client: httpx.Client, token: str) -> tuple[int, str]:
        """Return status and code of a call without an image."""
        return code_of(client.post(self._path, headers={"X-Auth-Token": token}, json={}))

    def with_key(self, client: httpx.Client, access: str, secret: str) -> tuple[int, str]:
        """Return status and code of a signed call without an image."""
        url = client.base_url.join(self._path)
        return code_of(client.send(signed_request(url, access=access, secret=secret, body=b"{}")))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with running_postgres() as postgres, contextlib.ExitStack() as opened:
        yield Pair(tmp_path, postgres, opened)


def test_nothing_is_lost_at_either_server(pair: Pair) -> None:
    keys = [(pair.account.access_key, pair.account.secret_key)]
    tokens: list[str] = []

    def issue_and_check() -> None:
        """Check that both servers accept all tokens and keys issued so far."""
        tokens.extend(pair.tokens())
        for client in pair.clients:
            assert {pair.with_token(client, token) for token in tokens} == {ACCEPTED}
            assert {pair.with_key(client, *key) for key in keys} == {ACCEPTED}

    issue_and_check()
    prepared = pair.rotate()
    assert prepared["phase"] == "prepared"
    issue_and_check()
    pair.copy_key()
    rotated = pair.rotate("--copied")
    assert rotated["phase"] == "waiting"
    assert rotated["master_key"] == prepared["prepared_master_key"]
    headers = {"X-Auth-Token": tokens[-1]}
    for number, client in enumerate(pair.clients):
        user = {"name": f"made-at-{number}", "role": "caller"}
        owner = client.post("/v1/users", headers=headers, json=user).json()["user"]["id"]
        key = client.post("/v1/keys", headers=headers, json={"user_id": owner}).json()
        keys.append((key["access"], key["secret"]))
        issue_and_check()

    pair.rotate("--retire", "--now")
    pair.copy_key()
    for client in pair.clients:
        wait_for(lambda client=client: pair.with_token(client, tokens[0]) == REJECTED)
    tokens.clear()
    issue_and_check()
