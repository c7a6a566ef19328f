"""Fetches the file behind a URL that a caller named.

Threat: whoever may call the service may make it open connections. They aim at hosts only
the server can reach, change what a name resolves to between check and use, redirect to
where they could not point directly, or serve endless, slow or swelling answers to tie up
memory and connections.

Rule: http and https on allowed ports only, no credentials (``urls``). Every address of
the name must be public, and so must the one that is connected to, checked when its socket
is made (``guard``); each redirect is a new target under the same rule. One connection for
each request, never reused; no proxy, no cookies, no environment. Bytes are capped by
declaration and while reading, one by one and in sum; answers are taken uncompressed;
connecting, reading and the whole are capped in time.

What remains open: a public host that answers this server differently from others; name
look-ups by the system's resolver, which reveal that somebody asked and cannot be
interrupted, only outwaited.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Self

import aiohttp

from web_image_ocr.images.config import FetchConfig
from web_image_ocr.images.guard import AddressPolicy, ConnectionGuard, Resolve, system_resolve
from web_image_ocr.images.urls import Target, parse_redirect, parse_target
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_HEADERS = {
    "Accept": "image/*, application/octet-stream;q=0.5",
    "Accept-Encoding": "identity",
    "User-Agent": "web-image-ocr",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNTYPED = frozenset({"application/octet-stream", "binary/octet-stream"})
"""Types that say nothing: HTTP's own, and what object stores give unlabelled files."""

_LOOKUP_THREADS = 8
_CHUNK = 64 * 1024


class Fetcher:
    """Fetches files from addresses that may be called; safe for many calls at once.

    Used as an asynchronous context manager, from one event loop.

    Args:
        config: limits and permissions.
        resolve: looks names up; None asks the system.
    """

    def __init__(self, config: FetchConfig, *, resolve: Resolve | None = None) -> None:
        self._config = config
        self._policy = AddressPolicy(config)
        self._lookups = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="lookup")
        self._resolve = resolve or system_resolve(self._lookups)
        self._tls = ssl.create_default_context()
        self._under_way = 0
        self._bytes_held = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def fetch(self, url: str, deadline: Deadline) -> bytes:
        """The bytes of the file behind ``url``; whether they are a picture is not judged.

        Raises:
            ServiceError: ``SOURCE_FORBIDDEN`` for a URL or an address that may not be
                called; ``SOURCE_UNREACHABLE`` when nothing usable came in time;
                ``IMAGE_SIZE`` above the size limit; ``OVERLOADED`` with too many
                fetches or bytes under way; ``DEADLINE_EXCEEDED``.
        """
        target = parse_target(url, self._config.allowed_ports)
        if self._under_way >= self._config.max_concurrent:
            raise ServiceError(ErrorKind.OVERLOADED, "too many fetches", retry_after=1.0)
        deadline.check()
        self._under_way += 1
        try:
            async with asyncio.timeout(min(self._config.total_s, deadline.remaining())):
                return await self._follow(target)
        except TimeoutError as error:
            deadline.check()
            raise _unreachable("the source is too slow") from error
        finally:
            self._under_way -= 1

    async def _follow(self, target: Target) -> bytes:
        """The body at the end of the redirects."""
        for _ in range(self._config.max_redirects + 1):
            async with self._request(target) as response:
                location = response.headers.get("Location")
                if response.status not in _REDIRECTS or location is None:
                    return await self._read(response)
            target = parse_redirect(target, location, self._config.allowed_ports)
        raise _unreachable("too many redirects")

    @asynccontextmanager
    async def _request(self, target: Target) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to one request, over a connection of its own."""
        guard = ConnectionGuard(target, self._policy, self._resolve)
        connector = aiohttp.TCPConnector(
            resolver=guard,
            socket_factory=guard.open_socket,
            use_dns_cache=False,
            force_close=True,
            ssl=self._tls,
        )
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self._config.connect_s, sock_read=self._config.read_s
        )
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=timeout,
                    headers=_HEADERS,
                    auto_decompress=False,
                    trust_env=False,
                ) as session,
                session.get(target.url, allow_redirects=False) as response,
            ):
                yield response
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if guard.refused:
                raise ServiceError(
                    ErrorKind.SOURCE_FORBIDDEN, "the address is not public"
                ) from error
            raise _unreachable(f"the source fails: {type(error).__name__}") from error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """The body of a final answer, under the size limits."""
        _check_answer(response)
        if (response.content_length or 0) > self._config.max_bytes:
            raise _too_large()
        body = bytearray()
        try:
            async for chunk in response.content.iter_chunked(_CHUNK):
                if len(body) + len(chunk) > self._config.max_bytes:
                    raise _too_large()
                if self._bytes_held + len(chunk) > self._config.max_total_bytes:
                    raise ServiceError(ErrorKind.OVERLOADED, "too much fetched", retry_after=1.0)
                self._bytes_held += len(chunk)
                body += chunk
            return bytes(body)
        finally:
            self._bytes_held -= len(body)


def _check_answer(response: aiohttp.ClientResponse) -> None:
    if response.status != 200:
        raise _unreachable(f"the source answers {response.status}")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise _unreachable("the source answers compressed")
    declared = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if declared and not declared.startswith("image/") and declared not in _UNTYPED:
        raise _unreachable("the source answers with no image type")


def _too_large() -> ServiceError:
    return ServiceError(ErrorKind.IMAGE_SIZE, "the fetched file is too large")


def _unreachable(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.SOURCE_UNREACHABLE, detail)
