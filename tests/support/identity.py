"""Helpers for tests of identity: a manual clock, signed requests, expected errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from web_image_ocr.identity import Identity, Role, SignedRequest
from web_image_ocr.identity.signature import sign
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

PASSWORD = "correct horse battery"
CLIENT = "192.0.2.1"
START = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


@contextmanager
def refused(kind: ErrorKind) -> Iterator[pytest.ExceptionInfo[ServiceError]]:
    """Expect this kind of error."""
    with pytest.raises(ServiceError) as caught:
        yield caught
    assert caught.value.kind is kind


def add_administrator(identity: Identity) -> None:
    """Create another administrator, ``second``, so that the first one can be deleted."""
    identity.administration.create_user("second", Role.ADMINISTRATOR, PASSWORD)


@dataclass
class Clock:
    """Return a time that only ``advance`` changes."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def signed(
    access: str,
    secret: str,
    when: datetime,
    *,
    body: bytes = b'{"url": "https://example.com/a.png"}',
    security_token: str | None = None,
) -> SignedRequest:
    """Return a call as the official SDK would send it."""
    headers = {
        "content-type": b"application/json",
        "host": b"127.0.0.1:8000",
        "x-sdk-date": when.strftime("%Y%m%dT%H%M%SZ").encode(),
    }
    if security_token is not None:
        headers["x-security-token"] = security_token.encode()
    return with_signature(
        SignedRequest(
            method="POST",
            path=b"/v2/0123456789abcdef0123456789abcdef/ocr/web-image",
            query=b"",
            headers=tuple((name.encode(), value) for name, value in headers.items()),
            body=body,
        ),
        access,
        secret,
        tuple(headers),
    )


def with_signature(
    request: SignedRequest, access: str, secret: str, names: tuple[str, ...]
) -> SignedRequest:
    """Return the request with an Authorization header that signs these headers."""
    ordered = tuple(sorted(names))
    value = (
        f"SDK-HMAC-SHA256 Access={access}, SignedHeaders={';'.join(ordered)}, "
        f"Signature={sign(secret, request, ordered)}"
    )
    return replace(request, headers=(*request.headers, (b"authorization", value.encode())))
