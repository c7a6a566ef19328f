"""Files taken from other machines by HTTP: one set of limits for all that are under way.

Threat, rule and what remains open: see ``fetch`` for addresses that callers name, and
``storage`` for buckets that the operator names.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

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
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """What the failures of a transfer are called where it is used.

    Attributes:
        failed: nothing usable came, or not in time.
        too_large: the file is above the size limit.
    """

    failed: ErrorKind
    too_large: ErrorKind


class Downloader:
    """Takes files by HTTP; safe for many at once.

    Used from one event loop.

    Args:
        config: limits.
        resolve: looks names up; None asks the system.
    """

    def __init__(self, config: FetchConfig, *, resolve: Resolve | None = None) -> None:
        self._config = config
        self._resolve = resolve or SystemResolver()
        self._tls = ssl.create_default_context()
        self._under_way: Counter[str] = Counter()
        self._bytes_held = 0

    @asynccontextmanager
    async def place(self, project_id: str, deadline: Deadline, kinds: Kinds) -> AsyncIterator[None]:
        """A place among the transfers under way, for as long as one may take.

        A project gets no more places than it leaves free: slow sources of one take half of
        them at most, those of the next half of the rest.

        Raises:
            ServiceError: ``OVERLOADED`` when there is none; ``kinds.failed`` when the body
                took too long; ``DEADLINE_EXCEEDED``.
        """
        free = self._config.max_concurrent - self._under_way.total()
        if self._under_way[project_id] >= free:
            raise ServiceError(ErrorKind.OVERLOADED, "too many fetches", retry_after=1.0)
        deadline.check()
        self._under_way[project_id] += 1
        try:
            async with asyncio.timeout(min(self._config.total_s, deadline.remaining())):
                yield
        except TimeoutError as error:
            deadline.check()
            raise ServiceError(kinds.failed, "the source is too slow") from error
        finally:
            self._under_way -= Counter((project_id,))  # keeps no zero

    @asynccontextmanager
    async def answer(
        self, target: Target, policy: AddressPolicy, kinds: Kinds
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to a GET, over a connection of its own; a redirect is an answer, too.

        Raises:
            ServiceError: ``SOURCE_FORBIDDEN`` for a target written as an address that
                ``policy`` does not allow; ``kinds.failed`` for a name that has none or such a
                one, and for failures while the answer is read.
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
                "the name has an address that is not public"
                if guard.refused
                else f"the source fails: {type(error).__name__}"
            )
            raise ServiceError(kinds.failed, reason) from error

    async def body(self, response: aiohttp.ClientResponse, kinds: Kinds) -> bytes:
        """The bytes of an answer as they were sent, under the size limits.

        Raises:
            ServiceError: ``kinds.too_large`` above the limit of one file, by declaration
                or while reading; ``OVERLOADED`` above that of all transfers under way.
        """
        if (response.content_length or 0) > self._config.max_bytes:
            raise _too_large(kinds)
        body = bytearray()
        try:
            async for chunk in response.content.iter_chunked(_CHUNK):
                if len(body) + len(chunk) > self._config.max_bytes:
                    raise _too_large(kinds)
                if self._bytes_held + len(chunk) > self._config.max_total_bytes:
                    raise ServiceError(ErrorKind.OVERLOADED, "too much fetched", retry_after=1.0)
                self._bytes_held += len(chunk)
                body += chunk
            return bytes(body)
        finally:
            self._bytes_held -= len(body)


def _too_large(kinds: Kinds) -> ServiceError:
    return ServiceError(kinds.too_large, "the fetched file is too large")
