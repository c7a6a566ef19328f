"""Checklist of the contract, lines 55 and 63 to 67: tests with a frozen clock.

The real application and real identities in this process, with the time of the worked
examples, whose keys the operator has imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.identity import (
    API_NAME,
    Administration,
    Identity,
    IdentityConfig,
    PasswordLogin,
    Reference,
    Scope,
    SignedRequest,
)
from web_image_ocr.identity.signature import canonical_request, sign
from web_image_ocr.images import ImageLimits, decode
from web_image_ocr.primitives.deadline import Deadline

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
PROJECT = "0123456789abcdef0123456789abcdef"
PATH = f"/v2/{PROJECT}/ocr/web-image"
PASSWORD = "correct-horse-battery"

ACCESS, SECRET = "AKEXAMPLE00000000001", "SKEXAMPLE0000000000000000000000000000001"
BODY_A = b'{"image": "iVBORw0KGgo=", "detect_direction": true, "extract_type": ["image_size"]}'
HEADERS_A = {
    "Content-Type": "application/json;charset=utf-8",
    "Host": "ocr.example.com",
    "User-Agent": "huaweicloud-usdk-python/3.0",
    "X-Project-Id": PROJECT,
    "X-Sdk-Date": "20260115T093000Z",
    "Authorization": f"SDK-HMAC-SHA256 Access={ACCESS}, "
    "SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date, "
    "Signature=e297665020c438ba6f6ae81d8d42a16938bb9ed5234afe02b8677978d6118fe4",
}
HEADERS_C = {
    "Content-Type": "text/plain",
    "Host": "ocr.example.com",
    "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD",
    "X-Sdk-Date": "20260115T093000Z",
    "Authorization": "SDK-HMAC-SHA256 Access=A, "
    "SignedHeaders=content-type;host;x-sdk-content-sha256;x-sdk-date, "
    "Signature=e3aae1d4c63a2da92fb49e382297ca44249169951dc5c14fe540203b31b45be0",
}


class Clock:
    """A clock that moves only when set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class DecodingRecognizer(FakeRecognizer):
    """Decode the image as a worker does, but recognize no text."""

    async def recognize(
        self, image: bytes, options: RecognitionOptions, deadline: Deadline, project_id: str
    ) -> Page:
        decode(image, ImageLimits())
        return await super().recognize(image, options, deadline, project_id)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frozen")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def identity(data_dir: Path, clock: Clock) -> Iterator[Identity]:
    service = Identity(IdentityConfig(max_keys_per_user=0), data_dir, clock=clock)
    if service.initialize(password=PASSWORD).created:
        _add_examples(service.administration)
    yield service
    service.close()


@pytest.fixture
async def client(identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    dependencies = Dependencies(
        recognizer=DecodingRecognizer(), fetcher=FakeImageSource(), identity=identity
    )
    transport = httpx.ASGITransport(create_app(dependencies, ApiConfig()))
    async with httpx.AsyncClient(transport=transport, base_url="http://ocr.example.com") as made:
        yield made


def _add_examples(administration: Administration) -> None:
    """Return the project and the keys of the worked examples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secrets.token_hex", lambda _: PROJECT)  # source of ids
        assert administration.create_project("example").id == PROJECT
    administration.enable(PROJECT, API_NAME)
    administration.import_key("admin", ACCESS, SECRET)
    administration.import_key("admin", "A", "S")


def _token(identity: Identity) -> str:
    login = PasswordLogin(
        user=Reference(name="admin"),
        domain=Reference(name="default"),
        password=PASSWORD,
        scope=Scope(project=Reference(id=PROJECT)),
    )
    return identity.sign_in.log_in(login, "127.0.0.1").token


def _request(
    body: bytes, headers: dict[str, str], *, method: str = "POST", path: str = PATH, query: str = ""
) -> SignedRequest:
    lines = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    return SignedRequest(
        method=method, path=path.encode(), query=query.encode(), headers=lines, body=body
    )


async def test_55_an_expired_token(
    client: httpx.AsyncClient, identity: Identity, clock: Clock
) -> None:
    headers = {"X-Auth-Token": _token(identity)}
    response = await client.post(PATH, headers=headers, json={})
    assert response.json()["error_code"] == "AIS.0101"
    clock.now += timedelta(hours=24, seconds=1)
    response = await client.post(PATH, headers=headers, json={})
    body = response.json()
    assert (response.status_code, body["error_code"]) == (401, "APIG.0301")
    assert body["error_msg"].startswith(
        "Incorrect IAM authentication information: token expires, expires_at: 2026-01-16T09:30:00"
    )


async def test_63_worked_example_a(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, headers=HEADERS_A, content=BODY_A)
    assert (response.status_code, response.json()["error_code"]) == (400, "AIS.0102")


async def test_64_worked_example_a_with_a_byte_changed(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, headers=HEADERS_A, content=BODY_A.replace(b"true", b"trux"))
    body = response.json()
    assert (response.status_code, body["error_code"]) == (401, "APIG.0301")
    assert body["error_msg"].endswith(": verify aksk signature fail")


async def test_65_worked_example_b(client: httpx.AsyncClient, identity: Identity) -> None:
    body = b'{"url":"https://example.com/a.png"}'
    headers = {
        "Content-Type": "application/json",
        "Host": "ocr.example.com",
        "X-Project-Id": PROJECT,
        "X-Sdk-Date": "20260115T093000Z",
        "X-Security-Token": "STSTOKENEXAMPLE",
    }
    _, signature = _signature(ACCESS, SECRET, headers, body)
    assert signature == "9905564a9389bd3794be3df0666679c1dd0608ecbb548d7dd6a7260f5bfa7a57"

    # The example's security token is unknown; this is the same call with a valid one.
    key = identity.temporary_keys.issue(_token(identity))
    headers["X-Security-Token"] = key.security_token
    authorization, _ = _signature(key.access, key.secret, headers, body)
    response = await client.post(
        PATH, headers={**headers, "Authorization": authorization}, content=body
    )
    assert (response.status_code, response.json()["error_code"]) == (400, "ModelArts.4603")

    del headers["X-Security-Token"]
    authorization, _ = _signature(key.access, key.secret, headers, body)
    response = await client.post(
        PATH, headers={**headers, "Authorization": authorization}, content=body
    )
    assert (response.status_code, response.json()["error_code"]) == (401, "APIG.0301")
    assert response.json()["error_msg"] == (
        "Incorrect IAM authentication information: Get secretKey failed,ak:******,err:ak not exist"
    )


def _signature(access: str, secret: str, headers: dict[str, str], body: bytes) -> tuple[str, str]:
    """Return the header ``Authorization`` that signs all headers, and its signature."""
    names = tuple(sorted(name.lower() for name in headers))
    signature = sign(secret, _request(body, headers), names)
    signed = ";".join(names)
    return (
        f"SDK-HMAC-SHA256 Access={access}, SignedHeaders={signed}, Signature={signature}",
        signature,
    )


@pytest.mark.parametrize("body", [b"abc", b"any other body"])
async def test_66_worked_example_c(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post(PATH, headers=HEADERS_C, content=body)
    assert (response.status_code, response.json()["error_code"]) == (400, "ModelArts.4105")


def test_67_worked_example_d() -> None:
    request = _request(
        b"",
        {
            "Content-Type": "application/json",
            "Host": "service.region.example.com",
            "X-Sdk-Date": "20191115T033655Z",
        },
        method="GET",
        path="/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
        query="limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
    )
    names = ("content-type", "host", "x-sdk-date")
    assert hashlib.sha256(canonical_request(request, names)).hexdigest() == (
        "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"
    )
    assert sign("MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc", request, names) == (
        "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
    )
