"""Test that no spelling of an address that is not public leads to a connection.

The tests make whole calls: JSON, the real fetcher and its SSRF guard; only the resolver is a fake.
An audit hook records every connection attempt of this process, and a server listens on the loopback
addresses.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx
import pytest

from tests.security.spellings import ABSOLUTE, ADDRESSES, SPELLINGS
from tests.security.test_fetch import OK, Server, redirect
from tests.support.api_assertions import PATH, assert_failure
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.primitives.errors import ErrorKind
from web_image_ocr.sources import ssrf_guard
from web_image_ocr.sources.config import FetchConfig, StorageConfig
from web_image_ocr.sources.image_fetcher import ImageFetcher

pytestmark = pytest.mark.slow

FORBIDDEN = {"error_code": "ModelArts.4601", "error_msg": "The URL is not allowed."}
UNREACHABLE = {
    "error_code": "ModelArts.4603",
    "error_msg": "Obtaining the file from the URL failed.",
}
OWN_NAME = "localhost"
REDIRECTING = "redirecting.example"

_connections: list[object] = []


def _record(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        _connections.append(arguments[1])


sys.addaudithook(_record)  # an audit hook cannot be removed


@dataclass
class Caller:
    """Call a server in this process whose fetcher may not connect to private addresses.

    Attributes:
        listener: server on the loopback addresses.
        config: settings of the fetcher, which allow the port of ``listener``.
        answers: addresses by name, one list for each lookup.
        lookups: names that were looked up.
    """

    listener: Server
    config: FetchConfig
    answers: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    lookups: list[str] = field(default_factory=list)

    async def look_up(self, name: str) -> Sequence[str]:
        self.lookups.append(name)
        if name in self.answers:
            return self.answers[name].pop(0)
        try:
            return ADDRESSES[name.rstrip(".")]
        except KeyError:
            raise OSError("no such name") from None

    @asynccontextmanager
    async def server(self) -> AsyncIterator[Callable[[str], Awaitable[httpx.Response]]]:
        """Yield a function that sends a call with a ``url``."""
        async with ImageFetcher(self.config, StorageConfig(), resolve=self.look_up) as fetcher:
            app = create_app(
                Dependencies(recognizer=FakeRecognizer(), fetcher=fetcher, identity=None),
                ApiConfig(),
            )
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                yield lambda url: client.post(PATH, json={"url": url})

    def refusal(self) -> dict[str, str]:
        """Return the expected error of the last call, without a trace of name resolution."""
        names = {name.rstrip(".") for name in self.lookups} - {OWN_NAME, REDIRECTING}
        self.lookups.clear()
        return UNREACHABLE if names else FORBIDDEN

    async def post(self, url: str) -> httpx.Response:
        async with self.server() as call:
            return await call(url)


@pytest.fixture(autouse=True)
def _short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssrf_guard, "LOOKUP_STEP_S", 0.001)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    listener = Server(replies={"/": OK})
    async with AsyncExitStack() as stack:
        first = await asyncio.start_server(listener.respond, "127.0.0.1", 0)
        listener.port = first.sockets[0].getsockname()[1]
        stack.callback(first.close)
        second = await asyncio.start_server(listener.respond, "::1", listener.port)
        stack.callback(second.close)
        _connections.clear()
        yield Caller(listener, FetchConfig(allowed_ports=(80, 443, listener.port)))


def test_spellings_are_unique() -> None:
    assert len(set(SPELLINGS)) == len(SPELLINGS)


async def test_is_refused_without_a_connection(caller: Caller) -> None:
    async with caller.server() as call:
        for spelling in SPELLINGS:
            response = await call(spelling.replace("{port}", str(caller.listener.port)))
            assert response.json() == caller.refusal(), spelling
            assert _connections == [], spelling
    assert caller.listener.requests == []


async def test_is_refused_behind_a_redirect(caller: Caller) -> None:
    """The redirecting host is on this machine and allowed."""
    caller.config = replace(caller.config, allowed_hosts=(REDIRECTING,))
    url = caller.listener.url("/from", host=REDIRECTING)
    async with caller.server() as call:
        for number, spelling in enumerate(ABSOLUTE, 1):
            location = spelling.replace("{port}", str(caller.listener.port))
            caller.listener.replies["/from"] = redirect(location)
            caller.answers[REDIRECTING] = [["127.0.0.1"]]
            assert (await call(url)).json() == caller.refusal(), spelling
            assert len(caller.listener.requests) == number, spelling
            assert _connections == [("127.0.0.1", caller.listener.port)] * number, spelling


class TestRebinding:
    """Test DNS rebinding: a name that is public when checked and private when connected to.

    127.0.0.1 stands for the public address, ::1 for the private one; the server listens on both.
    """

    @pytest.fixture
    def rebinding(self, caller: Caller) -> Caller:
        caller.config = replace(caller.config, allowed_networks=("127.0.0.1/32",))
        return caller

    async def test_the_checked_address_is_connected_to(self, rebinding: Caller) -> None:
        rebinding.answers["rebind.example"] = [["127.0.0.1"], ["::1"]]
        response = await rebinding.post(rebinding.listener.url("/", host="rebind.example"))
        assert response.status_code == 200
        assert rebinding.lookups == ["rebind.example"]
        assert _connections == [("127.0.0.1", rebinding.listener.port)]

    async def test_the_second_call_is_checked_again(self, rebinding: Caller) -> None:
        rebinding.answers["rebind.example"] = [["127.0.0.1"], ["::1"]]
        url = rebinding.listener.url("/", host="rebind.example")
        await rebinding.post(url)
        assert_failure(await rebinding.post(url), ErrorKind.SOURCE_UNREACHABLE)
        assert len(_connections) == 1

    async def test_a_redirect_to_itself_is_checked_again(self, rebinding: Caller) -> None:
        rebinding.answers["rebind.example"] = [["127.0.0.1"], ["::1"]]
        rebinding.listener.replies["/from"] = redirect("/")
        url = rebinding.listener.url("/from", host="rebind.example")
        assert_failure(await rebinding.post(url), ErrorKind.SOURCE_UNREACHABLE)
        assert _connections == [("127.0.0.1", rebinding.listener.port)]

    @pytest.mark.parametrize(
        "addresses",
        [["127.0.0.1", "::1"], ["::1", "127.0.0.1"], ["127.0.0.1"] * 30 + ["10.0.0.1"]],
    )
    async def test_one_private_address_among_many_is_enough(
        self, rebinding: Caller, addresses: list[str]
    ) -> None:
        rebinding.answers["rebind.example"] = [addresses]
        response = await rebinding.post(rebinding.listener.url("/", host="rebind.example"))
        assert_failure(response, ErrorKind.SOURCE_UNREACHABLE)
        assert _connections == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "１２７。0。0。1"])
async def test_allowed_addresses_are_connected_to(caller: Caller, host: str) -> None:
    """Prove that the refusals above are due to the addresses."""
    caller.config = replace(caller.config, allowed_networks=("127.0.0.0/8", "::1/128"))
    response = await caller.post(caller.listener.url("/", host=host))
    assert response.status_code == 200
    assert len(caller.listener.requests) == 1
