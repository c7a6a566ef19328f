"""Fetch the file behind a caller's URL through the SSRF guard.

Threat: SSRF and resource exhaustion. Callers make the server open connections. They aim at hosts
that only the server can reach, directly, by redirects, or by changing what a name resolves to
between check and use (DNS rebinding, TOCTOU). They serve endless, slow or compressed responses to
exhaust memory and connections.

Rule: only http and https, on allowed ports, without credentials (``urls``). Every address of the
name must be public, and the address is checked again when its socket is opened (``ssrf_guard``).
Each redirect is a new target under the same rule. Each request uses a new connection, without
proxy, cookies or environment variables. Declared and received bytes are limited, per file and in
total. Compressed responses are refused. Connecting, reading and the whole fetch have timeouts.

Residual risk: a public host that responds differently to this server; lookups by the system's
resolver, which reveal the request and cannot be interrupted (``resolver``). A response in tiny
pieces keeps one core busy until the timeout; ``image_fetcher`` runs it beside all other calls.
"""

from __future__ import annotations

import aiohttp

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.config import FetchConfig
from web_image_ocr.sources.downloader import Downloader, FailureKinds
from web_image_ocr.sources.ssrf_guard import AddressPolicy
from web_image_ocr.sources.urls import parse_redirect, parse_target

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GENERIC_TYPES = frozenset({"application/octet-stream", "binary/octet-stream"})
"""HTTP's default type, and what object stores use for files without a type."""

_KINDS = FailureKinds(failed=ErrorKind.SOURCE_UNREACHABLE, too_large=ErrorKind.IMAGE_SIZE)


class GuardedFetcher:
    """Fetch files from allowed addresses; safe for concurrent use."""

    def __init__(self, config: FetchConfig, downloader: Downloader) -> None:
        self._config = config
        self._policy = AddressPolicy(config)
        self._downloader = downloader

    async def fetch(self, url: str, project_id: str, deadline: Deadline) -> bytes:
        """Return the bytes of the file behind ``url``, without checking that it is an image.

        Raises:
            ServiceError: ``SOURCE_FORBIDDEN`` for a forbidden URL or literal address;
                ``SOURCE_UNREACHABLE`` without a usable response in time or an allowed address;
                ``IMAGE_SIZE`` above the size limit; ``OVERLOADED`` with too many concurrent
                fetches or bytes; ``DEADLINE_EXCEEDED``.
        """
        target = parse_target(url, self._config.allowed_ports)
        async with self._downloader.slot(project_id, deadline, _KINDS):
            for _ in range(self._config.max_redirects + 1):
                async with self._downloader.get(target, self._policy, _KINDS) as response:
                    location = response.headers.get("Location")
                    if response.status not in _REDIRECTS or location is None:
                        _check_response(response)
                        return await self._downloader.read_body(response, _KINDS)
                target = parse_redirect(target, location, self._config.allowed_ports)
            raise _unreachable(f"more than {self._config.max_redirects} redirects")


def _check_response(response: aiohttp.ClientResponse) -> None:
    if response.status != 200:
        raise _unreachable(f"the source returned status {response.status}")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise _unreachable("the source returned a compressed response")
    declared = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if declared and not declared.startswith("image/") and declared not in _GENERIC_TYPES:
        raise _unreachable("the source returned a type other than image/*")


def _unreachable(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.SOURCE_UNREACHABLE, detail)
