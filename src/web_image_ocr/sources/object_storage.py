"""Reads objects of private buckets with keys of the server's own.

Threat: callers use the server's keys to read what is not meant for them, or learn from its
answers what a bucket holds; the storage, or who stands in its place, sends the server and
its keys elsewhere, or answers slowly or without end; keys and addresses show in answers or
in the log; the environment of the process replaces the keys or the endpoint.

Rule: a project reads only buckets whose entry lists it. Any other gets one answer, before
the storage is asked. The request goes to the entry's endpoint only, in the form
that the ``url`` has; it is signed for one object and a quarter of an hour; what obstore has
signed is compared with what was meant. obstore signs and opens no connection: it would
follow redirects to any host, obey proxy variables and repeat the storage's answer in its
errors. The request is made by ``transfers`` instead, as every fetch: no proxy, no cookies,
its limits of size, memory and time. No redirect is followed. Failures of the storage are
tried again within the same time. What the storage says is reduced to a kind of error.

The endpoint is the operator's word, as is its name: it may have a private address, and no
other host is excused from the guard by it.

What remains open: a project that is not listed learns that a bucket is named in the
settings, not what it holds. A listed project may read the whole bucket. Whoever controls
the endpoint, or the look-up of its name where it is http, decides what is read. Keys whose
rights are wider than the entry's buckets are not narrowed by the storage, only here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence

import aiohttp

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.buckets import Buckets, ObjectLocation
from web_image_ocr.sources.config import FetchConfig
from web_image_ocr.sources.downloader import Downloader, Kinds
from web_image_ocr.sources.signing import Signer
from web_image_ocr.sources.ssrf_guard import AddressPolicy
from web_image_ocr.sources.storage_config import StorageConfig, StorageEntry
from web_image_ocr.sources.urls import ANY_PORT, Target, parse_target

_PAUSES_S = (0.1, 0.4)
"""Before the second and the third try; S3 asks for such a pause when it is busy."""

_BUSY = frozenset({429, 500, 502, 503, 504})
_KEY_FAULTS = frozenset(
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
"""Codes of S3 which say that the key is at fault, not its rights."""

_ERROR_BYTES = 4096
_CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")
_KINDS = Kinds(failed=ErrorKind.STORAGE_UNREACHABLE, too_large=ErrorKind.STORAGE_OBJECT_SIZE)


class ObjectStorage:
    """The private buckets of the settings; safe for many calls at once.

    Args:
        config: buckets, keys and projects.
        transfers: carries the requests out.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` as ``load_signers`` does.
    """

    def __init__(self, config: StorageConfig, transfers: Downloader) -> None:
        self._buckets = Buckets(config.entries)
        self._signers = load_signers(config)
        self._transfers = transfers

    def find(self, url: str) -> list[ObjectLocation]:
        """The buckets that an address may mean; nothing when it goes the way of all others.

        Raises:
            ServiceError: ``SOURCE_FORBIDDEN`` for an address that cannot be read.
        """
        return self._buckets.locate(parse_target(url, ANY_PORT)) if self._signers else []

    async def read(
        self, locations: Sequence[ObjectLocation], project_id: str, deadline: Deadline
    ) -> bytes:
        """The bytes of an object, from the first of ``locations`` that the project may read.

        Raises:
            ServiceError: ``STORAGE_…``; ``OVERLOADED`` with too many transfers or bytes under
                way; ``DEADLINE_EXCEEDED``.
        """
        location = next((each for each in locations if each.entry.serves(project_id)), None)
        if location is None:
            raise ServiceError(ErrorKind.STORAGE_FORBIDDEN, "the project may not read the bucket")
        signed = self._signers[location.entry].sign(location.base, location.bucket, location.key())
        async with self._transfers.place(project_id, deadline, _KINDS):
            return await self._insist(parse_target(signed, ANY_PORT))

    async def _insist(self, target: Target) -> bytes:
        """The body of the answer, if need be to another try."""
        for pause in _PAUSES_S:
            try:
                return await self._get(target)
            except ServiceError as error:
                if error.kind is not ErrorKind.STORAGE_UNREACHABLE:
                    raise
            await asyncio.sleep(pause)
        return await self._get(target)

    async def _get(self, target: Target) -> bytes:
        named = AddressPolicy(FetchConfig(allowed_hosts=(target.host,)))
        async with self._transfers.answer(target, named, _KINDS) as response:
            if response.status != 200:
                raise await _refusal(response)
            return await self._transfers.body(response, _KINDS)


def load_signers(config: StorageConfig) -> Mapping[StorageEntry, Signer]:
    """What signs for each entry.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when obstore is not installed or a file with
            a secret cannot be read.
    """
    return {entry: Signer(entry, _secret_of(entry)) for entry in config.entries}


def _secret_of(entry: StorageEntry) -> str:
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


async def _refusal(response: aiohttp.ClientResponse) -> ServiceError:
    """What an answer other than 200 means; its text stays here."""
    status = response.status
    if status == 404:
        return ServiceError(ErrorKind.STORAGE_OBJECT_MISSING, "no such object or bucket")
    if status == 401 or (status == 403 and await _code_of(response) in _KEY_FAULTS):
        return ServiceError(ErrorKind.STORAGE_KEY_REFUSED, "the storage refuses the server's key")
    if status in _BUSY:
        return ServiceError(ErrorKind.STORAGE_UNREACHABLE, f"the storage answers {status}")
    # Among them redirects and 400, by which storages say that the region is another.
    return ServiceError(ErrorKind.STORAGE_FORBIDDEN, f"the storage answers {status}")


async def _code_of(response: aiohttp.ClientResponse) -> str:
    try:
        start = await response.content.readexactly(_ERROR_BYTES)
    except asyncio.IncompleteReadError as error:
        start = error.partial
    code = _CODE.search(start)
    return code[1].decode() if code else ""
