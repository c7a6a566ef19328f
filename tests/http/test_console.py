"""Serving the console's files."""

from __future__ import annotations

import gzip
import re

import httpx
import pytest
from starlette.applications import Starlette

from tests.console.texts import STATIC
from web_image_ocr.console import console_routes

ROUTES = console_routes()
PATHS = [route.path for route in ROUTES]


async def get(path: str, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    transport = httpx.ASGITransport(Starlette(routes=ROUTES))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path, headers=sent)


def test_every_file_has_a_route() -> None:
    parts = {path.split("/", 3)[3] for path in PATHS if path != "/"}
    there = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()}
    sheets = {path for path in there if path.startswith("css/")}
    assert parts == there - sheets - {"index.html"} | {"style.css"}


async def test_the_style_holds_every_sheet() -> None:
    style = await get(next(path for path in PATHS if path.endswith("/style.css")))
    sheets = [path.read_text("utf-8") for path in (STATIC / "css").iterdir()]
    assert len(sheets) > 1
    assert all(sheet in style.text for sheet in sheets)
    assert len(style.text) == sum(len(sheet) + 1 for sheet in sheets) - 1


@pytest.mark.parametrize("path", PATHS)
async def test_each_file_has_a_strict_content_security_policy(path: str) -> None:
    answer = await get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_the_page_is_revalidated_and_its_files_are_cached() -> None:
    page = await get("/")
    assert page.headers["cache-control"] == "no-cache"
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert parts
    for part in parts:
        answer = await get(part)
        assert answer.status_code == 200, part
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", [PATHS[0], PATHS[1]])
async def test_an_unchanged_file_is_answered_with_304(path: str) -> None:
    first = await get(path)
    for asked in (first.headers["etag"], f'"other", {first.headers["etag"]}', "*"):
        again = await get(path, If_None_Match=asked)
        assert (again.status_code, again.content) == (304, b""), asked
        assert again.headers["etag"] == first.headers["etag"]
    assert (await get(path, If_None_Match='"other"')).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.00", False),
        ("identity", False),
        ("", False),
    ],
)
async def test_gzip_only_for_clients_that_accept_it(accepted: str, packed: bool) -> None:
    answer = await get("/", Accept_Encoding=accepted)
    assert ("content-encoding" in answer.headers) == packed
    assert answer.headers["vary"] == "accept-encoding"
    assert "<!doctype html>" in answer.text


async def test_compressed_files_have_the_same_content() -> None:
    for path in PATHS:
        if path.endswith(".js"):
            plain = await get(path, Accept_Encoding="identity")
            assert plain.text == (await get(path, Accept_Encoding="gzip")).text
            assert len(gzip.compress(plain.content)) < len(plain.content)


@pytest.mark.parametrize(
    "path",
    ["/console", "/console/", "/console/x/js/main.js", "/console/../settings.py", "/js/main.js"],
)
async def test_nothing_else_is_served(path: str) -> None:
    assert (await get(path)).status_code == 404
