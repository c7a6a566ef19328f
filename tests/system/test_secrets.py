"""Log everything in a server under all kinds of calls: no secret is in the log or an answer."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.contract.signing import signed_request
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import Service, running_service, sign_in

pytestmark = [pytest.mark.server, pytest.mark.models]

NEEDLE = "NEEDLE"
"""Part of everything secret that a caller sends; no log may contain it."""


def test_no_secret_is_logged_or_answered(tmp_path: Path) -> None:
    settings = {"WEB_IMAGE_OCR_LOGGING__LEVEL": "debug"}
    with running_service(tmp_path, environment=settings) as service:
        day = _Calls(service)
        day.honest_calls()
        day.hostile_calls()
        day.calls_with_a_crash()
        day.calls_without_a_database(tmp_path / "web-image-ocr.db")
        log = _whole_log(service)
    log += service.server.log.read_text(encoding="utf-8")[len(log) :]
    assert '"debug"' in log
    assert "worker lost" in log
    secrets = {*day.secrets, service.account.password, service.account.secret_key, NEEDLE}
    assert [secret for secret in secrets if secret in log] == []
    assert "Signature=" not in log
    assert "Traceback" not in log
    for answer in day.answers:
        # The parser refuses an unknown method, without a request id.
        known = day.handed_over.get(answer.headers.get("x-request-id", ""), set())
        text = answer.text + repr(answer.headers.multi_items())
        assert [secret for secret in secrets - known if secret in text] == [], answer.url


class _Calls:
    """Make calls of all kinds, and collect their secrets.

    Attributes:
        secrets: that were sent or answered.
        answers: to all calls.
        handed_over: the secrets that an answer is meant to hold, by request id.
    """

    def __init__(self, service: Service) -> None:
        self.secrets: set[str] = {service.token}
        self.answers: list[httpx.Response] = []
        self.handed_over: dict[str, set[str]] = {}
        self._service = service
        self._account = service.account
        service.client.event_hooks["response"].append(self._seen)

    def _seen(self, answer: httpx.Response) -> None:
        answer.read()
        self.answers.append(answer)

    def honest_calls(self) -> None:
        service, client = self._service, self._service.client
        token = self._hand_over(sign_in(client, self._account))["x-subject-token"]
        headers = {"X-Auth-Token": token, "X-Subject-Token": token}
        self._hand_over(client.get("/v3/auth/tokens", headers=headers))
        request = {"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}}
        answer = client.post("/v3.0/OS-CREDENTIAL/securitytokens", json=request)
        key = answer.json()["credential"]
        kept = {key["secret"], key["securitytoken"]}
        self.secrets |= kept
        self.handed_over[answer.headers["x-request-id"]] = kept
        hello = to_base64(encode_image(draw_image(((60, 60), NEEDLE))))
        self.secrets |= {hello[100:160], hello[-60:]}
        answer = service.post({"image": hello})
        assert answer.status_code == 200
        assert NEEDLE in answer.text  # it was asked for
        self.handed_over[answer.headers["x-request-id"]] = {NEEDLE}
        assert service.post({"image": to_base64(_tagged())}).status_code == 200
        body = json.dumps({"image": hello}).encode()
        security = {"X-Security-Token": key["securitytoken"]}
        for access, secret, more in (
            (self._account.access_key, self._account.secret_key, {}),
            (key["access"], key["secret"], security),
        ):
            answer = self._signed(access, secret, body, more)
            assert answer.status_code == 200
            self.handed_over[answer.headers["x-request-id"]] = {NEEDLE}

    def hostile_calls(self) -> None:
        service, client = self._service, self._service.client
        for password in (f"{NEEDLE} wrong", f"{NEEDLE}\x00", NEEDLE * 2000):
            sign_in(client, self._account, password=password)
        client.post("/v3/auth/tokens", content=b'{"auth": "' + NEEDLE.encode())
        client.post("/v3/auth/tokens", json={"auth": {NEEDLE: NEEDLE}})
        self._signed(self._account.access_key, f"{NEEDLE}wrong", b"{}", {})
        self._signed(NEEDLE, f"{NEEDLE}wrong", b"{}", {})
        client.post(service.path, headers={"Authorization": f"SDK-HMAC-SHA256 {NEEDLE}"})
        client.post(service.path, headers={"Authorization": f"Basic {NEEDLE}"})
        for token in (NEEDLE, service.token + NEEDLE, f"{NEEDLE}.{NEEDLE}.{NEEDLE}"):
            service.post({}, headers={"X-Auth-Token": token})
            subject = {"X-Auth-Token": service.token, "X-Subject-Token": token}
            client.get("/v3/auth/tokens", headers=subject)
        for body in (
            {"url": f"https://127.0.0.1/{NEEDLE}?key={NEEDLE}"},
            {"url": f"https://user:{NEEDLE}@example.com/"},
            {"url": f"http://{NEEDLE}.invalid/"},
            {"image": NEEDLE},
            {"image": f"%{NEEDLE}"},
            {NEEDLE: NEEDLE, "image": {NEEDLE: NEEDLE}},
            {"image": to_base64(encode_image(draw_image(((60, 60), NEEDLE)))[:200])},
        ):
            assert service.post(body).status_code == 400
        service.post_raw(NEEDLE.encode())
        client.get(f"/{NEEDLE}?{NEEDLE}", headers={"Cookie": NEEDLE, "User-Agent": NEEDLE})
        client.post(f"/v2/{NEEDLE}/ocr/web-image", headers={"X-Auth-Token": service.token})
        client.request(NEEDLE, service.path)

    def calls_with_a_crash(self) -> None:
        """Kill the workers while they hold the image."""
        workers = self._service.server.workers()
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        with ThreadPoolExecutor(1) as thread:
            body = {"image": to_base64(encode_image(draw_image(((60, 60), NEEDLE))))}
            call = thread.submit(self._service.post, body)
            time.sleep(0.2)  # so that a worker is probably busy; nothing may be logged in any case
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
            answer = call.result()
        assert answer.status_code in {200, 503}
        self.handed_over[answer.headers["x-request-id"]] = {NEEDLE}

    def calls_without_a_database(self, path: Path) -> None:
        away = path.with_name("away.db")
        path.rename(away)
        assert sign_in(self._service.client, self._account).status_code == 503
        access, secret = self._account.access_key, self._account.secret_key
        assert self._signed(access, secret, b"{}", {}).status_code == 503
        away.rename(path)

    def _signed(
        self, access: str, secret: str, body: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        url = self._service.client.base_url.join(self._service.path)
        request = signed_request(url, access=access, secret=secret, body=body, headers=headers)
        self.secrets.add(request.headers["authorization"].rpartition("=")[2])
        return self._service.client.send(request)

    def _hand_over(self, answer: httpx.Response) -> Any:
        token = answer.headers["x-subject-token"]
        self.secrets.add(token)
        self.handed_over[answer.headers["x-request-id"]] = {token}
        return answer.headers


def _tagged() -> bytes:
    """Return a TIFF with secrets in its tags."""
    file = io.BytesIO()
    image = Image.new("RGB", (64, 64), "white")
    image.save(file, "TIFF", description=NEEDLE, software=NEEDLE, artist=NEEDLE)
    return file.getvalue()


def _whole_log(service: Service) -> str:
    """Return the log once it contains the last call, whose record follows its answer."""
    last = service.client.get("/nowhere").headers["x-request-id"]
    end = time.monotonic() + 10
    while last not in (log := service.server.log.read_text(encoding="utf-8")):
        assert time.monotonic() < end, "the call is not in the log"
        time.sleep(0.05)
    return log
