"""Checklist of the contract, lines 73 to 77: images behind a ``url``."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.contract.file_server import FileServer
from tests.support.servers import Service

pytestmark = [pytest.mark.server, pytest.mark.models]


def assert_refused(response: httpx.Response, code: str) -> None:
    assert (response.status_code, response.json()["error_code"]) == (400, code)


def test_73_a_url_gives_the_same_answer_as_the_image(
    lenient_service: Service, files: FileServer, hello: bytes
) -> None:
    url = files.put("/hello.png", "image/png", hello)
    fetched = lenient_service.post({"url": url, "extract_type": ["image_size"]})
    assert fetched.status_code == 200
    assert fetched.json()["result"] == lenient_service.recognize(hello, extract_type=["image_size"])


@pytest.mark.parametrize(
    "url", ["ftp://example.com/a.png", "file:///etc/hostname", "data:image/png;base64,AAAA", "a"]
)
def test_74_another_scheme(service: Service, lenient_service: Service, url: str) -> None:
    assert_refused(service.post({"url": url}), "ModelArts.4601")
    assert_refused(lenient_service.post({"url": url}), "ModelArts.4601")


@pytest.mark.parametrize("what", ["closed port", "page not found", "silence"])
def test_75_unreachable(lenient_service: Service, files: FileServer, what: str) -> None:
    urls = {
        "closed port": f"http://127.0.0.1:{files.closed_port}/a.png",
        "page not found": files.url("/missing.png"),
        "silence": files.url("/silent"),
    }
    started = time.monotonic()
    assert_refused(lenient_service.post({"url": urls[what]}), "ModelArts.4603")
    assert time.monotonic() - started < 8  # 2 s are set on this server; the default is 10 s


def test_76_a_file_above_the_limit(
    lenient_service: Service, files: FileServer, hello: bytes
) -> None:
    limit = 10 * 1024**2 // 4 * 3  # 10 MB in Base64
    url = files.put("/largest.png", "image/png", hello.ljust(limit, b"\0"))
    assert lenient_service.post({"url": url}).status_code == 200
    url = files.put("/larger.png", "image/png", hello.ljust(limit + 1, b"\0"))
    assert_refused(lenient_service.post({"url": url}), "AIS.0103")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.png",
        "http://localhost/a.png",
        "http://10.0.0.1/a.png",
        "http://192.168.1.1/a.png",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/a.png",
        "http://2130706433/a.png",
        "http://0x7f.1/a.png",
    ],
)
def test_77_a_private_address(service: Service, url: str) -> None:
    assert_refused(service.post({"url": url}), "ModelArts.4601")
