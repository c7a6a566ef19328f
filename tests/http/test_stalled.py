"""Many clients with unverified signatures that send most of a body and stall."""

from __future__ import annotations

import http.client
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.http.conftest import Account
from tests.http.live_server import serve
from tests.http.signing import BODY, signed_headers
from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.identity import Identity

pytestmark = pytest.mark.slow

KB = 1024
CROWD = 8
SENT = 60 * KB
Address = tuple[str, int]


@pytest.fixture
def server(identity: Identity, recognizer: FakeRecognizer) -> Iterator[Address]:
    """Yield a server for four such bodies, one of them from one client network."""
    app = create_app(
        Dependencies(recognizer=recognizer, fetcher=FakeImageSource(), identity=identity),
        ApiConfig(
            max_body_bytes=64 * KB, max_bodies_bytes=256 * KB, body_s=20, drain_s=0.2, rate_limit=""
        ),
    )
    with serve(app) as url:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        yield parts.hostname, parts.port


@contextmanager
def _crowd(
    server: Address, path: str, headers: dict[bytes, bytes]
) -> Iterator[list[socket.socket]]:
    lines = [f"POST {path} HTTP/1.1".encode(), b"Content-Length: %d" % (64 * KB)]
    lines += [name + b": " + value for name, value in headers.items()]
    with ExitStack() as stack:
        crowd = []
        for _ in range(CROWD):
            connection = stack.enter_context(closing(socket.create_connection(server)))
            connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + b" " * SENT)
            crowd.append(connection)
        yield crowd


def _answered(crowd: list[socket.socket], count: int) -> list[int]:
    """Return the statuses of that many calls."""
    waiting = list(crowd)
    statuses: list[int] = []
    while len(statuses) < count:
        ready, _, _ = select.select(waiting, [], [], 10)
        assert ready, "the crowd is kept waiting"
        for connection in ready:
            response = http.client.HTTPResponse(connection)
            response.begin()
            statuses.append(response.status)
            waiting.remove(connection)
    return statuses


def _status(server: Address, path: str, headers: dict[str, str]) -> int:
    with closing(http.client.HTTPConnection(*server)) as connection:
        connection.request("POST", path, body=BODY, headers=headers)
        return connection.getresponse().status


def _made_up(headers: dict[bytes, bytes]) -> dict[bytes, bytes]:
    changed = headers[b"authorization"].replace(b"Access=", b"Access=X")
    return headers | {b"authorization": changed}


def _nonsense(headers: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return headers | {b"authorization": b"SDK-nonsense"}


@pytest.mark.parametrize("change", [_made_up, _nonsense])
def test_bodies_under_keys_that_do_not_exist_are_not_held(
    server: Address,
    account: Account,
    change: Callable[[dict[bytes, bytes]], dict[bytes, bytes]],
) -> None:
    with _crowd(server, account.path, change(signed_headers(account))) as crowd:
        assert _status(server, account.path, account.headers) == 200
        assert _answered(crowd, CROWD) == [401] * CROWD


def test_bodies_under_a_known_key_leave_room_for_authenticated_callers(
    server: Address, account: Account
) -> None:
    with _crowd(server, account.path, signed_headers(account, secret="another")) as crowd:
        # One fills the share of the key in its network. The others are refused.
        assert _answered(crowd, CROWD - 1) == [429] * (CROWD - 1)
        assert _status(server, account.path, account.headers) == 200
