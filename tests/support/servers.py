"""Run servers by the command, as a user does, in separate processes."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.images import to_base64

COMMAND = (str(Path(sys.executable).with_name("web-image-ocr")),)
_START_LIMIT_S = 90.0
"""A loaded two-core machine needs about ten seconds."""
_LOG_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Server:
    """Represent a server process.

    Attributes:
        process: Process of the command.
        log: File that receives standard output and standard error.
    """

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Return the URL without a trailing slash; the server must be listening."""
        return str(self.records("listening")[0]["url"])

    def records(self, event: str) -> list[dict[str, Any]]:
        """Return the log records of an event."""
        whole_lines = self.log.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
        records = [json.loads(line) for line in whole_lines if line.startswith("{")]
        return [record for record in records if record["event"] == event]

    def is_ready(self) -> bool:
        """Return whether ``/readyz`` answers 200."""
        if not self.records("listening"):
            return False
        try:
            answer = httpx.get(f"{self.url}/readyz", verify=False, timeout=5)  # noqa: S501
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def wait_until_ready(self) -> None:
        """Wait until the server is ready, 90 s at most."""
        end = time.monotonic() + _START_LIMIT_S
        while not self.is_ready():
            assert self.process.poll() is None, self.log_tail()
            assert time.monotonic() < end, self.log_tail()
            time.sleep(0.1)

    def workers(self) -> list[int]:
        """Return the process ids of the worker and the spare worker, once ready."""
        while len(ready := self.records("worker ready")) < 2:
            assert self.process.poll() is None, self.log_tail()
            time.sleep(0.1)
        return [record["pid"] for record in ready]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server by a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def log_tail(self) -> str:
        """Return the last 20 lines of the log, for assertion messages."""
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-20:])


@dataclass(frozen=True, kw_only=True)
class Account:
    """Hold the output of ``admin init --json`` for a new account."""

    domain: str
    user: str
    password: str
    project_id: str
    project_name: str
    access_key: str
    secret_key: str

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Account:
        """Return the account in an output, which may have more fields."""
        return cls(**{name: said[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class Service:
    """Hold a running server with an account, a client and a token.

    Attributes:
        server: Server process.
        data_dir: Data directory.
        account: First account.
        client: HTTP client of the server, without credentials.
        token: Token of the account's project.
    """

    server: Server
    data_dir: Path
    account: Account
    client: httpx.Client
    token: str

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def path(self) -> str:
        return f"/v2/{self.account.project_id}/ocr/web-image"

    def post(
        self, body: object, *, path: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a call with the token and a JSON body."""
        sent = {"X-Auth-Token": self.token, **(headers or {})}
        return self.client.post(path or self.path, json=body, headers=sent)

    def post_raw(self, content: bytes | Iterator[bytes]) -> httpx.Response:
        """Send a call with the token and raw bytes as body; an iterator is sent in chunks."""
        return self.client.post(self.path, content=content, headers={"X-Auth-Token": self.token})

    def recognize(self, image: bytes, **fields: Any) -> dict[str, Any]:
        """Return the ``result`` of an image; the call must succeed."""
        response = self.post({"image": to_base64(image), **fields})
        assert response.status_code == 200, response.text
        result: dict[str, Any] = response.json()["result"]
        return result


def words(result: Mapping[str, Any]) -> list[str]:
    """Return the texts of a result without spaces, which depend on the font."""
    return [block["words"].replace(" ", "") for block in result["words_block_list"]]


def run_command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command ``web-image-ocr`` and wait until it exits."""
    options = {"capture_output": True, "text": True, "timeout": 120, **options}
    return subprocess.run([*COMMAND, *arguments], check=False, **options)


def admin(data_dir: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    """Return the output of ``admin … --json``; the command must succeed."""
    done = run_command(
        *("admin", *arguments, "--data-dir", str(data_dir), "--json"),
        env=_environment(environment),
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def initialize(data_dir: Path, **environment: str) -> dict[str, Any]:
    """Return the output of ``admin init --json``."""
    return admin(data_dir, "init", **environment)


def free_port() -> int:
    """Return a TCP port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def started_server(
    data_dir: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    wrap: Callable[[list[str]], list[str]] = list,
) -> Iterator[Server]:
    """Start ``web-image-ocr serve`` on a free loopback port; at the end it must exit with 0.

    Args:
        data_dir: Data directory; also contains the log.
        arguments: Further arguments of ``serve``.
        environment: Settings as environment variables; by default one worker.
        wrap: Wraps the command in another one, which must exec it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / f"serve-{next(_LOG_NUMBERS)}.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            wrap([*COMMAND, "serve", "--data-dir", str(data_dir), "--port", "0", *arguments]),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env=_environment(environment or {}),
        ) as process,
    ):
        server = Server(process, log)
        try:
            yield server
            if process.poll() is None:
                assert server.stop() == 0, server.log_tail()
        finally:
            process.kill()


@contextlib.contextmanager
def running_server(
    data_dir: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    wrap: Callable[[list[str]], list[str]] = list,
) -> Iterator[Server]:
    """Start a server as `started_server` does and wait until it is ready."""
    with started_server(data_dir, *arguments, environment=environment, wrap=wrap) as server:
        server.wait_until_ready()
        yield server


@contextlib.contextmanager
def running_service(
    data_dir: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Run a server as `running_server` does, with a new account and a token."""
    account = Account.of(initialize(data_dir))
    with (
        running_server(data_dir, *arguments, environment=environment) as server,
        httpx.Client(base_url=server.url, timeout=60, verify=False) as client,  # noqa: S501
    ):
        token = sign_in(client, account).headers["x-subject-token"]
        yield Service(server=server, data_dir=data_dir, account=account, client=client, token=token)


def sign_in(
    client: httpx.Client,
    account: Account,
    *,
    password: str | None = None,
    scope: object = None,
    query: str = "",
) -> httpx.Response:
    """Request a token, by default for the account's project."""
    user = {
        "name": account.user,
        "password": password or account.password,
        "domain": {"name": account.domain},
    }
    identity = {"methods": ["password"], "password": {"user": user}}
    scope = scope or {"project": {"name": account.project_name}}
    body = {"auth": {"identity": identity, "scope": scope}}
    return client.post("/v3/auth/tokens" + query, json=body)


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without settings of the server."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("WEB_IMAGE_OCR_")}
    return {**kept, "WEB_IMAGE_OCR_SERVING__WORKERS": "1", **settings}
