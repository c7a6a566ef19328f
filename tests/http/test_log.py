from __future__ import annotations

import base64
import re
from collections.abc import Iterator, MutableMapping
from typing import Any

import httpx
import pytest
import structlog

from tests.http.conftest import Account
from tests.http.signing import signed_headers
from tests.support.api_assertions import IMAGE, PATH
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api import middleware

Records = list[MutableMapping[str, Any]]


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    # A logger that has been used keeps its configuration.
    monkeypatch.setattr(middleware, "_log", structlog.stdlib.get_logger("web_image_ocr.api"))
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as captured:
        yield captured


async def test_one_record_a_call(
    client: httpx.AsyncClient, account: Account, records: Records
) -> None:
    response = await client.post(account.path, headers=account.headers, json={"image": IMAGE})
    (record,) = records
    assert record["milliseconds"] > 0
    assert record == {
        "event": "call",
        "log_level": "info",
        "request_id": response.headers["x-request-id"],
        "method": "POST",
        "route": "/v2/{project_id}/ocr/web-image",
        "status": 200,
        "code": "",
        "error": "",
        "reason": "",
        "project_id": account.project_id,
        "bytes_in": len(response.request.content),
        "bytes_out": len(response.content),
        "milliseconds": record["milliseconds"],
    }


async def test_a_failure_is_logged_with_code_and_reason(
    client: httpx.AsyncClient, account: Account, records: Records
) -> None:
    await client.post(account.path, headers=account.headers, json={"image": 7})
    (record,) = records
    assert (record["status"], record["code"]) == (400, "AIS.0101")
    assert record["error"] == "parameter_invalid"
    assert record["reason"] == "the body does not fit: image: string_type"


async def test_an_unknown_method_is_not_logged(
    client: httpx.AsyncClient, account: Account, records: Records
) -> None:
    await client.request("PASSWORD", account.path)
    await client.request("GET", account.path)
    calls = [record for record in records if record["event"] == "call"]
    assert [record["method"] for record in calls] == ["", "GET"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_successful_probes_are_logged_at_debug_level(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer, records: Records, path: str
) -> None:
    await anonymous.get(path)
    recognizer.alive = False
    await anonymous.get(path)
    assert [record["log_level"] for record in records] == [
        "debug",
        "warning" if path == "/readyz" else "debug",
    ]


async def test_an_unexpected_exception_is_logged_without_its_values(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer, records: Records
) -> None:
    def fault() -> None:
        raise ZeroDivisionError("a caller's value")

    recognizer.fault = fault
    response = await anonymous.post(PATH, json={"image": IMAGE})
    trouble, call = records
    assert trouble["error"] == "ZeroDivisionError"
    assert any(frame.endswith(" fault") for frame in trouble["frames"])
    assert (trouble["log_level"], call["log_level"]) == ("error", "warning")
    assert {trouble["request_id"], call["request_id"]} == {response.headers["x-request-id"]}
    assert "a caller's value" not in repr(records)


async def test_no_secrets_in_the_log(
    client: httpx.AsyncClient, account: Account, recognizer: FakeRecognizer, records: Records
) -> None:
    def fault() -> None:
        raise ValueError(account.token)

    body = {"image": IMAGE}
    password = "not-the-password-of-anybody"
    sign_in = {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {
                    "user": {"name": "nobody", "password": password, "domain": {"name": "x"}}
                },
            }
        }
    }
    await client.post(account.path, headers=account.headers, json=body)
    await client.post(
        account.path, headers=signed_headers(account, secret="wrong-secret"), json=body
    )
    await client.post(account.path, headers={"X-Auth-Token": account.token + "x"}, json=body)
    await client.post(account.path, headers=account.headers, json={"image": "%%" + IMAGE})
    await client.post(account.path, headers=account.headers, json={"image": {"x": IMAGE}})
    await client.post(account.path, headers=account.headers, json={"url": "https://a.example/?s"})
    await client.post(f"/v2/{password}/ocr/web-image", headers=account.headers, json=body)
    await client.post(f"/{password}?{password}", json=body)
    await client.post("/v3/auth/tokens", json=sign_in)
    recognizer.fault = fault
    await client.post(account.path, headers=account.headers, json=body)
    assert len([record for record in records if "outcome" not in record]) == 11
    logged = repr(records)
    for secret in (
        account.token,
        account.first.secret_key or "?",
        "wrong-secret",
        password,
        IMAGE,
        base64.b64decode(IMAGE).decode(),
        "a.example",
        "Hello",
        "世界",
    ):
        assert secret not in logged
    assert not re.search(r"Signature=|eyJ", logged)
