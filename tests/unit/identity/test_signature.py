"""Test the request signature: the four worked examples of the API's contract, and properties."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.identity import START, refused, signed, with_signature
from web_image_ocr.identity import SignedRequest
from web_image_ocr.identity.signature import (
    canonical_request,
    is_signed_with,
    parse_authorization,
    sign,
    signing_time,
    string_to_sign,
)
from web_image_ocr.primitives.errors import ErrorKind

WEB_IMAGE = b"/v2/0123456789abcdef0123456789abcdef/ocr/web-image"


def request(
    headers: dict[str, str],
    body: bytes = b"",
    *,
    method: str = "POST",
    path: bytes = WEB_IMAGE,
    query: bytes = b"",
) -> SignedRequest:
    return SignedRequest(
        method=method,
        path=path,
        query=query,
        headers=tuple((name.lower().encode(), text.encode()) for name, text in headers.items()),
        body=body,
    )


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


EXAMPLE_A = request(
    {
        "Content-Type": "application/json;charset=utf-8",
        "Host": "ocr.example.com",
        "User-Agent": "huaweicloud-usdk-python/3.0",
        "X-Project-Id": "0123456789abcdef0123456789abcdef",
        "X-Sdk-Date": "20260115T093000Z",
        "Authorization": (
            "SDK-HMAC-SHA256 Access=AKEXAMPLE00000000001, "
            "SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date, "
            "Signature=e297665020c438ba6f6ae81d8d42a16938bb9ed5234afe02b8677978d6118fe4"
        ),
    },
    b'{"image": "iVBORw0KGgo=", "detect_direction": true, "extract_type": ["image_size"]}',
)
EXAMPLE_SECRET = "SKEXAMPLE0000000000000000000000000000001"


def test_example_a_letter_by_letter() -> None:
    authorization = parse_authorization(EXAMPLE_A)
    assert authorization.access == "AKEXAMPLE00000000001"
    canonical = canonical_request(EXAMPLE_A, authorization.signed_headers)
    assert canonical.decode() == (
        "POST\n"
        "/v2/0123456789abcdef0123456789abcdef/ocr/web-image/\n"
        "\n"
        "content-type:application/json;charset=utf-8\n"
        "host:ocr.example.com\n"
        "user-agent:huaweicloud-usdk-python/3.0\n"
        "x-project-id:0123456789abcdef0123456789abcdef\n"
        "x-sdk-date:20260115T093000Z\n"
        "\n"
        "content-type;host;user-agent;x-project-id;x-sdk-date\n"
        "cc4dd4eed00e62b40a458a9eaae695722996b6e52f93fe533d693d24befd897b"
    )
    canonical_hash = "a8615176a4c2e8360964e59837b318b9fe0e80e8dafccb553884bf0d417b7c7e"
    assert string_to_sign(EXAMPLE_A, authorization.signed_headers) == (
        f"SDK-HMAC-SHA256\n20260115T093000Z\n{canonical_hash}"
    )
    assert is_signed_with(EXAMPLE_SECRET, EXAMPLE_A, authorization)
    assert signing_time(EXAMPLE_A) == datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


def test_example_a_with_one_byte_of_the_body_changed() -> None:
    changed = replace(EXAMPLE_A, body=EXAMPLE_A.body.replace(b"true", b"True"))
    assert not is_signed_with(EXAMPLE_SECRET, changed, parse_authorization(changed))


def test_example_b_temporary_key() -> None:
    call = request(
        {
            "Content-Type": "application/json",
            "Host": "ocr.example.com",
            "X-Project-Id": "0123456789abcdef0123456789abcdef",
            "X-Sdk-Date": "20260115T093000Z",
            "X-Security-Token": "STSTOKENEXAMPLE",
        },
        b'{"url":"https://example.com/a.png"}',
    )
    names = ("content-type", "host", "x-project-id", "x-sdk-date", "x-security-token")
    assert digest(call.body) == "293d9af81c8a7b81b6305cb5383ea8ef86e0ff04b9d23ef9546a9c6d472a7a80"
    assert digest(canonical_request(call, names)) == (
        "155c9f01d7978cd5caaec3f06e3a082b322e80be0104cbe1a215869dddb0443b"
    )
    assert sign(EXAMPLE_SECRET, call, names) == (
        "9905564a9389bd3794be3df0666679c1dd0608ecbb548d7dd6a7260f5bfa7a57"
    )


UNSIGNED_BODY = {
    "Content-Type": "text/plain",
    "Host": "ocr.example.com",
    "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD",
    "X-Sdk-Date": "20260115T093000Z",
}
UNSIGNED_BODY_NAMES = ("content-type", "host", "x-sdk-content-sha256", "x-sdk-date")


@pytest.mark.parametrize("body", [b"abc", b"any other body"])
def test_example_c_unsigned_body(body: bytes) -> None:
    call = request(UNSIGNED_BODY, body)
    canonical = canonical_request(call, UNSIGNED_BODY_NAMES)
    assert canonical.endswith(b"\nUNSIGNED-PAYLOAD")
    assert digest(canonical) == "462df2536a4da56f3548863c81484b361d1fd4644bdea3d973b1e8fa9a6f8d6f"
    assert sign("S", call, UNSIGNED_BODY_NAMES) == (
        "e3aae1d4c63a2da92fb49e382297ca44249169951dc5c14fe540203b31b45be0"
    )


def test_example_d_query() -> None:
    call = request(
        {
            "Content-Type": "application/json",
            "Host": "service.region.example.com",
            "X-Sdk-Date": "20191115T033655Z",
        },
        method="GET",
        path=b"/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
        query=b"limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
    )
    names = ("content-type", "host", "x-sdk-date")
    assert digest(canonical_request(call, names)) == (
        "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"
    )
    assert sign("MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc", call, names) == (
        "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
    )


def test_an_empty_body_is_hashed_whatever_the_header_says() -> None:
    call = request(UNSIGNED_BODY)
    assert canonical_request(call, UNSIGNED_BODY_NAMES).endswith(digest(b"").encode())


def test_an_unsigned_content_hash_header_does_not_free_the_body() -> None:
    call = request(UNSIGNED_BODY, b"abc")
    names = ("content-type", "host", "x-sdk-date")
    assert canonical_request(call, names).endswith(digest(b"abc").encode())


def test_a_declared_hash_must_be_that_of_the_body() -> None:
    headers = UNSIGNED_BODY | {"X-Sdk-Content-Sha256": digest(b"abc")}
    good = request(headers, b"abc")
    assert canonical_request(good, UNSIGNED_BODY_NAMES).endswith(digest(b"abc").encode())
    with refused(ErrorKind.SIGNATURE_INVALID):
        canonical_request(request(headers, b"abd"), UNSIGNED_BODY_NAMES)


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        (b"", b"/"),
        (b"/", b"/"),
        (b"/a", b"/a/"),
        (b"/a/", b"/a/"),
        (b"/v2/%7Bproject_id%7D/ocr", b"/v2/%7Bproject_id%7D/ocr/"),
        (b"/~a-b_c.d", b"/~a-b_c.d/"),
        (b"/%7e", b"/~/"),
        (b"/a%2fb", b"/a/b/"),
        (b"/%e5%9b%be", b"/%E5%9B%BE/"),
        (b"/a b+c", b"/a%20b%2Bc/"),
    ],
)
def test_canonical_path(raw: bytes, canonical: bytes) -> None:
    call = request({"X-Sdk-Date": "20260115T093000Z"}, path=raw)
    assert canonical_request(call, ("x-sdk-date",)).split(b"\n")[1] == canonical


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        (b"", b""),
        (b"b=2&a=1", b"a=1&b=2"),
        (b"a=2&a=1", b"a=1&a=2"),
        (b"flag", b"flag="),
        (b"&&a=1&", b"a=1"),
        (b"a=x=y", b"a=x%3Dy"),
        (b"a=%e5%9b%be%20b", b"a=%E5%9B%BE%20b"),
    ],
)
def test_canonical_query(raw: bytes, canonical: bytes) -> None:
    call = request({"X-Sdk-Date": "20260115T093000Z"}, query=raw)
    assert canonical_request(call, ("x-sdk-date",)).split(b"\n")[2] == canonical


def test_header_values_are_bytes_without_blanks_around_them() -> None:
    call = request({"X-Sdk-Date": "20260115T093000Z", "X-Note": " 图 1 "})
    canonical = canonical_request(call, ("x-note", "x-sdk-date"))
    assert b"\nx-note:" + "图 1".encode() + b"\n" in canonical


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer abc",
        "Basic YTpi",
        "SDK-HMAC-SHA256",
        "SDK-HMAC-SM3 Access=A, SignedHeaders=x-sdk-date, Signature=" + 64 * "0",
        "SDK-HMAC-SHA256 Access=, SignedHeaders=x-sdk-date, Signature=" + 64 * "0",
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=" + 63 * "0",
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=" + 64 * "G",
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=" + 64 * "0",
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=, Signature=" + 64 * "0",
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date;, Signature=" + 64 * "0",
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date;X-Sdk-Date, Signature=" + 64 * "0",
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=" + 64 * "0" + ", x",
    ],
)
def test_a_malformed_authorization_is_refused(value: str) -> None:
    with refused(ErrorKind.SIGNATURE_INVALID):
        parse_authorization(request({"Authorization": value}))


def test_a_missing_or_repeated_authorization_is_refused() -> None:
    with refused(ErrorKind.SIGNATURE_INVALID):
        parse_authorization(request({}))
    twice = replace(EXAMPLE_A, headers=EXAMPLE_A.headers + EXAMPLE_A.headers[-1:])
    with refused(ErrorKind.SIGNATURE_INVALID):
        parse_authorization(twice)


def test_signed_headers_need_neither_host_nor_order() -> None:
    value = "SDK-HMAC-SHA256 Access=A,SignedHeaders=x-sdk-date;accept,Signature=" + 64 * "0"
    authorization = parse_authorization(request({"Authorization": value}))
    assert authorization.signed_headers == ("accept", "x-sdk-date")


@pytest.mark.parametrize("name", ["host", "x-sdk-date"])
def test_a_signed_header_that_is_absent_or_repeated_never_matches(name: str) -> None:
    call = signed("A", "S", START)
    authorization = parse_authorization(call)
    assert is_signed_with("S", call, authorization)
    line = next(pair for pair in call.headers if pair[0] == name.encode())
    absent = replace(call, headers=tuple(pair for pair in call.headers if pair != line))
    assert not is_signed_with("S", absent, authorization)
    repeated = replace(call, headers=(*call.headers, line))
    assert not is_signed_with("S", repeated, authorization)


@pytest.mark.parametrize(
    "value", ["", "2026-01-15T09:30:00Z", "20260115T093000", "20261315T093000Z", "２" * 16]
)
def test_a_date_of_another_form_is_refused(value: str) -> None:
    with refused(ErrorKind.SIGNATURE_INVALID):
        signing_time(request({"X-Sdk-Date": value}))


def test_no_secret_and_no_body_in_the_repr() -> None:
    call = signed("A", "S", START, body=b"picture")
    assert "picture" not in repr(call)
    assert "Signature" not in repr(call)
    assert parse_authorization(call).signature not in repr(parse_authorization(call))


names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).filter(
    lambda name: name not in {"x-sdk-date", "authorization", "x-sdk-content-sha256"}
)
values = st.binary(max_size=20).filter(lambda value: b"\n" not in value and b"\r" not in value)


@settings(deadline=None)  # a busy machine is not a failure
@given(
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    path=st.binary(max_size=40).map(lambda raw: b"/" + raw),
    query=st.binary(max_size=40),
    headers=st.dictionaries(names, values, max_size=5),
    body=st.binary(max_size=100),
    secret=st.text(min_size=1, max_size=40).filter(str.isprintable),
    place=st.integers(min_value=0),
)
def test_what_is_signed_verifies_and_nothing_else_does(
    *,
    method: str,
    path: bytes,
    query: bytes,
    headers: dict[str, bytes],
    body: bytes,
    secret: str,
    place: int,
) -> None:
    lines = {"x-sdk-date": b"20260115T093000Z"} | headers
    call = with_signature(
        SignedRequest(
            method=method,
            path=path,
            query=query,
            headers=tuple((name.encode(), value) for name, value in lines.items()),
            body=body,
        ),
        "AK",
        secret,
        tuple(lines),
    )
    authorization = parse_authorization(call)
    assert is_signed_with(secret, call, authorization)
    assert not is_signed_with(secret + "x", call, authorization)
    assert not is_signed_with(secret, replace(call, method="PUT"), authorization)
    assert not is_signed_with(secret, replace(call, body=body + b"x"), authorization)
    name, value = call.headers[place % (len(call.headers) - 1)]
    changed = tuple(
        (other, value + b"x" if other == name else kept) for other, kept in call.headers
    )
    assert not is_signed_with(secret, replace(call, headers=changed), authorization)
