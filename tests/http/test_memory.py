"""Memory of all calls together, and of unauthenticated callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Self

import httpx
import pytest

from tests.http.conftest import Account, Clients
from tests.http.signing import BODY, signed_headers
from tests.support.api_assertions import IMAGE, PATH, assert_failure
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind

KB = 1024


class HeldBody:
    """Hold back the end of a body until the test releases it."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content
        self.has_begun.set()
        await self.may_end.wait()
        yield b" "


class UnwantedBody:
    """Fail the test if the body is read."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        pytest.fail("the body was asked for")


class BusyRecognizer(FakeRecognizer):
    """Recognize until the caller disconnects; signal the start."""

    def __init__(self) -> None:
        super().__init__(seconds=60)
        self._begun = asyncio.Semaphore(0)

    async def recognize(
        self, image: bytes, options: RecognitionOptions, deadline: Deadline, project_id: str
    ) -> Page:
        self._begun.release()
        return await super().recognize(image, options, deadline, project_id)

    async def has_begun(self) -> None:
        async with asyncio.timeout(10):
            await self._begun.acquire()


class LargeFile:
    """Return the same file for every URL."""

    def __init__(self, size: int) -> None:
        self._file = bytes(size)

    async def fetch(self, url: str, project_id: str, deadline: Deadline) -> bytes:
        assert url
        assert project_id
        deadline.check()
        return self._file


async def test_a_call_releases_its_memory(clients: Clients) -> None:
    async with clients(max_bodies_bytes=KB, max_body_bytes=KB) as client:
        for _ in range(3):
            response = await client.post(PATH, content=b"x" * KB)
            assert_failure(response, ErrorKind.JSON_INVALID)


async def test_a_call_beyond_the_sum_of_all_bodies_is_429(clients: Clients) -> None:
    body = HeldBody(b'{"image": "' + IMAGE.encode() + b'"}' + b" " * KB)
    async with clients(max_bodies_bytes=KB + 100, max_body_bytes=KB + 100) as client:
        first = asyncio.create_task(client.post(PATH, content=body))
        await body.has_begun.wait()
        response = await client.post(PATH, content=BODY)
        assert_failure(response, ErrorKind.OVERLOADED)
        assert (response.status_code, response.json()) == (
            429,
            {"error_code": "ModelArts.4401", "error_msg": "Max concurrency error."},
        )
        assert response.headers["retry-after"] == "1"
        body.may_end.set()
        assert (await first).status_code == 200
        assert (await client.post(PATH, content=BODY)).status_code == 200


class TestFetchedImages:
    """The bytes behind a ``url`` count until their call is answered."""

    @pytest.fixture
    def fetcher(self) -> LargeFile:
        return LargeFile(8 * KB)

    @pytest.fixture
    def recognizer(self) -> BusyRecognizer:
        return BusyRecognizer()

    async def test_the_image_under_recognition_counts(
        self, clients: Clients, recognizer: BusyRecognizer
    ) -> None:
        body = {"url": "https://example.com/a.png"}
        async with clients(max_bodies_bytes=10 * KB, max_body_bytes=10 * KB) as client:
            first = asyncio.create_task(client.post(PATH, json=body))
            await recognizer.has_begun()
            response = await client.post(PATH, json=body)
            assert_failure(response, ErrorKind.OVERLOADED)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            recognizer.seconds = 0
            assert (await client.post(PATH, json=body)).status_code == 200


class TestSignedCalls:
    """Invalid signatures cannot make the server wait for a body or hold one."""

    @staticmethod
    async def _refused(
        client: httpx.AsyncClient, path: str, headers: dict[bytes, bytes]
    ) -> httpx.Response:
        """Return the answer to a call with ``Expect: 100-continue``."""
        headers = headers | {b"expect": b"100-continue"}
        return await client.post(path, headers=headers, content=UnwantedBody())

    @pytest.mark.parametrize("scheme", ["SDK-HMAC-SHA256", "SDK-", "V11-HMAC-SHA256 Access=A"])
    async def test_a_strange_authorization(
        self, client: httpx.AsyncClient, account: Account, scheme: str
    ) -> None:
        headers = {b"authorization": scheme.encode()}
        response = await self._refused(client, account.path, headers)
        assert_failure(response, ErrorKind.SIGNATURE_INVALID)

    @pytest.mark.parametrize(
        ("date", "kind"),
        [
            (b"today", ErrorKind.SIGNATURE_INVALID),
            (b"20200101T000000Z", ErrorKind.SIGNATURE_EXPIRED),
        ],
    )
    async def test_a_strange_time(
        self, client: httpx.AsyncClient, account: Account, date: bytes, kind: ErrorKind
    ) -> None:
        headers = signed_headers(account) | {b"x-sdk-date": date}
        assert_failure(await self._refused(client, account.path, headers), kind)

    async def test_an_unknown_key(self, client: httpx.AsyncClient, account: Account) -> None:
        headers = signed_headers(account)
        made_up = headers[b"authorization"].replace(b"Access=", b"Access=X")
        headers |= {b"authorization": made_up}
        response = await self._refused(client, account.path, headers)
        assert_failure(response, ErrorKind.KEY_UNKNOWN)

    async def test_an_unknown_security_token(
        self, client: httpx.AsyncClient, account: Account
    ) -> None:
        headers = signed_headers(account, extra={"x-security-token": b"abc"})
        response = await self._refused(client, account.path, headers)
        assert_failure(response, ErrorKind.KEY_UNKNOWN)

    async def test_a_locked_key(
        self, clients: Clients, identity: Identity, account: Account
    ) -> None:
        bad = signed_headers(account, secret="another")
        async with clients(identity, peer="192.0.2.77") as client:
            for _ in range(5):
                response = await client.post(account.path, headers=bad, content=BODY)
                assert_failure(response, ErrorKind.SIGNATURE_INVALID)
            response = await self._refused(client, account.path, bad)
            assert response.status_code == 401
            assert response.json()["error_msg"].endswith("failed to reach the limit,forbidden.")

    @pytest.mark.parametrize("secret", [None, "another"])
    async def test_unauthenticated_bodies_fill_their_part_only(
        self, clients: Clients, identity: Identity, account: Account, secret: str | None
    ) -> None:
        body = HeldBody(BODY + b" " * KB)
        headers = signed_headers(account, body=BODY + b" " * (KB + 1), secret=secret)
        settings = {"max_bodies_bytes": 4 * KB, "max_body_bytes": 2 * KB}
        async with clients(identity, peer="192.0.2.78", **settings) as client:
            first = asyncio.create_task(client.post(account.path, headers=headers, content=body))
            await body.has_begun.wait()
            more = BODY + b" " * KB
            response = await client.post(
                account.path, headers=signed_headers(account, body=more), content=more
            )
            assert_failure(response, ErrorKind.OVERLOADED)
            response = await client.post(account.path, headers=account.headers, content=more)
            assert response.status_code == 200
            body.may_end.set()
            assert (await first).status_code == (401 if secret else 200)
            response = await client.post(
                account.path, headers=signed_headers(account, body=more), content=more
            )
            assert response.status_code == 200


class TestManySignedCalls:
    @pytest.fixture
    def recognizer(self) -> BusyRecognizer:
        return BusyRecognizer()

    async def test_an_authenticated_call_makes_room_for_the_next(
        self, clients: Clients, identity: Identity, account: Account, recognizer: BusyRecognizer
    ) -> None:
        body = BODY + b" " * KB
        headers = signed_headers(account, body=body)
        async with clients(identity, max_bodies_bytes=4 * KB, max_body_bytes=2 * KB) as client:
            calls = []
            for _ in range(2):
                call = client.post(account.path, headers=headers, content=body)
                calls.append(asyncio.create_task(call))
                await recognizer.has_begun()
            for task in calls:
                task.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
