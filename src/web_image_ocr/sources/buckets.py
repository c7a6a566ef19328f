"""Which ``url`` means an object in a bucket that the settings name.

Threat: an address that is taken for one bucket here and for another by the storage, or a
signature of somebody else that is replaced by the server's own. Rule: scheme, host, port
and bucket are compared as ``urls`` has taken them apart; what carries a signature, and what
does not match exactly, is no address of a bucket and goes the way of every other address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.storage_config import StorageEntry
from web_image_ocr.sources.urls import ANY_PORT, Target, parse_target

MAX_KEY_BYTES = 1024
"""Of S3: the longest key in UTF-8."""

_SIGNATURES = frozenset({"x-amz-signature", "signature"})
"""Names, in lower case, of the query parameter that holds a signature: S3's version 4, and
version 2, which OBS writes with ``AccessKeyId`` beside it in place of ``AWSAccessKeyId``."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NO_SEGMENTS = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class ObjectLocation:
    """A bucket as an address names it, and what the address says of the object.

    Attributes:
        entry: the entry of the settings.
        bucket: one of its buckets.
        base: address of the bucket in the form of the ``url``, without a slash at the end.
        target: the whole address.
    """

    entry: StorageEntry
    bucket: str
    base: str
    target: Target

    @property
    def in_host(self) -> bool:
        """Whether the bucket is named in the host rather than in the path."""
        return self.base.count("/") == 2

    def key(self) -> str:
        """The name of the object.

        Raises:
            ServiceError: ``STORAGE_URL_INVALID`` where there is none, where a store or a
                proxy on the way might take it for another's (an empty segment, ``.``,
                ``..``, control characters), or with a query, which would not be sent.
        """
        url = self.target.url
        path = url.raw_path if self.in_host else _after_bucket(url.raw_path)[1]
        try:
            key = unquote(path.removeprefix("/"), errors="strict")
        except UnicodeDecodeError as error:
            raise _invalid("the object's name is no UTF-8") from error
        if url.raw_query_string:
            raise _invalid("the address of the object has a query")
        if len(key.encode()) > MAX_KEY_BYTES or _CONTROL.search(key):
            raise _invalid("the object's name is too long or has control characters")
        if not _NO_SEGMENTS.isdisjoint(key.split("/")):
            raise _invalid("the object's name is empty, or a part of it is, or is a dot or two")
        return key


class Buckets:
    """All buckets that the settings name."""

    def __init__(self, entries: Iterable[StorageEntry]) -> None:
        self._endpoints = [(entry, parse_target(entry.endpoint, ANY_PORT)) for entry in entries]

    def locate(self, target: Target) -> list[ObjectLocation]:
        """What the address may mean, in the order of the settings; nothing if it is signed."""
        query = parse_qsl(target.url.raw_query_string, keep_blank_values=True)
        names = {name.lower() for name, _ in query}
        if not names.isdisjoint(_SIGNATURES):
            return []
        return [
            location
            for entry, endpoint in self._endpoints
            if (target.url.scheme, target.url.port) == (endpoint.url.scheme, endpoint.url.port)
            for location in _locations(target, entry, endpoint)
        ]


def _locations(target: Target, entry: StorageEntry, endpoint: Target) -> Iterator[ObjectLocation]:
    origin = str(target.url.origin())
    if target.host == endpoint.host:
        bucket, _ = _after_bucket(target.url.raw_path)
        if bucket in entry.buckets:
            yield ObjectLocation(entry, bucket, f"{origin}/{bucket}", target)
    bucket = target.host.removesuffix("." + endpoint.host)
    if bucket != target.host and bucket in entry.buckets:
        yield ObjectLocation(entry, bucket, origin, target)


def _after_bucket(path: str) -> tuple[str, str]:
    """The bucket in a path of the form ``/bucket/object``, decoded, and the rest, raw."""
    bucket, slash, rest = path.removeprefix("/").partition("/")
    return unquote(bucket), slash + rest


def _invalid(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.STORAGE_URL_INVALID, detail)
