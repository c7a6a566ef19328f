"""Test that signatures of the official SDK are accepted."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import given, settings
from hypothesis import strategies as st

from web_image_ocr.identity import SignedRequest
from web_image_ocr.identity.signature import is_signed_with, parse_authorization

SECRET = "SKEXAMPLE0000000000000000000000000000001"
WEB_IMAGE = "/v2/0123456789abcdef0123456789abcdef/ocr/web-image"


def signed_by_the_sdk(
    *,
    path: str = WEB_IMAGE,
    query: list[tuple[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    body: bytes = b"{}",
) -> SignedRequest:
    """The request as the SDK would put it on the wire."""
    request = SdkRequest(
        method="POST",
        schema="http",
        host="127.0.0.1:18080",
        resource_path=path,
        query_params=query or [],
        header_params={
            "Content-Type": "application/json",
            "X-Sdk-Date": "20260115T093000Z",
            **(headers or {}),
        },
        body=body,
    )
    Signer(BasicCredentials("AKEXAMPLE00000000001", SECRET, "p")).sign(request)
    target = urlsplit(request.uri)
    return SignedRequest(
        method="POST",
        path=target.path.encode(),
        query=target.query.encode(),
        headers=tuple(
            # The SDK hands values over as Latin-1 text for their UTF-8 bytes.
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in request.header_params.items()
        ),
        body=body,
    )


def accepted(request: SignedRequest) -> bool:
    return is_signed_with(SECRET, request, parse_authorization(request))


@pytest.mark.parametrize(
    "path", [WEB_IMAGE, "/", "/v3/projects", "/v2/%7Bproject_id%7D/ocr/web-image", "/a%20b/~c"]
)
@pytest.mark.parametrize("body", [b"", b"{}", "图".encode()])
def test_paths_and_bodies(path: str, body: bytes) -> None:
    assert accepted(signed_by_the_sdk(path=path, body=body))


def test_non_ascii_headers() -> None:
    assert accepted(signed_by_the_sdk(headers={"Enterprise-Project-Id": " 企业 Ünit "}))


def test_another_content_type_leaves_the_body_unsigned() -> None:
    request = signed_by_the_sdk(headers={"Content-Type": "text/plain"}, body=b"abc")
    assert (b"x-sdk-content-sha256", b"UNSIGNED-PAYLOAD") in request.headers
    assert accepted(request)


@settings(deadline=None)  # a busy machine is not a failure
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=5))
def test_queries(query: dict[str, str]) -> None:
    assert accepted(signed_by_the_sdk(query=list(query.items())))
