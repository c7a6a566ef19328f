"""Rotate the master key under load, by a command that is killed several times."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from tests.contract.signing import signed_request
from tests.soak.report import Report, summarize
from tests.support.images import encode_image, text_image, to_base64
from tests.support.servers import COMMAND, Service, admin, running_service, sign_in
from web_image_ocr.database.tables import AccessKeyRow, UserRow
from web_image_ocr.identity import Identity, IdentityConfig
from web_image_ocr.identity.accounts.new_rows import KeyPair, new_access_key, random_key

_CLIENTS = 3
_CACHES_EXPIRE_S = 6.0
"""Seconds of load after the rotation: every cache of the server expires meanwhile."""
_SIGN_IN_EVERY = 40
"""Rounds of a client; the server limits sign-ins of one network to one a second."""
_SAMPLE = 30


def rotate(folder: Path, keys: int) -> Report:
    """Rotate the master key of a server under load; kill the command three times on the way.

    Args:
        folder: Folder of the server.
        keys: Number of access keys in the database.
    """
    report = Report("rotate")
    with running_service(folder / "rotate") as service:
        pairs = _add_keys(service, keys)
        with closing(_Load(service, pairs)) as load:
            with load.running():
                left = [
                    _kill_at_two_keys(service),
                    *(_kill_at_line(service, line) for line in (1, 3)),
                ]
                report.check(
                    any(0 < one < keys for one in left),
                    f"killed with {left} of {keys + 1} keys left",
                )
                report.check(
                    _command(service, "--status")["phase"] == "re-encrypting", "killed half-way"
                )
                rotated = _command(service)
                time.sleep(_CACHES_EXPIRE_S)
            report.facts.append(f"{load.calls} calls under load, {len(load.tokens)} tokens issued")
            lost = load.rejected()
            report.check(rotated["access_keys_left"] == "0", "all access keys are re-encrypted")
            report.check(not load.wrong, f"{summarize(load.wrong)} calls not answered 2xx")
            report.check(not lost, f"{summarize(lost)} tokens or temporary keys lost")
            unreadable = _unreadable(service, pairs)
            report.check(not unreadable, f"{summarize(unreadable)} access keys lost")
            _retire(service, load, report)
    return report


def _retire(service: Service, load: _Load, report: Report) -> None:
    """Retire the former key at once: keys stay, its tokens are revoked."""
    said = _command(service, "--retire", "--now")
    lines = (service.data_dir / "master.key").read_text().split()
    report.check(said["phase"] == "none" and len(lines) == 1, f"retired; {len(lines)} key in file")
    refused = load.ask(load.with_token(service.token)).status_code
    report.check(refused == 401, f"a token of the former key is answered {refused}")
    answers = {load.ask(load.with_key(pair)).status_code for pair in load.pairs[:_SAMPLE]}
    report.check(answers == {200}, f"access keys after that: {answers}")
    status = sign_in(service.client, service.account).status_code
    report.check(status == 201, f"a sign-in after that: {status}")


@dataclass
class _Load:
    """Call with all kinds of credentials and obtain new ones meanwhile.

    Attributes:
        service: Server.
        pairs: Access keys.
        tokens: Valid tokens.
        temporary: Temporary keys, as issued.
        wrong: Unsuccessful calls.
        calls: Number of calls.
    """

    service: Service
    pairs: list[KeyPair]
    tokens: list[str] = field(default_factory=list)
    temporary: list[dict[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    calls: int = 0

    def __post_init__(self) -> None:
        self._url = httpx.URL(self.service.url + self.service.path)
        self._body = json.dumps({"image": to_base64(encode_image(text_image("Rotated")))}).encode()
        self._client = httpx.Client(timeout=60)
        self._obtain()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Call until the end of the block."""
        ended = threading.Event()
        clients = [
            threading.Thread(target=self._call, args=(number, ended)) for number in range(_CLIENTS)
        ]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            ended.set()
            for client in clients:
                client.join()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        return self._client.send(request)

    def with_token(self, token: str) -> httpx.Request:
        return httpx.Request(
            "POST", self._url, content=self._body, headers={"X-Auth-Token": token, **_JSON}
        )

    def with_key(self, key: KeyPair, **headers: str) -> httpx.Request:
        return signed_request(
            self._url,
            access=key.access,
            secret=key.secret,
            body=self._body,
            headers={**_JSON, **headers},
        )

    def with_temporary(self, key: dict[str, str]) -> httpx.Request:
        pair = KeyPair(access=key["access"], secret=key["secret"])
        return self.with_key(pair, **{"X-Security-Token": key["securitytoken"]})

    def rejected(self) -> list[str]:
        """Return the issued credentials that the server rejects."""
        asked = [("token", self.with_token(token)) for token in self.tokens]
        asked += [("temporary key", self.with_temporary(key)) for key in self.temporary]
        answers = [(kind, self.ask(request)) for kind, request in asked]
        return [f"{kind}: {answer.text}" for kind, answer in answers if not answer.is_success]

    def _call(self, number: int, ended: threading.Event) -> None:
        drawn = random.Random(number)  # noqa: S311 - not a secret
        for rounds in itertools.count(number):
            for request in (
                self.with_token(drawn.choice(self.tokens)),
                self.with_key(drawn.choice(self.pairs)),
                self.with_temporary(drawn.choice(self.temporary)),
            ):
                self._note("call", partial(self.ask, request))
            if rounds % _SIGN_IN_EVERY == 0:
                self._obtain()
                if number == 0:  # one at a time: a user may have two
                    self._use_new_key()
            if ended.is_set():
                return

    def _obtain(self) -> None:
        """Sign in, and obtain a temporary key with the token."""
        answer = self._note("sign-in", lambda: sign_in(self.service.client, self.service.account))
        token = answer.headers["x-subject-token"] if answer else self.service.token
        self.tokens.append(token)
        auth = {"identity": {"methods": ["token"], "token": {"id": token}}}
        url = f"{self.service.url}/v3.0/OS-CREDENTIAL/securitytokens"
        answer = self._note(
            "temporary key", lambda: self._client.post(url, json={"auth": auth}, headers=_JSON)
        )
        if answer:
            self.temporary.append(answer.json()["credential"])

    def _use_new_key(self) -> None:
        """Make an access key, call with it, delete it."""
        url, headers = f"{self.service.url}/v1/keys", {"X-Auth-Token": self.tokens[-1]}
        made = self._note("new key", lambda: self._client.post(url, json={}, headers=headers))
        if made:
            pair = KeyPair(access=made.json()["access"], secret=made.json()["secret"])
            self._note("call with a new key", lambda: self.ask(self.with_key(pair)))
            self._note(
                "deletion", lambda: self._client.delete(f"{url}/{pair.access}", headers=headers)
            )

    def _note(self, kind: str, call: Callable[[], httpx.Response]) -> httpx.Response | None:
        self.calls += 1
        try:
            answer = call()
        except httpx.TransportError as error:
            self.wrong.append(f"{kind}: {type(error).__name__}")
            return None
        if answer.is_success:
            return answer
        self.wrong.append(f"{kind}: {answer.status_code} {answer.text}")
        return None


_JSON = {"Content-Type": "application/json"}


def _add_keys(service: Service, number: int) -> list[KeyPair]:
    """Insert access keys of a separate user directly into the database."""
    admin(service.data_dir, "user", "create", "owner-of-many")
    pairs = [random_key() for _ in range(number)]
    with closing(Identity(IdentityConfig(), service.data_dir, may_create=False)) as identity:
        master = identity._keyring.in_use()
        with identity._database.writing() as session:
            owner = session.scalars(select(UserRow.id).where(UserRow.name == "owner-of-many")).one()
            now = datetime.now(UTC)
            session.add_all(new_access_key(owner, pair, master, now) for pair in pairs)
    return pairs


def _unreadable(service: Service, pairs: list[KeyPair]) -> list[str]:
    """Return the access keys whose stored secret differs from the issued one."""
    with closing(Identity(IdentityConfig(), service.data_dir, may_create=False)) as identity:
        with identity._database.reading() as session:
            query = select(AccessKeyRow.access, AccessKeyRow.encrypted_secret)
            stored = {row[0]: row[1] for row in session.execute(query)}
        master = identity._keyring.in_use()
        return [
            pair.access
            for pair in pairs
            if master.key_secrets.decrypt(stored[pair.access], pair.access.encode())
            != pair.secret.encode()
        ]


def _command(service: Service, *options: str) -> dict[str, Any]:
    return admin(service.data_dir, "rotate-master-key", *options)


@contextmanager
def _started(service: Service) -> Iterator[subprocess.Popen[str]]:
    """Start the command and kill it at the end of the block."""
    words = ["admin", "rotate-master-key", "--data-dir", str(service.data_dir)]
    with subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _kill_at_two_keys(service: Service) -> int:
    """Kill the command once the file contains both keys; return the number of keys left."""
    file = service.data_dir / "master.key"
    with _started(service) as process:
        while len(file.read_text().split()) < 2 and process.poll() is None:
            time.sleep(0.001)
    return int(_command(service, "--status")["access_keys_left"])


def _kill_at_line(service: Service, line: int) -> int:
    """Kill the command after ``line`` lines of progress; return the number of keys left."""
    with _started(service) as process:
        assert process.stderr is not None
        for _ in itertools.islice(process.stderr, line):
            pass
    return int(_command(service, "--status")["access_keys_left"])
