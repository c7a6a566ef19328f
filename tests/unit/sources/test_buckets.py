from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources import StorageConfig, StorageEntry
from web_image_ocr.sources.buckets import MAX_KEY_BYTES, Buckets, ObjectLocation
from web_image_ocr.sources.object_storage import load_signers
from web_image_ocr.sources.signing import Signer
from web_image_ocr.sources.urls import ANY_PORT, parse_target


def entry(**changes: Any) -> StorageEntry:
    values = {
        "endpoint": "https://obs.example.com",
        "access_key": "access",
        "secret_key": "secret",
        "buckets": ("pictures", "my.bucket"),
        "projects": ("*",),
    }
    return StorageEntry(**{**values, **changes})


FORMS = ("https://obs.example.com/pictures", "https://pictures.obs.example.com")


def places(url: str, *entries: StorageEntry) -> list[ObjectLocation]:
    return Buckets(entries or (entry(),)).locate(parse_target(url, ANY_PORT))


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        ("https://pictures.obs.example.com/a.png", "pictures", "a.png"),
        ("https://obs.example.com/pictures/a.png", "pictures", "a.png"),
        ("HTTPS://Pictures.OBS.example.com:443/A.png", "pictures", "A.png"),
        ("https://obs.example.com:443/pictures/a/b/c", "pictures", "a/b/c"),
        ("https://my.bucket.obs.example.com/a", "my.bucket", "a"),
        ("https://obs.example.com/my.bucket/a", "my.bucket", "a"),
        ("https://obs.example.com/%70ictures/a", "pictures", "a"),
        ("https://obs.example.com/pictures/a#part", "pictures", "a"),
        ("https://obs.example.com/pictures/图 a.png", "pictures", "图 a.png"),
        ("https://obs.example.com/pictures/%E5%9B%BE%20a.png", "pictures", "图 a.png"),
        ("https://obs.example.com/pictures/a+b%2Bc", "pictures", "a+b+c"),
        ("https://obs.example.com/pictures/a%2Fb", "pictures", "a/b"),
        ("https://obs.example.com/pictures/a..b%2e", "pictures", "a..b."),
        ("https://obs.example.com/pictures/%252e%252e/a", "pictures", "%2e%2e/a"),
        ("https://obs.example.com/pictures/pictures/a", "pictures", "pictures/a"),
        ("https://obs.example.com/pictures/" + "a" * MAX_KEY_BYTES, "pictures", "a" * 1024),
    ],
)
def test_both_forms_name_a_bucket_and_an_object(url: str, bucket: str, key: str) -> None:
    (place,) = places(url)
    assert (place.bucket, place.key()) == (bucket, key)


@pytest.mark.parametrize(
    "url",
    [
        "http://obs.example.com/pictures/a",
        "http://obs.example.com:443/pictures/a",
        "https://obs.example.com:8443/pictures/a",
        "https://obs.example.com/other/a",
        "https://obs.example.com/Pictures/a",
        "https://obs.example.com//pictures/a",
        "https://obs.example.com/./pictures/a",
        "https://obs.example.com/x/../pictures/a",
        "https://obs.example.com/pictures%2Fa",
        "https://obs.example.com/",
        "https://obs.example.com./pictures/a",
        "https://other.obs.example.com/a",
        "https://pictures.obs.example.com.evil.example/a",
        "https://pictures.evil.example/obs.example.com/a",
        "https://pictures-obs.example.com/a",
        "https://evilobs.example.com/pictures/a",
        "https://x.pictures.obs.example.com/a",
        "https://example.com/pictures/a",
    ],
)
def test_anything_else_is_no_bucket(url: str) -> None:
    assert places(url) == []


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
def test_what_is_signed_is_left_alone(query: str) -> None:
    for base in FORMS:
        assert places(f"{base}/a.png?{query}") == []


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
def test_a_name_that_might_mean_another_object_is_invalid(rest: str) -> None:
    for base in FORMS:
        (place,) = places(base + rest)
        with pytest.raises(ServiceError) as caught:
            place.key()
        assert caught.value.kind is ErrorKind.STORAGE_URL_INVALID


def test_the_port_of_an_entry_counts() -> None:
    private = entry(endpoint="http://127.0.0.1:9000/")
    (place,) = places("http://127.0.0.1:9000/pictures/a", private)
    assert place.base == "http://127.0.0.1:9000/pictures"
    assert places("http://127.0.0.1/pictures/a", private) == []
    assert places("https://127.0.0.1:9000/pictures/a", private) == []
    (place,) = places("http://[::1]:9000/pictures/a", entry(endpoint="http://[0:0::1]:9000"))
    assert place.base == "http://[::1]:9000/pictures"


def test_one_bucket_may_stand_in_several_entries() -> None:
    first, second = entry(projects=("one",)), entry(projects=("two",), access_key="other")
    found = places("https://obs.example.com/pictures/a", first, second)
    assert [place.entry for place in found] == [first, second]
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


@given(key=KEY, form=st.integers(0, 1), kept=st.sampled_from(["", "/", "/+!$&'()*,:;=@~"]))
def test_a_name_is_read_as_it_was_written(key: str, form: int, kept: str) -> None:
    (place,) = places(f"{FORMS[form]}/{quote(key, safe=kept)}")
    assert place.key() == key


@pytest.mark.slow
@given(
    rest=st.one_of(
        st.text(st.characters(codec="utf-8")),
        st.lists(
            st.sampled_from(["%", "2", "e", "E", "f", "/", ".", "a", "%00", "%2F", "?", "#"])
        ).map("".join),
    ),
    form=st.integers(0, 1),
)
def test_what_is_signed_is_an_object_of_the_bucket_or_nothing(
    signer: Signer, rest: str, form: int
) -> None:
    result = _signed(signer, f"{FORMS[form]}/{rest}")
    if isinstance(result, ErrorKind):
        assert result in {ErrorKind.STORAGE_URL_INVALID, ErrorKind.SOURCE_FORBIDDEN}
    else:
        path = parse_target(result, ANY_PORT).url.raw_path
        assert result.startswith(FORMS[form] + "/")
        assert {"", ".", ".."}.isdisjoint(path.lower().replace("%2e", ".").split("/")[1:])


def _signed(signer: Signer, url: str) -> str | ErrorKind:
    """The signed address; the signer raises ``INTERNAL`` for what was not meant."""
    try:
        (place,) = places(url)
        return signer.sign(place.base, place.bucket, place.key())
    except ServiceError as error:
        return error.kind
