"""Read objects of private buckets with the server's keys.

Threat: a confused deputy and leaked keys. Callers use the server's keys to read objects that are
not for them, or learn from responses what a bucket holds. The storage, or an impostor, sends the
server and its keys elsewhere, or responds slowly or without end. Keys and signed URLs show up in
responses or in the log. The environment of the process replaces keys or endpoint.

Rule: a project reads only buckets whose entry lists it. All others get the same error, before
the storage is contacted. The request goes to the entry's endpoint only, in the style of the
``url``. It is signed for one object and 15 minutes, and the signed URL is compared with the
intended one. obstore only signs: its own client would follow redirects to any host, use proxy
variables and quote the storage's response in errors. ``downloader`` sends the request, without
proxy or cookies, within its limits of size, memory and time. No redirect is followed. Failures of
the storage are retried within the same time. Its responses are reduced to an error kind.

The operator chose the endpoint and its name, so it may have a private address. No other host is
exempt from the SSRF guard for it.

Residual risk: a project that is not listed learns that the settings name a bucket, not what it
holds. A listed project may read the whole bucket. An attacker who controls the endpoint, or its DNS
when it is http, decides what is read. Only this server restricts a key with wider rights.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence

import aiohttp

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.buckets import Buckets, ObjectLocation
from web_image_ocr.sources.config import FetchConfig, StorageConfig, StorageEntry
from web_image_ocr.sources.downloader import Downloader, FailureKinds
from web_image_ocr.sources.signing import Signer
from web_image_ocr.sources.ssrf_guard import AddressPolicy
from web_image_ocr.sources.urls import ANY_PORT, Target, parse_target

_RETRY_DELAYS_S = (0.1, 0.4)
"""Seconds before the second and the third attempt; S3 asks for such delays when it is busy."""

_RETRYABLE = frozenset({429, 500, 502, 503, 504})
_KEY_ERRORS = frozenset(
    {
        "AccountProblem",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidSecurity",
        "InvalidToken",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
"""S3 error codes for an invalid key, in contrast to missing rights of a valid one."""

_MAX_ERROR_BYTES = 4096
_CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")
_KINDS = FailureKinds(failed=ErrorKind.STORAGE_UNREACHABLE, too_large=ErrorKind.STORAGE_OBJECT_SIZE)


class ObjectStorage:
    """Read the private buckets in the settings; safe for concurrent use.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` as ``load_signers`` does.
    """

    def __init__(self, config: StorageConfig, downloader: Downloader) -> None:
        self._buckets = Buckets(config.entries)
        self._signers = load_signers(config)
        self._downloader = downloader

    def locate(self, url: str) -> list[ObjectLocation]:
        """Return the objects that a URL may mean; none for a URL of another source.

        Raises:
            ServiceError: ``SOURCE_FORBIDDEN`` for a URL that cannot be parsed.
        """
        return self._buckets.locate(parse_target(url, ANY_PORT)) if self._signers else []

    async def read(
        self, locations: Sequence[ObjectLocation], project_id: str, deadline: Deadline
    ) -> bytes:
        """Return the bytes of the object at the first location that the project may read.

        Raises:
            ServiceError: ``STORAGE_…``; ``OVERLOADED`` with too many concurrent downloads or
                bytes; ``DEADLINE_EXCEEDED``.
        """
        location = next((each for each in locations if each.entry.allows(project_id)), None)
        if location is None:
            raise ServiceError(ErrorKind.STORAGE_FORBIDDEN, "the project may not read the bucket")
        signed = self._signers[location.entry].sign(location.base, location.bucket, location.key())
        async with self._downloader.slot(project_id, deadline, _KINDS):
            return await self._get_with_retries(parse_target(signed, ANY_PORT))

    async def _get_with_retries(self, target: Target) -> bytes:
        for delay in _RETRY_DELAYS_S:
            try:
                return await self._get(target)
            except ServiceError as error:
                if error.kind is not ErrorKind.STORAGE_UNREACHABLE:
                    raise
            await asyncio.sleep(delay)
        return await self._get(target)

    async def _get(self, target: Target) -> bytes:
        policy = AddressPolicy(FetchConfig(allowed_hosts=(target.host,)))
        async with self._downloader.get(target, policy, _KINDS) as response:
            if response.status != 200:
                raise await _storage_error(response)
            return await self._downloader.read_body(response, _KINDS)


def load_signers(config: StorageConfig) -> Mapping[StorageEntry, Signer]:
    """Create a signer for each entry.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when obstore is not installed or a file with
            a secret cannot be read.
    """
    return {entry: Signer(entry, _load_secret(entry)) for entry in config.entries}


def _load_secret(entry: StorageEntry) -> str:
    if entry.secret_key_file is None:
        return entry.secret_key
    try:
        lines = entry.secret_key_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    if not lines or not lines[0].strip():
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"{entry.secret_key_file} must hold a secret in its first line",
        )
    return lines[0].strip()


async def _storage_error(response: aiohttp.ClientResponse) -> ServiceError:
    """Return the error for a status other than 200, without the storage's text."""
    status = response.status
    if status == 404:
        return ServiceError(ErrorKind.STORAGE_OBJECT_MISSING, "no such object or bucket")
    if status == 401 or (status == 403 and await _error_code(response) in _KEY_ERRORS):
        return ServiceError(
            ErrorKind.STORAGE_KEY_REFUSED, f"the storage refused the server's key ({status})"
        )
    if status in _RETRYABLE:
        return ServiceError(ErrorKind.STORAGE_UNREACHABLE, f"the storage returned status {status}")
    # This includes redirects and 400, with which storages report a wrong region.
    return ServiceError(ErrorKind.STORAGE_FORBIDDEN, f"the storage returned status {status}")


async def _error_code(response: aiohttp.ClientResponse) -> str:
    try:
        start = await response.content.readexactly(_MAX_ERROR_BYTES)
    except asyncio.IncompleteReadError as error:
        start = error.partial
    code = _CODE.search(start)
    return code[1].decode() if code else ""
