from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.buckets import MAX_KEY_BYTES, Buckets, ObjectLocation
from web_image_ocr.sources.config import StorageConfig, StorageEntry
from web_image_ocr.sources.object_storage import load_signers
from web_image_ocr.sources.signing import Signer
from web_image_ocr.sources.urls import ANY_PORT, parse_target


def entry(**changes: Any) -> StorageEntry:
    values = {
        "endpoint": "https://obs.example.com",
        "access_key": "access",
        "secret_key": "secret",
        "buckets": ("images", "my.bucket"),
        "projects": ("*",),
    }
    return StorageEntry(**{**values, **changes})


STYLES = ("https://obs.example.com/images", "https://images.obs.example.com")


def locate(url: str, *entries: StorageEntry) -> list[ObjectLocation]:
    return Buckets(entries or (entry(),)).locate(parse_target(url, ANY_PORT))


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        ("https://images.obs.example.com/a.png", "images", "a.png"),
        ("https://obs.example.com/images/a.png", "images", "a.png"),
        ("HTTPS://Images.OBS.example.com:443/A.png", "images", "A.png"),
        ("https://obs.example.com:443/images/a/b/c", "images", "a/b/c"),
        ("https://my.bucket.obs.example.com/a", "my.bucket", "a"),
        ("https://obs.example.com/my.bucket/a", "my.bucket", "a"),
        ("https://obs.example.com/%69mages/a", "images", "a"),
        ("https://obs.example.com/images/a#part", "images", "a"),
        ("https://obs.example.com/images/图 a.png", "images", "图 a.png"),
        ("https://obs.example.com/images/%E5%9B%BE%20a.png", "images", "图 a.png"),
        ("https://obs.example.com/images/a+b%2Bc", "images", "a+b+c"),
        ("https://obs.example.com/images/a%2Fb", "images", "a/b"),
        ("https://obs.example.com/images/a..b%2e", "images", "a..b."),
        ("https://obs.example.com/images/%252e%252e/a", "images", "%2e%2e/a"),
        ("https://obs.example.com/images/images/a", "images", "images/a"),
        ("https://obs.example.com/images/" + "a" * MAX_KEY_BYTES, "images", "a" * 1024),
    ],
)
def test_both_styles_name_a_bucket_and_an_object(url: str, bucket: str, key: str) -> None:
    (location,) = locate(url)
    assert (location.bucket, location.key()) == (bucket, key)


@pytest.mark.parametrize(
    "url",
    [
        "http://obs.example.com/images/a",
        "http://obs.example.com:443/images/a",
        "https://obs.example.com:8443/images/a",
        "https://obs.example.com/other/a",
        "https://obs.example.com/Images/a",
        "https://obs.example.com//images/a",
        "https://obs.example.com/./images/a",
        "https://obs.example.com/x/../images/a",
        "https://obs.example.com/images%2Fa",
        "https://obs.example.com/",
        "https://obs.example.com./images/a",
        "https://other.obs.example.com/a",
        "https://images.obs.example.com.evil.example/a",
        "https://images.evil.example/obs.example.com/a",
        "https://images-obs.example.com/a",
        "https://evilobs.example.com/images/a",
        "https://x.images.obs.example.com/a",
        "https://example.com/images/a",
    ],
)
def test_other_urls_are_not_in_a_bucket(url: str) -> None:
    assert locate(url) == []


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=ab",
        "x-amz-signature=",
        "AWSAccessKeyId=a&Expires=1&Signature=b%3D",
        "AccessKeyId=a&Expires=1&Signature=b%3D",
        "a&%53ignature=b",
        "Signature",
    ],
)
def test_pre_signed_urls_are_not_matched(query: str) -> None:
    for base in STYLES:
        assert locate(f"{base}/a.png?{query}") == []


@pytest.mark.parametrize(
    "rest",
    [
        *("", "/", "//a", "/a//b", "/a/", "/.", "/..", "/../a", "/a/./b", "/a/../b"),
        *("/%2e%2e/a", "/a/%2E%2e/b", "/a%2f..%2fb", "/a%2F", "/%2Fa", "/%2f%2fa"),
        *("/%00", "/a%0Ab", "/a%7f", "/%ff", "/%ed%a0%80", "/a?b=c", "/a?versionId=1"),
        "/" + "a" * (MAX_KEY_BYTES + 1),
        "/" + "图" * 342,
    ],
)
def test_key_that_may_be_normalized_is_invalid(rest: str) -> None:
    for base in STYLES:
        (location,) = locate(base + rest)
        with pytest.raises(ServiceError) as caught:
            location.key()
        assert caught.value.kind is ErrorKind.STORAGE_URL_INVALID


def test_the_port_of_an_endpoint_is_compared() -> None:
    private = entry(endpoint="http://127.0.0.1:9000/")
    (location,) = locate("http://127.0.0.1:9000/images/a", private)
    assert location.base == "http://127.0.0.1:9000/images"
    assert locate("http://127.0.0.1/images/a", private) == []
    assert locate("https://127.0.0.1:9000/images/a", private) == []
    (location,) = locate("http://[::1]:9000/images/a", entry(endpoint="http://[0:0::1]:9000"))
    assert location.base == "http://[::1]:9000/images"


def test_one_bucket_may_be_in_several_entries() -> None:
    first, second = entry(projects=("one",)), entry(projects=("two",), access_key="other")
    found = locate("https://obs.example.com/images/a", first, second)
    assert [location.entry for location in found] == [first, second]
    assert first.allows("one")
    assert not first.allows("two")
    assert not first.allows("*")


SEGMENT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=60
).filter(lambda text: text not in {".", ".."})
KEY = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)


@pytest.fixture(scope="module")
def signer() -> Signer:
    only = entry()
    return load_signers(StorageConfig(entries=(only,)))[only]


@given(key=KEY, style=st.integers(0, 1), unquoted=st.sampled_from(["", "/", "/+!$&'()*,:;=@~"]))
def test_key_round_trip(key: str, style: int, unquoted: str) -> None:
    (location,) = locate(f"{STYLES[style]}/{quote(key, safe=unquoted)}")
    assert location.key() == key


@pytest.mark.slow
@given(
    rest=st.one_of(
        st.text(st.characters(codec="utf-8")),
        st.lists(
            st.sampled_from(["%", "2", "e", "E", "f", "/", ".", "a", "%00", "%2F", "?", "#"])
        ).map("".join),
    ),
    style=st.integers(0, 1),
)
def test_only_objects_of_the_bucket_are_signed(signer: Signer, rest: str, style: int) -> None:
    result = _signed(signer, f"{STYLES[style]}/{rest}")
    if isinstance(result, ErrorKind):
        assert result in {ErrorKind.STORAGE_URL_INVALID, ErrorKind.SOURCE_FORBIDDEN}
    else:
        path = parse_target(result, ANY_PORT).url.raw_path
        assert result.startswith(STYLES[style] + "/")
        assert {"", ".", ".."}.isdisjoint(path.lower().replace("%2e", ".").split("/")[1:])


def _signed(signer: Signer, url: str) -> str | ErrorKind:
    """Return the signed URL; the signer raises ``INTERNAL`` for another URL than intended."""
    try:
        (location,) = locate(url)
        return signer.sign(location.base, location.bucket, location.key())
    except ServiceError as error:
        return error.kind
