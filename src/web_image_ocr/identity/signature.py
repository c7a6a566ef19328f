"""Compute and parse request signatures of the algorithm ``SDK-HMAC-SHA256``.

Pure functions: no clock, no database, no keys.

Threat: an attacker reads or alters requests in transit, or guesses secrets.
Rule: an altered signed part makes the signature invalid. Signatures are compared in constant time.
A header that occurs twice is never accepted as signed, because it is ambiguous.
Residual risk: a signed request can be replayed while its time is valid. Headers that are not in
``SignedHeaders``, and with ``UNSIGNED-PAYLOAD`` the body, are not protected. Use TLS.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, unquote_to_bytes

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.text import quoted

ALGORITHM = "SDK-HMAC-SHA256"
DATE_HEADER = "x-sdk-date"
CONTENT_HASH_HEADER = "x-sdk-content-sha256"
SECURITY_TOKEN_HEADER = "x-security-token"  # noqa: S105 - a header's name

_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} +Access=(?P<access>[^,\s]+), *"
    r"SignedHeaders=(?P<headers>[^,\s]+), *Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """Hold a request as received.

    Attributes:
        method: ``POST``, ``GET``, …
        path: the raw path of the request line, still percent-encoded, without the query.
        query: the raw query string, without the question mark; may be empty.
        headers: (lower-case name, value) of every header line, in the order received.
        body: the whole raw body; may be empty.
    """

    method: str
    path: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> bytes | None:
        """Return the stripped value of a header, None if it is absent.

        Raises:
            ServiceError: ``SIGNATURE_INVALID`` if the header occurs more than once.
        """
        wanted = name.encode("latin-1", "replace")
        values = [value for key, value in self.headers if key == wanted]
        if len(values) > 1:
            raise _invalid(f"header {quoted(name)} occurs {len(values)} times")
        return values[0].strip() if values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """Hold the parts of an ``Authorization`` header.

    Attributes:
        access: the public half of the key (AK).
        signed_headers: lower-case names, sorted, no name twice.
        signature: 64 lower-case hex digits.
    """

    access: str
    signed_headers: tuple[str, ...]
    signature: str = field(repr=False)


def parse_authorization(request: SignedRequest) -> Authorization:
    """Return the parts of the request's ``Authorization`` header.

    Raises:
        ServiceError: ``SIGNATURE_INVALID`` if the header is absent, repeated, malformed, of another
            algorithm, or does not sign ``x-sdk-date``.
    """
    value = request.header("authorization")
    match = _AUTHORIZATION.fullmatch(value.decode("latin-1")) if value else None
    if match is None:
        raise _invalid(f"the Authorization header is not of the form {ALGORITHM} Access=…")
    names = sorted(match["headers"].lower().split(";"))
    if len(set(names)) != len(names) or "" in names:
        raise _invalid("SignedHeaders has an empty or repeated name")
    if DATE_HEADER not in names:
        raise _invalid(f"SignedHeaders does not name {DATE_HEADER}")
    return Authorization(
        access=match["access"], signed_headers=tuple(names), signature=match["signature"]
    )


def signing_time(request: SignedRequest) -> datetime:
    """Return the signing time that the request declares, UTC.

    Raises:
        ServiceError: ``SIGNATURE_INVALID`` if ``X-Sdk-Date`` is absent, repeated or not
            a time.
    """
    try:
        return datetime.strptime(_signing_date(request), _DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise _invalid(f"{DATE_HEADER} is not a time") from error


def canonical_request(request: SignedRequest, signed_headers: tuple[str, ...]) -> bytes:
    """Return the canonical request, which both sides hash.

    Args:
        request: as received.
        signed_headers: lower-case names, sorted.

    Raises:
        ServiceError: ``SIGNATURE_INVALID`` if a signed header is absent or repeated,
            or the declared hash is not that of the body.
    """
    lines = [
        request.method.upper().encode(),
        _canonical_path(request.path),
        _canonical_query(request.query),
        b"".join(_canonical_header(request, name) for name in signed_headers),
        ";".join(signed_headers).encode("latin-1"),
        _body_hash(request, signed_headers),
    ]
    return b"\n".join(lines)


def string_to_sign(request: SignedRequest, signed_headers: tuple[str, ...]) -> str:
    """Return algorithm, time and hash of the canonical request, joined by line feeds.

    Raises:
        ServiceError: as ``canonical_request`` and ``signing_time``.
    """
    digest = hashlib.sha256(canonical_request(request, signed_headers)).hexdigest()
    return f"{ALGORITHM}\n{_signing_date(request)}\n{digest}"


def sign(secret: str, request: SignedRequest, signed_headers: tuple[str, ...]) -> str:
    """Return the signature: 64 lower-case hex digits, HMAC-SHA256 keyed with the SK.

    Raises:
        ServiceError: as ``string_to_sign``.
    """
    message = string_to_sign(request, signed_headers).encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_signed_with(secret: str, request: SignedRequest, authorization: Authorization) -> bool:
    """Return whether this secret made the request's signature; compare in constant time."""
    try:
        expected = sign(secret, request, authorization.signed_headers)
    except ServiceError:
        return False
    return hmac.compare_digest(expected, authorization.signature)


def _signing_date(request: SignedRequest) -> str:
    value = (request.header(DATE_HEADER) or b"").decode("latin-1")
    if not _DATE.fullmatch(value):
        raise _invalid(f"{DATE_HEADER} is absent or not of the form YYYYMMDDTHHMMSSZ")
    return value


def _canonical_path(path: bytes) -> bytes:
    # Decoded before it is split: an encoded slash is a slash, as in the official SDK.
    segments = unquote_to_bytes(path).split(b"/")
    encoded = "/".join(_percent_encoded(segment) for segment in segments)
    return (encoded if encoded.endswith("/") else encoded + "/").encode()


def _canonical_query(query: bytes) -> bytes:
    pairs = []
    for pair in filter(None, query.split(b"&")):
        name, _, value = pair.partition(b"=")
        # A plus sign stays a plus sign: signers encode a blank as %20.
        pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return "&".join(
        f"{_percent_encoded(name)}={_percent_encoded(value)}" for name, value in sorted(pairs)
    ).encode()


def _percent_encoded(raw: bytes) -> str:
    return quote(raw, safe="~")


def _canonical_header(request: SignedRequest, name: str) -> bytes:
    value = request.header(name)
    if value is None:
        raise _invalid(f"signed header {quoted(name)} is absent")
    return name.encode("latin-1") + b":" + value + b"\n"


def _body_hash(request: SignedRequest, signed_headers: tuple[str, ...]) -> bytes:
    actual = hashlib.sha256(request.body).hexdigest().encode()
    if not request.body or CONTENT_HASH_HEADER not in signed_headers:
        return actual
    declared = request.header(CONTENT_HASH_HEADER)
    if not declared:
        return actual
    # "UNSIGNED-PAYLOAD" leaves the body unprotected; a wrong hash is an error.
    if _SHA256.fullmatch(declared.decode("latin-1")) and declared != actual:
        raise _invalid(f"{CONTENT_HASH_HEADER} is not the hash of the body")
    return declared


def _invalid(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.SIGNATURE_INVALID, detail)
