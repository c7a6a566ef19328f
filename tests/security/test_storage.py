"""Test hostile or broken object storage with a scripted server on the loopback address."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.config import FetchConfig, StorageConfig, StorageEntry
from web_image_ocr.sources.image_fetcher import ImageFetcher

pytestmark = pytest.mark.slow

BODY = b"the bytes of some image"
SECRET = "secret-key-of-the-server"
FETCH = FetchConfig(connect_s=1.0, read_s=0.5, total_s=1.5)

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


def ok(body: bytes = BODY) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def error(status: str, code: str = "Oops") -> bytes:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{SECRET}</Message></Error>"
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@dataclass
class Storage:
    """Send the replies in turn, repeat the last one, and record the requests."""

    port: int = 0
    replies: list[bytes | Reply] = field(default_factory=lambda: [ok()])
    requests: list[str] = field(default_factory=list)
    requested: asyncio.Event = field(default_factory=asyncio.Event)

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            self.requested.set()
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            if callable(reply):
                await reply(writer)
            else:
                writer.write(reply)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client closed the connection, as expected
        finally:
            writer.close()

    def url(self, path: str = "/bucket/a.png") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def entry(self, **changes: object) -> StorageEntry:
        values: dict[str, object] = {
            "endpoint": f"http://127.0.0.1:{self.port}",
            "access_key": "ACCESSKEYOFTHESERVER",
            "secret_key": SECRET,
            "buckets": ("bucket",),
            "projects": ("listed",),
        }
        return StorageEntry(**{**values, **changes})  # type: ignore[arg-type]

    async def read(
        self,
        path: str = "/bucket/a.png",
        *,
        project_id: str = "listed",
        fetch: FetchConfig = FETCH,
        seconds: float = 20,
    ) -> bytes:
        async with ImageFetcher(fetch, StorageConfig(entries=(self.entry(),))) as fetcher:
            return await fetcher.fetch(self.url(path), project_id, Deadline.after(seconds))

    async def refused(self, path: str = "/bucket/a.png", **options: object) -> ServiceError:
        """Return the error of a read, which must not contain keys, addresses or responses."""
        with pytest.raises(ServiceError) as caught:
            await self.read(path, **options)  # type: ignore[arg-type]
        for hidden in (SECRET, "ACCESSKEYOFTHESERVER", str(self.port), "X-Amz", "bucket/"):
            assert hidden not in str(caught.value)
        return caught.value


@asynccontextmanager
async def listening() -> AsyncIterator[Storage]:
    storage = Storage()
    listener = await asyncio.start_server(storage.respond, "127.0.0.1", 0)
    storage.port = listener.sockets[0].getsockname()[1]
    yield storage
    listener.close()
    await asyncio.sleep(0)


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    async with listening() as made:
        yield made


async def silent(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3)


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def endless_error(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


class TestRequests:
    async def test_request_reveals_little_and_is_signed(self, storage: Storage) -> None:
        assert await storage.read() == BODY
        (request,) = storage.requests
        head = request.lower()
        assert head.startswith("get /bucket/a.png?x-amz-algorithm=aws4-hmac-sha256&")
        assert f"host: 127.0.0.1:{storage.port}\r\n" in head
        assert "accept-encoding: identity\r\n" in head
        assert SECRET not in request
        for name in ("cookie", "authorization", "referer", "security-token", "payer"):
            assert name not in head

    async def test_the_environment_changes_nothing(
        self, storage: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """obstore reads these variables; some override its arguments."""
        for name, value in {
            "AWS_ENDPOINT": "http://127.0.0.1:1",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
            "AWS_ACCESS_KEY_ID": "another",
            "AWS_SECRET_ACCESS_KEY": "another",
            "AWS_SESSION_TOKEN": "another",
            "AWS_REGION": "another",
            "AWS_DEFAULT_REGION": "another",
            "AWS_BUCKET": "another",
            "AWS_SKIP_SIGNATURE": "true",
            "AWS_REQUEST_PAYER": "true",
            "AWS_S3_EXPRESS": "true",
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
            "AWS_UNSIGNED_PAYLOAD": "true",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
            "AWS_ROLE_ARN": "arn:aws:iam::1:role/another",
            "AWS_METADATA_ENDPOINT": "http://127.0.0.1:1",
            "AWS_PROXY_URL": "http://127.0.0.1:1",
            **dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:1"),
        }.items():
            monkeypatch.setenv(name, value)
        assert await storage.read() == BODY
        (request,) = storage.requests
        assert "X-Amz-Credential=ACCESSKEYOFTHESERVER%2F" in request
        assert "%2Fus-east-1%2Fs3%2Faws4_request" in request
        assert "another" not in request

    async def test_an_environment_that_obstore_rejects_is_reported(
        self, storage: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ALLOW_HTTP", "perhaps")
        error = await storage.refused()
        assert error.kind is ErrorKind.CONFIGURATION_INVALID
        assert "AWS_" in error.detail

    async def test_no_request_for_a_project_that_is_not_listed(self, storage: Storage) -> None:
        for path in ("/bucket/a.png", "/bucket/", "/bucket/a//b", "/bucket/a?b", "/bucket/%ff"):
            error = await storage.refused(path, project_id="other")
            assert error.kind is ErrorKind.STORAGE_FORBIDDEN
        assert storage.requests == []

    @pytest.mark.parametrize(
        "path", ["/bucket/%ff", "/bucket/%0a", "/bucket/%00", "/bucket/%7f", "/%62ucket/../a"]
    )
    async def test_no_request_for_an_invalid_key(self, storage: Storage, path: str) -> None:
        assert (await storage.refused(path)).kind is ErrorKind.STORAGE_URL_INVALID
        assert storage.requests == []

    async def test_other_urls_of_the_endpoint_go_through_the_ssrf_guard(
        self, storage: Storage
    ) -> None:
        """A private endpoint is exempt only for its buckets, with the server's signature."""
        for path in ("/", "/other/a.png", "/a/../bucket/a.png", "/bucket/a.png?X-Amz-Signature=a"):
            assert (await storage.refused(path)).kind is ErrorKind.SOURCE_FORBIDDEN
        assert storage.requests == []


class TestResponses:
    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (error("404 Not Found", "NoSuchKey"), ErrorKind.STORAGE_OBJECT_MISSING),
            (error("404 Not Found", "NoSuchBucket"), ErrorKind.STORAGE_OBJECT_MISSING),
            (error("403 Forbidden", "AccessDenied"), ErrorKind.STORAGE_FORBIDDEN),
            (error("403 Forbidden", "InvalidAccessKeyId"), ErrorKind.STORAGE_KEY_REFUSED),
            (error("403 Forbidden", "SignatureDoesNotMatch"), ErrorKind.STORAGE_KEY_REFUSED),
            (error("403 Forbidden", "RequestTimeTooSkewed"), ErrorKind.STORAGE_KEY_REFUSED),
            (error("401 Unauthorized"), ErrorKind.STORAGE_KEY_REFUSED),
            (error("400 Bad Request", "AuthorizationHeaderMalformed"), ErrorKind.STORAGE_FORBIDDEN),
            (error("301 Moved Permanently", "PermanentRedirect"), ErrorKind.STORAGE_FORBIDDEN),
            (error("206 Partial Content"), ErrorKind.STORAGE_FORBIDDEN),
            (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", ErrorKind.STORAGE_FORBIDDEN),
            (endless_error, ErrorKind.STORAGE_FORBIDDEN),
        ],
    )
    async def test_each_response_maps_to_its_kind(
        self, storage: Storage, reply: bytes | Reply, kind: ErrorKind
    ) -> None:
        storage.replies = [reply]
        assert (await storage.refused()).kind is kind
        assert len(storage.requests) == 1

    @pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
    async def test_no_redirect_is_followed(self, storage: Storage, status: str) -> None:
        async with listening() as elsewhere:
            for location in (elsewhere.url("/stolen"), storage.url("/bucket/b.png")):
                head = f"HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
                storage.replies = [head.encode()]
                assert (await storage.refused()).kind is ErrorKind.STORAGE_FORBIDDEN
            assert elsewhere.requests == []
        assert len(storage.requests) == 2

    async def test_a_busy_storage_is_retried(self, storage: Storage) -> None:
        storage.replies = [error("503 Slow Down", "SlowDown"), b"", ok()]
        assert await storage.read() == BODY
        assert len(storage.requests) == 3

    async def test_retries_are_limited(self, storage: Storage) -> None:
        storage.replies = [error("500 Internal Server Error")]
        assert (await storage.refused()).kind is ErrorKind.STORAGE_UNREACHABLE
        assert len(storage.requests) == 3

    async def test_a_truncated_body_is_retried(self, storage: Storage) -> None:
        storage.replies = [ok().replace(b": 23", b": 24"), ok()]
        assert await storage.read() == BODY

    @pytest.mark.parametrize("raw", [b"no http\r\n\r\n", ok().replace(b": 23", b": 99")])
    async def test_a_malformed_response_is_unreachable(self, storage: Storage, raw: bytes) -> None:
        storage.replies = [raw]
        assert (await storage.refused()).kind is ErrorKind.STORAGE_UNREACHABLE


class TestLimits:
    async def test_declared_size_above_the_limit_is_refused(self, storage: Storage) -> None:
        error = await storage.refused(fetch=replace(FETCH, max_bytes=22))
        assert error.kind is ErrorKind.STORAGE_OBJECT_SIZE
        assert await storage.read(fetch=replace(FETCH, max_bytes=23)) == BODY

    async def test_an_endless_object_is_cut_off(self, storage: Storage) -> None:
        storage.replies = [endless]
        error = await storage.refused(fetch=replace(FETCH, max_bytes=1_000_000))
        assert error.kind is ErrorKind.STORAGE_OBJECT_SIZE

    async def test_bytes_are_counted_together_with_fetches(self, storage: Storage) -> None:
        async def half(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 80000\r\n\r\n" + b"x" * 50_000)
            await writer.drain()
            await asyncio.sleep(0.2)
            writer.write(b"x" * 30_000)

        storage.replies = [half]
        config = replace(
            FETCH,
            max_bytes=100_000,
            max_total_bytes=120_000,
            allowed_ports=(storage.port,),
            allowed_networks=("127.0.0.0/8",),
        )
        async with ImageFetcher(config, StorageConfig(entries=(storage.entry(),))) as fetcher:
            urls = (storage.url(), storage.url("/elsewhere/a.png"))
            results = await asyncio.gather(
                *(fetcher.fetch(url, "listed", Deadline.after(9)) for url in urls),
                return_exceptions=True,
            )
            kinds = [r.kind for r in results if isinstance(r, ServiceError)]
            assert kinds == [ErrorKind.OVERLOADED]
            assert len(await fetcher.fetch(urls[0], "listed", Deadline.after(9))) == 80_000

    async def test_read_above_the_concurrency_limit_is_refused(self, storage: Storage) -> None:
        storage.replies = [silent]
        config = replace(FETCH, max_concurrent=1)
        async with ImageFetcher(config, StorageConfig(entries=(storage.entry(),))) as fetcher:
            first = asyncio.create_task(fetcher.fetch(storage.url(), "listed", Deadline.after(9)))
            await storage.requested.wait()
            with pytest.raises(ServiceError) as caught:
                await fetcher.fetch(storage.url(), "listed", Deadline.after(9))
            assert caught.value.kind is ErrorKind.OVERLOADED
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)

    async def test_a_silent_storage_times_out(self, storage: Storage) -> None:
        storage.replies = [silent]
        start = time.monotonic()
        error = await storage.refused(fetch=replace(FETCH, total_s=0.7))
        assert error.kind is ErrorKind.STORAGE_UNREACHABLE
        assert time.monotonic() - start < 2

    async def test_never_beyond_the_deadline_of_the_call(self, storage: Storage) -> None:
        storage.replies = [silent]
        assert (await storage.refused(seconds=0.2)).kind is ErrorKind.DEADLINE_EXCEEDED
        storage.replies = [error("503 Slow Down")]
        assert (await storage.refused(seconds=0.2)).kind is ErrorKind.DEADLINE_EXCEEDED

    async def test_a_cancelled_call_closes_its_connection(self, storage: Storage) -> None:
        closed = asyncio.Event()

        async def until_closed(writer: asyncio.StreamWriter) -> None:
            try:
                await endless(writer)
            finally:
                closed.set()

        storage.replies = [until_closed]
        reading = asyncio.create_task(storage.read(fetch=replace(FETCH, total_s=30.0)))
        await storage.requested.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        async with asyncio.timeout(5):
            await closed.wait()


async def test_no_key_and_no_url_is_logged(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await storage.read()
    storage.replies = [error("403 Forbidden", "SignatureDoesNotMatch")]
    await storage.refused()
    for hidden in (SECRET, "ACCESSKEYOFTHESERVER", "X-Amz", "a.png"):
        assert hidden not in caplog.text
