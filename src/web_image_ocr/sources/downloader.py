"""Download files by HTTP, under limits shared by all concurrent downloads.

See ``guarded_fetch`` (URLs of callers) and ``object_storage`` (buckets of the operator) for
threat, rule and residual risk.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.config import FetchConfig
from web_image_ocr.sources.resolver import SystemResolver
from web_image_ocr.sources.ssrf_guard import AddressPolicy, Resolve, SsrfGuard
from web_image_ocr.sources.urls import Target

_HEADERS = {
    "Accept": "image/*, application/octet-stream;q=0.5",
    "Accept-Encoding": "identity",
    "User-Agent": "web-image-ocr",
}
_CHUNK_BYTES = 64 * 1024


class FailureKinds(NamedTuple):
    """Name the error kinds of a download for one kind of source.

    Attributes:
        failed: no usable response, or not in time.
        too_large: the file exceeds the size limit.
    """

    failed: ErrorKind
    too_large: ErrorKind


class Downloader:
    """Download files; safe for concurrent use from one event loop.

    Args:
        config: limits.
        resolve: resolves names; None for the system's resolver.
    """

    def __init__(self, config: FetchConfig, *, resolve: Resolve | None = None) -> None:
        self._config = config
        self._resolve = resolve or SystemResolver()
        self._tls = ssl.create_default_context()
        self._active: Counter[str] = Counter()
        self._bytes_held = 0

    @asynccontextmanager
    async def slot(
        self, project_id: str, deadline: Deadline, kinds: FailureKinds
    ) -> AsyncIterator[None]:
        """Hold one of the concurrent downloads, for at most ``total_s``.

        A project gets at most as many slots as it leaves free: one project with slow sources
        occupies half of all slots, a second one half of the rest.

        Raises:
            ServiceError: ``OVERLOADED`` without a free slot; ``kinds.failed`` when the body of
                the block took too long; ``DEADLINE_EXCEEDED``.
        """
        free = self._config.max_concurrent - self._active.total()
        if self._active[project_id] >= free:
            raise ServiceError(ErrorKind.OVERLOADED, "too many concurrent fetches", retry_after=1.0)
        deadline.check()
        self._active[project_id] += 1
        try:
            async with asyncio.timeout(min(self._config.total_s, deadline.remaining())):
                yield
        except TimeoutError as error:
            deadline.check()
            raise ServiceError(
                kinds.failed, f"the download took longer than {self._config.total_s:g} s"
            ) from error
        finally:
            self._active -= Counter((project_id,))  # drops counts of zero

    @asynccontextmanager
    async def get(
        self, target: Target, policy: AddressPolicy, kinds: FailureKinds
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a GET over a new connection and yield the response; follow no redirect.

        Raises:
            ServiceError: ``SOURCE_FORBIDDEN`` for a literal address that ``policy`` forbids;
                ``kinds.failed`` for a name without an address or with a forbidden one, and for
                failures while the response is read.
        """
        guard = SsrfGuard(target, policy, self._resolve)
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
            reason = (
                "the host name has an address that is not public"
                if guard.refused
                else f"the download failed: {type(error).__name__}"
            )
            raise ServiceError(kinds.failed, reason) from error

    async def read_body(self, response: aiohttp.ClientResponse, kinds: FailureKinds) -> bytes:
        """Return the body as sent, under the size limits.

        Raises:
            ServiceError: ``kinds.too_large`` above ``max_bytes``, declared or received;
                ``OVERLOADED`` above ``max_total_bytes`` for all downloads.
        """
        too_large = ServiceError(
            kinds.too_large, f"the fetched file exceeds {self._config.max_bytes} bytes"
        )
        if (response.content_length or 0) > self._config.max_bytes:
            raise too_large
        body = bytearray()
        try:
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                if len(body) + len(chunk) > self._config.max_bytes:
                    raise too_large
                if self._bytes_held + len(chunk) > self._config.max_total_bytes:
                    raise ServiceError(
                        ErrorKind.OVERLOADED, "fetch.max_total_bytes is exhausted", retry_after=1.0
                    )
                self._bytes_held += len(chunk)
                body += chunk
            return bytes(body)
        finally:
            self._bytes_held -= len(body)
