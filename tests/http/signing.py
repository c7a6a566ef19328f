"""Sign calls with the first account's key."""

from __future__ import annotations

from tests.http.conftest import Account
from tests.support.api_assertions import IMAGE
from web_image_ocr.identity import SignedRequest
from web_image_ocr.identity.service import utc_now
from web_image_ocr.identity.signature import sign

BODY = b'{"image": "' + IMAGE.encode() + b'"}'


def signed_headers(
    account: Account,
    *,
    path: str = "",
    secret: str | None = None,
    body: bytes = BODY,
    extra: dict[str, bytes] | None = None,
) -> dict[bytes, bytes]:
    """Return the headers of a signed call of the service."""
    headers: dict[str, bytes] = {
        "host": b"localhost",
        "x-sdk-date": utc_now().strftime("%Y%m%dT%H%M%SZ").encode(),
        **(extra or {}),
    }
    names = tuple(sorted(headers))
    request = SignedRequest(
        method="POST",
        path=(path or account.path).encode(),
        query=b"",
        headers=tuple((name.encode(), value) for name, value in headers.items()),
        body=body,
    )
    signature = sign(secret or account.first.secret_key or "", request, names)
    authorization = (
        f"SDK-HMAC-SHA256 Access={account.first.access_key}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return {**dict(request.headers), b"authorization": authorization.encode()}
