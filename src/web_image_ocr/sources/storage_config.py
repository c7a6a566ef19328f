"""Which private buckets the server may read, with which keys and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from web_image_ocr.primitives.errors import ServiceError
from web_image_ocr.sources.urls import ANY_PORT, parse_target

EVERY_PROJECT = "*"

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")
_PLAIN = re.compile(r"[!-~]+")
"""Visible ASCII: what a key or a region consists of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageEntry:
    """Buckets of one storage that are read with one pair of keys.

    Attributes:
        endpoint: address of the storage, such as ``https://obs.example.com``: http or https,
            host and, if it is not the scheme's own, port; it may be private.
        region: the region that the storage expects in signatures.
        access_key: the public half of the key; it should be able to read these buckets
            and nothing else.
        secret_key: the secret half; either this or ``secret_key_file``.
        secret_key_file: a file whose first line is the secret half, read at the start.
        buckets: names of the buckets.
        projects: ids of the projects that may read all of them, or ``*`` for every project.
    """

    endpoint: str
    region: str = "us-east-1"
    access_key: str = field(repr=False)
    secret_key: str = field(default="", repr=False)
    secret_key_file: Path | None = None
    buckets: tuple[str, ...]
    projects: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse values that make no sense, all of them at once; keys are not repeated."""
        faults = [
            text
            for text in (
                *_endpoint_faults(self.endpoint),
                "" if _PLAIN.fullmatch(self.region) else "region must be visible ASCII",
                "" if _PLAIN.fullmatch(self.access_key) else "access_key must be visible ASCII",
                ""
                if bool(self.secret_key) != bool(self.secret_key_file)
                else "give exactly one of secret_key and secret_key_file",
                "" if self.buckets else "buckets must name at least one",
                *(
                    "" if _BUCKET.fullmatch(name) else f"{name!r} cannot be a bucket"
                    for name in self.buckets
                ),
                "" if all(self.projects) and self.projects else "projects must name at least one",
            )
            if text
        ]
        if faults:
            raise ValueError(", ".join(faults))

    def serves(self, project_id: str) -> bool:
        """Whether the project may read these buckets."""
        return EVERY_PROJECT in self.projects or project_id in self.projects


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageConfig:
    """Private buckets of S3-compatible storage.

    Attributes:
        entries: private buckets that are read with keys of the server's own, each a table
            (see below); needs the package obstore (``web-image-ocr[storage]``).
    """

    entries: tuple[StorageEntry, ...] = ()


def _endpoint_faults(endpoint: str) -> Iterator[str]:
    try:
        url = parse_target(endpoint, ANY_PORT).url
    except ServiceError as error:
        yield f"endpoint: {error.detail}"
        return
    if url.raw_path != "/" or url.raw_query_string or "#" in endpoint:
        yield "endpoint must be scheme, host and port only"
