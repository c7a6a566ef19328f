"""No spelling of an address that is not public is ever connected to, whichever way it comes.

The whole call is made: JSON, the real fetcher and its guard; only names are looked up by a
double. Every connection that this process tries is noted by the interpreter itself, and on the
addresses of this machine somebody waits.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx
import pytest

from tests.http.shapes import PATH, assert_failure
from tests.security.spellings import ABSOLUTE, ADDRESSES, SPELLINGS
from tests.security.test_fetch import OK, Server, redirect
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api import ApiConfig, Dependencies, create_app
from web_image_ocr.primitives.errors import ErrorKind
from web_image_ocr.sources import FetchConfig, ImageFetcher, StorageConfig, ssrf_guard

pytestmark = pytest.mark.slow

FORBIDDEN = {"error_code": "ModelArts.4601", "error_msg": "The URL is not allowed."}
UNREACHABLE = {
    "error_code": "ModelArts.4603",
    "error_msg": "Obtaining the file from the URL failed.",
}
OWN_NAME = "localhost"
REDIRECTING = "redirecting.example"

_connected: list[object] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        _connected.append(arguments[1])


sys.addaudithook(_note)  # for the life of the process: it cannot be taken away again


@dataclass
class Caller:
    """A server in this process whose fetcher may call no private address.

    Attributes:
        waiting: who listens on the addresses of this machine.
        config: of the fetcher; the port of ``waiting`` is allowed.
        answers: addresses by name, for a name looked up again and again the next of them.
        asked: names that were looked up.
    """

    waiting: Server
    config: FetchConfig
    answers: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def look_up(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        if name in self.answers:
            return self.answers[name].pop(0)
        try:
            return ADDRESSES[name.rstrip(".")]
        except KeyError:
            raise OSError("no such name") from None

    @asynccontextmanager
    async def server(self) -> AsyncIterator[Callable[[str], Awaitable[httpx.Response]]]:
        """Gives the call for a ``url``."""
        async with ImageFetcher(self.config, StorageConfig(), resolve=self.look_up) as sources:
            app = create_app(
                Dependencies(recognizer=FakeRecognizer(), fetcher=sources, identity=None),
                ApiConfig(),
            )
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                yield lambda url: client.post(PATH, json={"url": url})

    def refusal(self) -> dict[str, str]:
        """Return what the last call must have been told: nothing of what a name resolves to."""
        names = {name.rstrip(".") for name in self.asked} - {OWN_NAME, REDIRECTING}
        self.asked.clear()
        return UNREACHABLE if names else FORBIDDEN

    async def post(self, url: str) -> httpx.Response:
        async with self.server() as call:
            return await call(url)


@pytest.fixture(autouse=True)
def _short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssrf_guard, "LOOKUP_STEP_S", 0.001)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    waiting = Server(replies={"/": OK})
    async with AsyncExitStack() as stack:
        first = await asyncio.start_server(waiting.answer, "127.0.0.1", 0)
        waiting.port = first.sockets[0].getsockname()[1]
        stack.callback(first.close)
        second = await asyncio.start_server(waiting.answer, "::1", waiting.port)
        stack.callback(second.close)
        _connected.clear()
        yield Caller(waiting, FetchConfig(allowed_ports=(80, 443, waiting.port)))


def test_no_spelling_stands_there_twice() -> None:
    assert len(set(SPELLINGS)) == len(SPELLINGS)


async def test_is_refused_without_a_connection(caller: Caller) -> None:
    async with caller.server() as call:
        for spelling in SPELLINGS:
            response = await call(spelling.replace("{port}", str(caller.waiting.port)))
            assert response.json() == caller.refusal(), spelling
            assert _connected == [], spelling
    assert caller.waiting.requests == []


async def test_is_refused_behind_a_redirect(caller: Caller) -> None:
    """From a host of this machine that may be called."""
    caller.config = replace(caller.config, allowed_hosts=(REDIRECTING,))
    url = caller.waiting.url("/from", host=REDIRECTING)
    async with caller.server() as call:
        for number, spelling in enumerate(ABSOLUTE, 1):
            location = spelling.replace("{port}", str(caller.waiting.port))
            caller.waiting.replies["/from"] = redirect(location)
            caller.answers[REDIRECTING] = [["127.0.0.1"]]
            assert (await call(url)).json() == caller.refusal(), spelling
            assert len(caller.waiting.requests) == number, spelling
            assert _connected == [("127.0.0.1", caller.waiting.port)] * number, spelling


class TestRebinding:
    """A name that is public when it is looked at and private when it is called.

    127.0.0.1 stands for the public address, ::1 for the private one: both are waited on.
    """

    @pytest.fixture
    def rebinding(self, caller: Caller) -> Caller:
        caller.config = replace(caller.config, allowed_networks=("127.0.0.1/32",))
        return caller

    async def test_the_address_that_was_checked_is_the_one_that_is_called(
        self, rebinding: Caller
    ) -> None:
        rebinding.answers["turn.example"] = [["127.0.0.1"], ["::1"]]
        response = await rebinding.post(rebinding.waiting.url("/", host="turn.example"))
        assert response.status_code == 200
        assert rebinding.asked == ["turn.example"]
        assert _connected == [("127.0.0.1", rebinding.waiting.port)]

    async def test_the_second_call_is_checked_anew(self, rebinding: Caller) -> None:
        rebinding.answers["turn.example"] = [["127.0.0.1"], ["::1"]]
        url = rebinding.waiting.url("/", host="turn.example")
        await rebinding.post(url)
        assert_failure(await rebinding.post(url), ErrorKind.SOURCE_UNREACHABLE)
        assert len(_connected) == 1

    async def test_a_redirect_to_itself_is_checked_anew(self, rebinding: Caller) -> None:
        rebinding.answers["turn.example"] = [["127.0.0.1"], ["::1"]]
        rebinding.waiting.replies["/from"] = redirect("/")
        url = rebinding.waiting.url("/from", host="turn.example")
        assert_failure(await rebinding.post(url), ErrorKind.SOURCE_UNREACHABLE)
        assert _connected == [("127.0.0.1", rebinding.waiting.port)]

    @pytest.mark.parametrize(
        "addresses",
        [["127.0.0.1", "::1"], ["::1", "127.0.0.1"], ["127.0.0.1"] * 30 + ["10.0.0.1"]],
    )
    async def test_one_private_address_among_many_is_enough(
        self, rebinding: Caller, addresses: list[str]
    ) -> None:
        rebinding.answers["turn.example"] = [addresses]
        response = await rebinding.post(rebinding.waiting.url("/", host="turn.example"))
        assert_failure(response, ErrorKind.SOURCE_UNREACHABLE)
        assert _connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "１２７。0。0。1"])
async def test_somebody_waits_where_it_is_allowed(caller: Caller, host: str) -> None:
    """So that the refusals above are for what the addresses are."""
    caller.config = replace(caller.config, allowed_networks=("127.0.0.0/8", "::1/128"))
    response = await caller.post(caller.waiting.url("/", host=host))
    assert response.status_code == 200
    assert len(caller.waiting.requests) == 1
