"""Checklist of the contract, lines 53, 54, 56 to 62 and 68 to 72: who is calling."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta

import httpx
import pytest

from tests.contract.pictures import as_text
from tests.contract.servers import Server, sign_in
from tests.contract.signing import HostlessSigner, signed_request

pytestmark = [pytest.mark.server, pytest.mark.models]


def assert_unauthenticated(response: httpx.Response, suffix: str) -> None:
    body = response.json()
    assert (response.status_code, body["error_code"]) == (401, "APIG.0301")
    assert body["error_msg"] == f"Incorrect IAM authentication information: {suffix}"
    assert body["request_id"] == response.headers["x-request-id"]


def _body(hello: bytes) -> bytes:
    return json.dumps({"image": as_text(hello)}).encode()


def _signed(server: Server, body: bytes, **options: object) -> httpx.Request:
    named = {
        "access": server.account.access_key,
        "secret": server.account.secret_key,
        "body": body,
        **options,
    }
    return signed_request(server.client.base_url.join(server.path), **named)  # type: ignore[arg-type]


def test_53_neither_token_nor_signature(server: Server) -> None:
    assert_unauthenticated(server.client.post(server.path, json={}), "x-auth-token not found")


def test_54_an_unreadable_token(server: Server) -> None:
    response = server.post({}, headers={"X-Auth-Token": "abc"})
    assert_unauthenticated(response, "decrypt token fail")


def test_56_a_token_for_the_account(server: Server, hello: bytes) -> None:
    scope = {"domain": {"name": server.account.domain}}
    token = sign_in(server.client, server.account, scope=scope).headers["x-subject-token"]
    response = server.post({"image": as_text(hello)}, headers={"X-Auth-Token": token})
    assert (response.status_code, response.json()["error_code"]) == (400, "ModelArts.0212")


def test_57_the_token_call(server: Server) -> None:
    response = sign_in(server.client, server.account, query="?nocatalog=1")
    assert response.status_code == 201
    assert response.headers["x-subject-token"]
    token = response.json()["token"]
    assert token["catalog"] == []
    issued, expires = (datetime.fromisoformat(token[name]) for name in ("issued_at", "expires_at"))
    assert expires - issued == timedelta(hours=24)
    assert token["project"]["name"] == server.account.project_name
    assert token["user"]["domain"]["name"] == server.account.domain


def test_58_that_token_on_web_image(server: Server, hello: bytes) -> None:
    token = sign_in(server.client, server.account).headers["x-subject-token"]
    response = server.post({"image": as_text(hello)}, headers={"X-Auth-Token": token})
    assert response.status_code == 200


def test_59_a_second_token_leaves_the_first_good(server: Server, hello: bytes) -> None:
    tokens = [sign_in(server.client, server.account).headers["x-subject-token"] for _ in range(2)]
    for token in tokens:
        response = server.post({"image": as_text(hello)}, headers={"X-Auth-Token": token})
        assert response.status_code == 200


def test_60_a_wrong_password(server: Server) -> None:
    response = sign_in(server.client, server.account, password="not the password")
    assert response.status_code == 401
    error = response.json()["error"]
    assert (error["code"], error["title"]) == (401, "Unauthorized")
    assert error["message"] == "The username or password is wrong."
    assert sign_in(server.client, server.account).status_code == 201


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"auth": {}}', b'{"auth": "x"}'])
def test_61_a_malformed_token_call(server: Server, content: bytes) -> None:
    response = server.client.post("/v3/auth/tokens", content=content)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["title"]) == (400, "Bad Request")


def test_62_what_a_token_says(server: Server) -> None:
    headers = {"X-Auth-Token": server.token, "X-Subject-Token": server.token}
    good = server.client.get("/v3/auth/tokens", headers=headers)
    assert good.status_code == 200
    assert good.json()["token"]["project"]["id"] == server.account.project_id
    assert good.headers["x-subject-token"] == server.token
    assert server.client.head("/v3/auth/tokens", headers=headers).status_code == 200
    bad = server.client.get("/v3/auth/tokens", headers={**headers, "X-Subject-Token": "abc"})
    assert bad.status_code == 404
    assert bad.json()["error"] == {
        "code": 404,
        "message": "X-Subject-Token is invalid in the request",
        "title": "Not Found",
    }


@pytest.mark.parametrize("sign", [1, -1])
def test_68_clock_skew(server: Server, hello: bytes, sign: int) -> None:
    body = _body(hello)
    near = _signed(server, body, shift=sign * timedelta(minutes=14))
    assert server.client.send(near).status_code == 200
    far = _signed(server, body, shift=sign * timedelta(minutes=16))
    assert_unauthenticated(server.client.send(far), "calc ak sk signature fail:signature expired")


def test_69_an_unknown_key(server: Server, hello: bytes) -> None:
    request = _signed(server, _body(hello), access="A" * 20)
    assert_unauthenticated(
        server.client.send(request), "Get secretKey failed,ak:******,err:ak not exist"
    )


def test_70_signed_headers_without_host(server: Server, hello: bytes) -> None:
    request = _signed(server, _body(hello), signer=HostlessSigner)
    assert "SignedHeaders=x-sdk-date," in request.headers["authorization"]
    assert server.client.send(request).status_code == 200


def test_71_a_signed_header_outside_ascii(server: Server, hello: bytes) -> None:
    request = _signed(server, _body(hello), headers={"X-Department": "识别 部门"})
    assert "x-department" in request.headers["authorization"]
    assert server.client.send(request).status_code == 200


def test_72_project_look_up(server: Server) -> None:
    url = server.client.base_url.join(f"/v3/projects?name={server.account.project_name}")
    request = signed_request(
        url, method="GET", access=server.account.access_key, secret=server.account.secret_key
    )
    response = server.client.send(request)
    assert response.status_code == 200
    (project,) = response.json()["projects"]
    assert project["id"] == server.account.project_id
    assert response.headers["x-iam-trace-id"]


def _log_with(server: Server, request_id: str) -> str:
    """The log once it holds that call, whose record follows its answer."""
    end = time.monotonic() + 10
    log = ""
    while request_id not in log:
        assert time.monotonic() < end, "the call is not in the log"
        log = (server.data_dir / "server.log").read_text(encoding="utf-8")
    return log


def test_the_log_holds_ids_and_codes_only(server: Server, hello: bytes) -> None:
    secrets = [
        *(server.token, server.account.password, server.account.secret_key),
        *(as_text(hello)[:60], as_text(hello)[-60:], "Hello", "Signature=", "a-secret-page"),
    ]
    server.post({"image": as_text(hello)})
    server.client.send(_signed(server, _body(hello)))
    server.client.send(_signed(server, _body(hello) + b" ", secret="wrong"))
    server.client.send(_signed(server, _body(hello)))
    server.post({"url": "http://127.0.0.1/a-secret-page"})
    server.post_raw(b"Hello")
    last = server.client.get(f"/{server.account.password}").headers["x-request-id"]
    log = _log_with(server, last)
    assert [secret for secret in secrets if secret in log] == []
