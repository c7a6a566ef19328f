"""Run two servers on one PostgreSQL, one Redis and one master key, and call them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.contract.signing import signed_request
from tests.support.backing_services import Postgres, Redis
from tests.support.images import encode_image, text_image, to_base64
from tests.support.servers import Account, Server, admin, started_server
from web_image_ocr.identity import Identity, IdentityConfig, Reference, Scope

RATE = 200
"""Calls a minute of one project."""
CACHE_SECONDS = 2.0
"""Cache time of database records; five by default."""
TEXT = "Two servers"
BODY = {"image": to_base64(encode_image(text_image(TEXT)))}
NO_IMAGE: dict[str, str] = {}
"""Counts as a call, without recognition."""


@dataclass(frozen=True)
class Project:
    """Hold a project with a separate rate limit, and a token for it."""

    name: str
    id: str
    token: str

    @property
    def path(self) -> str:
        return f"/v2/{self.id}/ocr/web-image"

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Auth-Token": self.token}


class ServerPair:
    """Run two servers with a client each; this process changes accounts.

    Attributes:
        postgres: their database.
        redis: their rate counters.
        account: the first one.
        identity: this process's connection to the database.
        environment: their settings.
        servers: the two.
        clients: one for each.
    """

    def __init__(self, folder: Path, postgres: Postgres, redis: Redis) -> None:
        self.folder = folder
        self.postgres = postgres
        self.redis = redis
        master_key = folder / "master.key"
        self.environment = {
            "WEB_IMAGE_OCR_IDENTITY__DATABASE_URL": postgres.url(),
            "WEB_IMAGE_OCR_IDENTITY__MASTER_KEY_PATH": str(master_key),
            "WEB_IMAGE_OCR_IDENTITY__CACHE_SECONDS": str(CACHE_SECONDS),
            "WEB_IMAGE_OCR_API__RATE_LIMIT": f"{RATE}/minute",
            "WEB_IMAGE_OCR_API__RATE_LIMIT_REDIS_URL": redis.url,
        }
        self.account = Account.of(admin(folder, "init", **self.environment))
        config = IdentityConfig(database_url=postgres.url(), master_key_path=str(master_key))
        self.identity = Identity(config, folder, may_create=False)
        self.servers: list[Server] = []
        self.clients: list[httpx.Client] = []
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> ServerPair:
        """Start both servers in parallel."""
        self.servers = [self._start(name) for name in ("one", "other")]
        self.revive()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop both; each must exit with status 0 unless it was killed."""
        self.identity.close()
        self._opened.close()

    def revive(self) -> None:
        """Restart what a test has killed, and wait until both recognize images."""
        for number, server in enumerate(self.servers):
            if server.process.poll() is not None:
                self.servers[number] = self._start(f"again-{number}")
        for server in self.servers:
            server.wait_until_ready()
        self.clients = [
            self._opened.enter_context(httpx.Client(base_url=server.url, timeout=30))
            for server in self.servers
        ]

    def _start(self, name: str) -> Server:
        starts = started_server(self.folder / name, environment=self.environment)
        return self._opened.enter_context(starts)

    def project(self, name: str) -> Project:
        """Create a project with the service enabled, and a token of the administrator."""
        made = self.identity.administration.create_project(name)
        self.identity.administration.enable(name, "web-image")
        project = Scope(project=Reference(id=made.id))
        return Project(name, made.id, self.identity.sign_in.rescope(self.token, project).token)

    @property
    def token(self) -> str:
        """Return the administrator's token for the first project, from the first server."""
        if "token" not in self.__dict__:
            self.__dict__["token"] = self.sign_in(0).headers["x-subject-token"]
        token: str = self.__dict__["token"]
        return token

    def sign_in(self, server: int, *, user: str = "", password: str = "") -> httpx.Response:
        """Request a token for the first project, by default as the administrator."""
        named = {
            "name": user or self.account.user,
            "password": password or self.account.password,
            "domain": {"name": self.account.domain},
        }
        auth = {
            "identity": {"methods": ["password"], "password": {"user": named}},
            "scope": {"project": {"name": self.account.project_name}},
        }
        return self.clients[server].post("/v3/auth/tokens", json={"auth": auth})

    def read(self, server: int, path: str, headers: Mapping[str, str]) -> httpx.Response:
        """Recognize the image."""
        return self.clients[server].post(path, headers=dict(headers), json=BODY)

    def signed(self, server: int, path: str, access: str, secret: str) -> httpx.Response:
        """Send a signed call without an image; valid ones are answered 400 AIS.0101."""
        client = self.clients[server]
        url = client.base_url.join(path)
        return client.send(signed_request(url, access=access, secret=secret, body=b"{}"))


def is_read(response: httpx.Response) -> bool:
    """Return whether the answer is the complete text of the image."""
    if response.status_code != 200:
        return False
    blocks = response.json()["result"]["words_block_list"]
    return [block["words"] for block in blocks] == [TEXT]


def code_of(response: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error answer."""
    return response.status_code, str(response.json().get("error_code"))


@dataclass
class Load:
    """Hold the outcomes of successive calls to one server.

    Attributes:
        answers: those that came.
        lost: calls whose connection broke or could not be made.
        slowest_s: the longest time to an answer.
    """

    answers: list[httpx.Response] = field(default_factory=list)
    lost: int = 0
    slowest_s: float = 0.0


@contextlib.contextmanager
def under_load(pair: ServerPair, projects: tuple[Project, Project]) -> Iterator[tuple[Load, Load]]:
    """Call both servers, each for one project, for as long as the body runs."""
    loads = (Load(), Load())
    over = threading.Event()

    def call(number: int) -> None:
        load, project = loads[number], projects[number]
        while not over.is_set():
            started = time.monotonic()
            try:
                load.answers.append(pair.read(number, project.path, project.headers))
            except httpx.TransportError:
                load.lost += 1
                time.sleep(0.05)
            load.slowest_s = max(load.slowest_s, time.monotonic() - started)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: all(len(load.answers) >= 2 for load in loads))
        yield loads
    finally:
        over.set()
        for thread in threads:
            thread.join()


def wait_for(condition: Any, seconds: float = 20.0) -> float:
    """Wait until the condition holds; return the seconds that took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds
        time.sleep(0.05)
    return time.monotonic() - started
