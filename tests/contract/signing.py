"""Sign requests with the official SDK's signer, an independent implementation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

SDK_DATE = "%Y%m%dT%H%M%SZ"


class HostlessSigner(Signer):  # type: ignore[misc]
    """Leave ``host`` unsigned, as older SDKs in other languages do."""

    @classmethod
    def _process_header_host(cls, request: SdkRequest) -> None:
        """Add no header."""


def signed_request(
    url: httpx.URL,
    *,
    access: str,
    secret: str,
    method: str = "POST",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    shift: timedelta = timedelta(),
    signer: type[Signer] = Signer,
) -> httpx.Request:
    """Return a request signed by the SDK's signer, ready to be sent or altered.

    Args:
        url: with its query.
        access: the AK.
        secret: the SK.
        method: of the request.
        body: of the request.
        headers: more headers, signed as well.
        shift: added to the time that is signed.
        signer: the SDK's, or a variant of it.
    """
    moment = (datetime.now(UTC) + shift).strftime(SDK_DATE)
    host = url.netloc.decode()
    request = SdkRequest(
        method=method,
        schema=url.scheme,
        host=host,
        resource_path=url.path,
        query_params=list(url.params.multi_items()),
        header_params={"X-Sdk-Date": moment, **(headers or {})},
        body=body,
    )
    signed: Any = signer(BasicCredentials(access, secret)).sign(request)
    sent = {name: value.encode("latin-1") for name, value in signed.header_params.items()}
    raw = {name.encode(): value for name, value in {"Host": host.encode(), **sent}.items()}
    return httpx.Request(method, url, content=body, headers=raw)
