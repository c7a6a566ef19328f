"""Checklist of the contract, lines 53, 54, 56 to 62 and 68 to 72: authentication."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta

import httpx
import pytest

from tests.contract.signing import HostlessSigner, signed_request
from tests.support.images import to_base64
from tests.support.servers import Service, sign_in

pytestmark = [pytest.mark.server, pytest.mark.models]


def assert_unauthenticated(response: httpx.Response, suffix: str) -> None:
    body = response.json()
    assert (response.status_code, body["error_code"]) == (401, "APIG.0301")
    assert body["error_msg"] == f"Incorrect IAM authentication information: {suffix}"
    assert body["request_id"] == response.headers["x-request-id"]


def _body(hello: bytes) -> bytes:
    return json.dumps({"image": to_base64(hello)}).encode()


def _signed(service: Service, body: bytes, **options: object) -> httpx.Request:
    named = {
        "access": service.account.access_key,
        "secret": service.account.secret_key,
        "body": body,
        **options,
    }
    return signed_request(service.client.base_url.join(service.path), **named)  # type: ignore[arg-type]


def test_53_neither_token_nor_signature(service: Service) -> None:
    assert_unauthenticated(service.client.post(service.path, json={}), "x-auth-token not found")


def test_54_an_unreadable_token(service: Service) -> None:
    response = service.post({}, headers={"X-Auth-Token": "abc"})
    assert_unauthenticated(response, "decrypt token fail")


def test_56_a_token_for_the_account(service: Service, hello: bytes) -> None:
    scope = {"domain": {"name": service.account.domain}}
    token = sign_in(service.client, service.account, scope=scope).headers["x-subject-token"]
    response = service.post({"image": to_base64(hello)}, headers={"X-Auth-Token": token})
    assert (response.status_code, response.json()["error_code"]) == (400, "ModelArts.0212")


def test_57_the_token_call(service: Service) -> None:
    response = sign_in(service.client, service.account, query="?nocatalog=1")
    assert response.status_code == 201
    assert response.headers["x-subject-token"]
    token = response.json()["token"]
    assert token["catalog"] == []
    issued, expires = (datetime.fromisoformat(token[name]) for name in ("issued_at", "expires_at"))
    assert expires - issued == timedelta(hours=24)
    assert token["project"]["name"] == service.account.project_name
    assert token["user"]["domain"]["name"] == service.account.domain


def test_58_that_token_on_web_image(service: Service, hello: bytes) -> None:
    token = sign_in(service.client, service.account).headers["x-subject-token"]
    response = service.post({"image": to_base64(hello)}, headers={"X-Auth-Token": token})
    assert response.status_code == 200


def test_59_a_second_token_keeps_the_first_valid(service: Service, hello: bytes) -> None:
    tokens = [sign_in(service.client, service.account).headers["x-subject-token"] for _ in range(2)]
    for token in tokens:
        response = service.post({"image": to_base64(hello)}, headers={"X-Auth-Token": token})
        assert response.status_code == 200


def test_60_a_wrong_password(service: Service) -> None:
    response = sign_in(service.client, service.account, password="not the password")
    assert response.status_code == 401
    error = response.json()["error"]
    assert (error["code"], error["title"]) == (401, "Unauthorized")
    assert error["message"] == "The username or password is wrong."
    assert sign_in(service.client, service.account).status_code == 201


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"auth": {}}', b'{"auth": "x"}'])
def test_61_a_malformed_token_call(service: Service, content: bytes) -> None:
    response = service.client.post("/v3/auth/tokens", content=content)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["title"]) == (400, "Bad Request")


def test_62_content_of_a_token(service: Service) -> None:
    issued = sign_in(service.client, service.account)
    token = issued.headers["x-subject-token"]
    headers = {"X-Auth-Token": service.token, "X-Subject-Token": token}
    good = service.client.get("/v3/auth/tokens", headers=headers)
    assert good.status_code == 200
    assert good.json() == issued.json()
    assert good.json()["token"]["project"]["id"] == service.account.project_id
    assert good.headers["x-subject-token"] == token
    head = service.client.head("/v3/auth/tokens", headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    bad = service.client.get("/v3/auth/tokens", headers={**headers, "X-Subject-Token": "abc"})
    assert bad.status_code == 404
    assert bad.json()["error"] == {
        "code": 404,
        "message": "X-Subject-Token is invalid in the request",
        "title": "Not Found",
    }


@pytest.mark.parametrize("sign", [1, -1])
def test_68_clock_skew(service: Service, hello: bytes, sign: int) -> None:
    body = _body(hello)
    near = _signed(service, body, shift=sign * timedelta(minutes=14))
    assert service.client.send(near).status_code == 200
    far = _signed(service, body, shift=sign * timedelta(minutes=16))
    assert_unauthenticated(service.client.send(far), "calc ak sk signature fail:signature expired")


def test_69_an_unknown_key(service: Service, hello: bytes) -> None:
    request = _signed(service, _body(hello), access="A" * 20)
    assert_unauthenticated(
        service.client.send(request), "Get secretKey failed,ak:******,err:ak not exist"
    )


def test_70_signed_headers_without_host(service: Service, hello: bytes) -> None:
    request = _signed(service, _body(hello), signer=HostlessSigner)
    assert "SignedHeaders=x-sdk-date," in request.headers["authorization"]
    assert service.client.send(request).status_code == 200


def test_71_a_signed_header_outside_ascii(service: Service, hello: bytes) -> None:
    request = _signed(service, _body(hello), headers={"X-Department": "识别 部门"})
    assert "x-department" in request.headers["authorization"]
    assert service.client.send(request).status_code == 200


def test_72_project_look_up(service: Service) -> None:
    account = service.account

    def look_up(name: str) -> httpx.Response:
        url = service.client.base_url.join(f"/v3/projects?name={name}")
        return service.client.send(
            signed_request(url, method="GET", access=account.access_key, secret=account.secret_key)
        )

    response = look_up(account.project_name)
    assert response.status_code == 200
    (project,) = response.json()["projects"]
    assert (project["id"], project["name"]) == (account.project_id, account.project_name)
    assert response.headers["x-iam-trace-id"]
    assert look_up("nowhere-1").json()["projects"] == []


def _log_with(service: Service, request_id: str) -> str:
    """Return the log once it holds that call; the record follows the answer."""
    end = time.monotonic() + 10
    log = ""
    while request_id not in log:
        assert time.monotonic() < end, "the call is not in the log"
        log = service.server.log.read_text(encoding="utf-8")
    return log


def test_the_log_holds_ids_and_codes_only(service: Service, hello: bytes) -> None:
    secrets = [
        *(service.token, service.account.password, service.account.secret_key),
        *(to_base64(hello)[:60], to_base64(hello)[-60:], "Hello", "Signature=", "a-secret-page"),
    ]
    service.post({"image": to_base64(hello)})
    service.client.send(_signed(service, _body(hello)))
    service.client.send(_signed(service, _body(hello) + b" ", secret="wrong"))
    service.client.send(_signed(service, _body(hello)))
    service.post({"url": "http://127.0.0.1/a-secret-page"})
    service.post_raw(b"Hello")
    last = service.client.get(f"/{service.account.password}").headers["x-request-id"]
    log = _log_with(service, last)
    assert [secret for secret in secrets if secret in log] == []
