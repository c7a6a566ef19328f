"""Servers started by the command line, as an operator would start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.contract.pictures import as_text

COMMAND = str(Path(sys.executable).with_name("web-image-ocr"))
_START_SECONDS = 90
_STOP_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Account:
    """What ``admin init --json`` said."""

    domain: str
    user: str
    password: str
    project_id: str
    project_name: str
    access_key: str
    secret_key: str


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server and a client with a token for the first project."""

    url: str
    data_dir: Path
    account: Account
    client: httpx.Client
    token: str

    @property
    def path(self) -> str:
        return f"/v2/{self.account.project_id}/ocr/web-image"

    def post(
        self, body: object, *, path: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """A call with the token, with any JSON body."""
        sent = {"X-Auth-Token": self.token, **(headers or {})}
        return self.client.post(path or self.path, json=body, headers=sent)

    def post_raw(self, content: bytes) -> httpx.Response:
        """A call with the token, with any bytes as its body."""
        return self.client.post(self.path, content=content, headers={"X-Auth-Token": self.token})

    def read(self, picture: bytes, **fields: Any) -> dict[str, Any]:
        """The ``result`` for a picture; the call must succeed."""
        response = self.post({"image": as_text(picture), **fields})
        assert response.status_code == 200, response.text
        result: dict[str, Any] = response.json()["result"]
        return result

    def admin(self, *arguments: str) -> dict[str, Any]:
        """What an ``admin`` command says, while the server runs."""
        return _admin(self.data_dir, *arguments)


@contextmanager
def running_server(
    data_dir: Path, *flags: str, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server on a free port with a fresh first account.

    Args:
        data_dir: its state; the log goes to ``server.log`` inside.
        flags: of ``serve``.
        settings: environment variables without their prefix.
    """
    account = account_from(_admin(data_dir, "init"))
    log = data_dir / "server.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [COMMAND, "serve", "--data-dir", str(data_dir), "--port", "0", *flags],
            stdout=subprocess.DEVNULL,
            stderr=sink,
            env=_environment(settings or {}),
        )
    try:
        url = _wait_until_ready(process, log)
        with httpx.Client(base_url=url, timeout=60, verify=False) as client:  # noqa: S501
            token = sign_in(client, account).headers["x-subject-token"]
            yield Server(url=url, data_dir=data_dir, account=account, client=client, token=token)
        process.terminate()
        assert process.wait(_STOP_SECONDS) == 0, _tail(log)
    finally:
        process.kill()
        process.wait()


def account_from(said: Mapping[str, Any]) -> Account:
    """The first account, from what was said when it was made."""
    return Account(**{name: said[name] for name in Account.__dataclass_fields__})


def sign_in(
    client: httpx.Client,
    account: Account,
    *,
    password: str | None = None,
    scope: object = None,
    query: str = "",
) -> httpx.Response:
    """The call for a token, by default for the first project."""
    user = {
        "name": account.user,
        "password": password or account.password,
        "domain": {"name": account.domain},
    }
    identity = {"methods": ["password"], "password": {"user": user}}
    scope = scope or {"project": {"name": account.project_name}}
    body = {"auth": {"identity": identity, "scope": scope}}
    return client.post("/v3/auth/tokens" + query, json=body)


def _admin(data_dir: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [COMMAND, "admin", *arguments, "--data-dir", str(data_dir), "--json"],
        capture_output=True,
        check=True,
        env=_environment({}),
        timeout=_START_SECONDS,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: v for name, v in os.environ.items() if not name.startswith("WEB_IMAGE_OCR_")}
    mine = {"SERVING__WORKERS": "1", "LOGGING__FORMAT": "json", **settings}
    return {**kept, **{f"WEB_IMAGE_OCR_{name}": value for name, value in mine.items()}}


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + _START_SECONDS
    url = ""
    while time.monotonic() < end:
        assert process.poll() is None, _tail(log)
        url = url or _listening_url(log)
        if url and _is_ready(url):
            return url
        time.sleep(0.1)
    raise AssertionError(f"not ready in {_START_SECONDS} s:\n{_tail(log)}")


def _listening_url(log: Path) -> str:
    for line in log.read_text(encoding="utf-8").splitlines():
        if '"listening"' in line and line.endswith("}"):
            return str(json.loads(line)["url"])
    return ""


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url + "/readyz", verify=False).status_code == 200  # noqa: S501
    except httpx.TransportError:
        return False


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8").splitlines()[-20:])
