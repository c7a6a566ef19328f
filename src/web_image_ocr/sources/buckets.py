"""Match a ``url`` with the buckets in the settings.

Threat: confused deputy. An address names one bucket here and another one at the storage, or the
server replaces somebody else's signature with its own.

Rule: scheme, host, port and bucket are compared after parsing by ``urls``. A pre-signed URL, and
any URL that does not match exactly, is fetched like every other URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.config import StorageEntry
from web_image_ocr.sources.urls import ANY_PORT, Target, parse_target

MAX_KEY_BYTES = 1024
"""Longest object key in UTF-8, as in S3."""

_SIGNATURE_PARAMETERS = frozenset({"x-amz-signature", "signature"})
"""Query parameters in lower case that hold a signature: S3 version 4, and version 2, which OBS
writes with ``AccessKeyId`` instead of ``AWSAccessKeyId``."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FORBIDDEN_SEGMENTS = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class ObjectLocation:
    """Describe an object in a configured bucket.

    Attributes:
        entry: the entry in the settings.
        bucket: one of its buckets.
        base: URL of the bucket in the style of the ``url``, without a trailing slash.
        target: the whole URL.
    """

    entry: StorageEntry
    bucket: str
    base: str
    target: Target

    def key(self) -> str:
        """Return the object key.

        Raises:
            ServiceError: ``STORAGE_URL_INVALID`` for a missing key, or one with empty segments,
                ``.``, ``..`` or control characters, which a store or proxy might normalize to
                another key. Also for a query, because it would not be sent.
        """
        url = self.target.url
        path = url.raw_path if is_virtual_hosted(self.base) else _split_path(url.raw_path)[1]
        try:
            key = unquote(path.removeprefix("/"), errors="strict")
        except UnicodeDecodeError as error:
            raise _invalid("the object key is not UTF-8") from error
        if url.raw_query_string:
            raise _invalid("the URL of the object has a query")
        if len(key.encode()) > MAX_KEY_BYTES or _CONTROL.search(key):
            raise _invalid(
                f"the object key has more than {MAX_KEY_BYTES} bytes or a control character"
            )
        if not _FORBIDDEN_SEGMENTS.isdisjoint(key.split("/")):
            raise _invalid("the object key has a segment that is empty, '.' or '..'")
        return key


class Buckets:
    """Hold all buckets in the settings."""

    def __init__(self, entries: Iterable[StorageEntry]) -> None:
        self._endpoints = [(entry, parse_target(entry.endpoint, ANY_PORT)) for entry in entries]

    def locate(self, target: Target) -> list[ObjectLocation]:
        """Return all matches in the order of the settings, none for a pre-signed URL."""
        query = parse_qsl(target.url.raw_query_string, keep_blank_values=True)
        names = {name.lower() for name, _ in query}
        if not names.isdisjoint(_SIGNATURE_PARAMETERS):
            return []
        return [
            location
            for entry, endpoint in self._endpoints
            if (target.url.scheme, target.url.port) == (endpoint.url.scheme, endpoint.url.port)
            for location in _locations(target, entry, endpoint)
        ]


def is_virtual_hosted(base: str) -> bool:
    """Return whether a bucket URL names the bucket in the host, not in the path."""
    return base.count("/") == 2


def _locations(target: Target, entry: StorageEntry, endpoint: Target) -> Iterator[ObjectLocation]:
    origin = str(target.url.origin())
    if target.host == endpoint.host:
        bucket, _ = _split_path(target.url.raw_path)
        if bucket in entry.buckets:
            yield ObjectLocation(entry, bucket, f"{origin}/{bucket}", target)
    bucket = target.host.removesuffix("." + endpoint.host)
    if bucket != target.host and bucket in entry.buckets:
        yield ObjectLocation(entry, bucket, origin, target)


def _split_path(path: str) -> tuple[str, str]:
    """Return the decoded bucket and the raw rest of a path ``/bucket/key``."""
    bucket, slash, rest = path.removeprefix("/").partition("/")
    return unquote(bucket), slash + rest


def _invalid(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.STORAGE_URL_INVALID, detail)
