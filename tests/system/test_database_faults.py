"""Inject every kind of fault into the SQLite file of a running server.

The server logs the fault, authenticates no unauthorized caller, and recovers without a restart.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import argon2
import httpx
import jwt
import pytest

from tests.support.database_faults import (
    corrupted_copy,
    full_disk,
    locked,
    missing_file,
    missing_folder,
    read_only,
    replaced_by,
)
from tests.support.servers import Account, Server, free_port, run_command, sign_in, started_server
from web_image_ocr.identity import Identity, IdentityConfig, PasswordLogin, Reference, passwords

pytestmark = [pytest.mark.server, pytest.mark.models]

CACHE_S = 0.5
PASSWORD = "correct-horse-battery"
REFUSED = {"code": 503, "message": "Backend unavailable.", "title": "Service Unavailable"}
_ADDRESSES = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Hold a running server, and a second process on its database, as `admin` is.

    Attributes:
        server: the server.
        client: HTTP client of the server.
        account: created before the server was started.
        path: the database file, alone in its folder.
        environment: the server's settings.
        data_dir: the server's data folder, without the database.
        operator: opens the database in this process.
    """

    server: Server
    client: httpx.Client
    account: Account
    path: Path
    environment: dict[str, str]
    data_dir: Path
    operator: Identity

    def call(self, token: str) -> tuple[int, str]:
        """Return status and code of a call with the token; it has no image."""
        path = f"/v2/{self.account.project_id}/ocr/web-image"
        answer = self.client.post(path, headers={"X-Auth-Token": token}, json={})
        return answer.status_code, answer.json()["error_code"]

    def sign_in(self, password: str = "", *, client: str) -> httpx.Response:
        with httpx.Client(
            base_url=self.server.url, headers={"X-Forwarded-For": client}, timeout=30
        ) as other:
            return sign_in(other, self.account, password=password)

    def admin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            "admin", *arguments, "--data-dir", str(self.data_dir), env=self.environment
        )


ACCEPTED, UNAVAILABLE, REVOKED = (400, "AIS.0101"), (503, "APIG.0201"), (401, "APIG.0307")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Describe a fault of the database.

    Attributes:
        begin: injects the fault; the context removes it.
        reason: text in the server's log.
        readable: whether the data can still be read.
        admin: text of the command; empty to save the second that it takes.
    """

    begin: Callable[[Path], AbstractContextManager[None]]
    reason: str
    readable: bool = False
    admin: str = ""


def _with(*, start: int, end: int | None = None) -> Callable[[Path], AbstractContextManager[None]]:
    return lambda path: replaced_by(path, corrupted_copy(path, start=start, end=end))


def _emptied(path: Path) -> AbstractContextManager[None]:
    empty = path.with_name("empty")
    empty.touch(mode=0o600)
    return replaced_by(path, empty)


@contextmanager
def _another_database(path: Path) -> Iterator[None]:
    """Its only user has the right name and password."""
    other = path.parent / "other"
    with closing(Identity(IdentityConfig(), other)) as made:
        made.initialize(password=PASSWORD)
    with replaced_by(path, other / "web-image-ocr.db"):
        yield


FAULTS = {
    "locked": Fault(begin=locked, reason="database is locked", readable=True),
    "disk full": Fault(
        begin=full_disk, reason="disk is full", admin="database or disk is full", readable=True
    ),
    "read-only": Fault(
        begin=read_only, reason="readonly", admin="write a readonly database", readable=True
    ),
    "header overwritten": Fault(
        begin=_with(start=0, end=100),
        reason="file is not a database",
        admin="file is not a database",
    ),
    "pages overwritten": Fault(begin=_with(start=100), reason="malformed"),
    "emptied": Fault(begin=_emptied, reason="no such table"),
    "another database": Fault(
        begin=_another_database,
        reason="the file is that of another database",
        admin="is the master key of another database",
    ),
    "deleted": Fault(
        begin=missing_file, reason="unable to open database file", admin="no database"
    ),
    "folder gone": Fault(begin=missing_folder, reason="unable to open database file"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a folder for the database, on a small disk if one can be mounted."""
    disk = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    database = disk / "database"
    database.mkdir()
    yield database
    if mounted:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # noqa: S607


@contextmanager
def _cheap_hashes() -> Iterator[None]:
    """Hash passwords in this process cheaply; the server keeps the real cost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)
        yield


@pytest.fixture(scope="module")
def scene(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    data_dir = tmp_path_factory.mktemp("faults")
    path = folder / "database.db"
    url = f"sqlite:///{path}"
    settings = {
        "WEB_IMAGE_OCR_IDENTITY__DATABASE_URL": url,
        "WEB_IMAGE_OCR_IDENTITY__CACHE_SECONDS": str(CACHE_S),
        "WEB_IMAGE_OCR_IDENTITY__STORE_WAIT_SECONDS": "0.3",
        "WEB_IMAGE_OCR_SERVER__TRUSTED_PROXIES": "127.0.0.0/8",
    }
    config = IdentityConfig(database_url=url, cache_seconds=0)
    with _cheap_hashes(), closing(Identity(config, data_dir)) as operator:
        account = Account.of(asdict(operator.initialize(password=PASSWORD)))
        with started_server(data_dir, environment=settings) as server:
            _wait_for(server)
            with httpx.Client(base_url=server.url, timeout=30) as client:
                yield Scene(
                    server=server,
                    client=client,
                    account=account,
                    path=path,
                    environment={**settings, "PATH": "/usr/bin:/bin"},
                    data_dir=data_dir,
                    operator=operator,
                )


def _wait_for(server: Server) -> None:
    """Until it listens: nothing here needs a worker."""
    while not server.records("listening"):
        assert server.process.poll() is None, server.log_tail()
        time.sleep(0.05)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_said_lets_nobody_in_and_ends(scene: Scene, name: str) -> None:
    fault = FAULTS[name]
    token = _good(scene.sign_in(client=_address()))
    revoked = _revoked_now(scene, name)
    with fault.begin(scene.path):
        began = time.monotonic()
        _assert_calls(scene, token, revoked, fault)
        _assert_sign_ins(scene, fault)
        if fault.admin:
            _assert_one_line(scene.admin("user", "create", "eve"), fault.admin)
        assert time.monotonic() - began < 30
        assert scene.client.get("/healthz").status_code == 200
    _good(scene.sign_in(client=_address()))
    assert scene.sign_in("a wrong one", client=_address()).status_code == 401
    assert scene.call(token) == ACCEPTED
    assert scene.call(revoked) == REVOKED
    users = {user.name for user in scene.operator.administration.users()}
    assert "eve" not in users
    assert f"user of {name}" in users
    assert scene.server.records("unexpected") == []


def _revoked_now(scene: Scene, name: str) -> str:
    """A token that the server has seen good, and that has just been ended elsewhere."""
    operator = scene.operator.administration
    user = operator.create_user(f"user of {name}", password=PASSWORD).user
    login = PasswordLogin(user=Reference(id=user.id), domain=None, password=PASSWORD)
    account_token = scene.operator.sign_in.log_in(login, "127.0.0.1").token
    exchange = {
        "auth": {
            "identity": {"methods": ["token"], "token": {"id": account_token}},
            "scope": {"project": {"id": scene.account.project_id}},
        }
    }
    token = _good(scene.client.post("/v3/auth/tokens", json=exchange))
    assert scene.call(token) == ACCEPTED
    operator.disable_user(user.name)
    return token


def _assert_calls(scene: Scene, token: str, revoked: str, fault: Fault) -> None:
    """What is remembered is believed for the cache's time, and not for longer."""
    end = time.monotonic() + CACHE_S
    while (said := scene.call(revoked)) == ACCEPTED:
        assert time.monotonic() < end + 0.3, "a revoked token is still let in"
    time.sleep(max(0.0, end - time.monotonic()))
    assert said in {REVOKED, UNAVAILABLE}
    for _ in range(3):
        assert scene.call(revoked) == (REVOKED if fault.readable else UNAVAILABLE)
        assert scene.call(token) == (ACCEPTED if fault.readable else UNAVAILABLE)
    forged = jwt.encode(jwt.decode(token, options={"verify_signature": False}), "k" * 32)
    for nobodys in (forged, "garbage"):
        assert scene.call(nobodys) == (401, "APIG.0301")


def _assert_sign_ins(scene: Scene, fault: Fault) -> None:
    guesser = _address()
    answers = [scene.sign_in("a wrong one", client=guesser), scene.sign_in(client=guesser)]
    honest = scene.sign_in(client=_address())
    if fault.readable:
        assert honest.status_code == 201, honest.text
    else:
        answers.append(honest)
        assert scene.client.get("/readyz").status_code == 503
    for answer in answers:
        assert (answer.status_code, answer.json()) == (503, {"error": REFUSED})
        (record,) = (
            each
            for each in scene.server.records("call")
            if each["request_id"] == answer.headers["x-request-id"]
        )
        assert fault.reason in record["reason"]
        assert record["level"] == "warning"


def _assert_one_line(done: subprocess.CompletedProcess[str], reason: str) -> None:
    # A wrong master key is a configuration error, everything else a database error.
    assert done.returncode == (4 if "master key" in reason else 5), done.stderr
    assert re.fullmatch(rf"web-image-ocr: .*{re.escape(reason)}.*\n", done.stderr)
    assert done.stdout == ""


def test_a_server_is_not_started_on_a_damaged_store(scene: Scene) -> None:
    with replaced_by(scene.path, corrupted_copy(scene.path, start=0, end=100)):
        done = run_command(
            *("serve", "--data-dir", str(scene.data_dir), "--port", str(free_port())),
            env=scene.environment,
        )
    _assert_one_line(done, "file is not a database")


def _good(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    token: str = answer.headers["x-subject-token"]
    return token


def _address() -> str:
    """Another client's each time."""
    return f"198.51.100.{next(_ADDRESSES)}"
