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
interrupted, only outwaited (``lookups``). A source that sends its answer in the smallest
pieces keeps a core busy until its time is over; ``sources`` says why no other call waits
for that.
"""

from __future__ import annotations

import aiohttp

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.config import FetchConfig
from web_image_ocr.sources.downloader import Downloader, Kinds
from web_image_ocr.sources.ssrf_guard import AddressPolicy
from web_image_ocr.sources.urls import Target, parse_redirect, parse_target

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNTYPED = frozenset({"application/octet-stream", "binary/octet-stream"})
"""Types that say nothing: HTTP's own, and what object stores give unlabelled files."""

_KINDS = Kinds(failed=ErrorKind.SOURCE_UNREACHABLE, too_large=ErrorKind.IMAGE_SIZE)


class GuardedFetcher:
    """Fetches files from addresses that may be called; safe for many calls at once.

    Args:
        config: limits and permissions.
        transfers: carries the requests out, under the same ``config``.
    """

    def __init__(self, config: FetchConfig, transfers: Downloader) -> None:
        self._config = config
        self._policy = AddressPolicy(config)
        self._transfers = transfers

    async def fetch(self, url: str, project_id: str, deadline: Deadline) -> bytes:
        """The bytes of the file behind ``url``; whether they are a picture is not judged.

        Raises:
            ServiceError: ``SOURCE_FORBIDDEN`` for a URL or a literal address that may not be
                called; ``SOURCE_UNREACHABLE`` when nothing usable came in time, or the
                name has no address that may be called;
                ``IMAGE_SIZE`` above the size limit; ``OVERLOADED`` with too many
                fetches or bytes under way; ``DEADLINE_EXCEEDED``.
        """
        target = parse_target(url, self._config.allowed_ports)
        async with self._transfers.place(project_id, deadline, _KINDS):
            return await self._follow(target)

    async def _follow(self, target: Target) -> bytes:
        """The body at the end of the redirects."""
        for _ in range(self._config.max_redirects + 1):
            async with self._transfers.answer(target, self._policy, _KINDS) as response:
                location = response.headers.get("Location")
                if response.status not in _REDIRECTS or location is None:
                    _check_answer(response)
                    return await self._transfers.body(response, _KINDS)
            target = parse_redirect(target, location, self._config.allowed_ports)
        raise _unreachable("too many redirects")


def _check_answer(response: aiohttp.ClientResponse) -> None:
    if response.status != 200:
        raise _unreachable(f"the source answers {response.status}")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise _unreachable("the source answers compressed")
    declared = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if declared and not declared.startswith("image/") and declared not in _UNTYPED:
        raise _unreachable("the source answers with no image type")


def _unreachable(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.SOURCE_UNREACHABLE, detail)
