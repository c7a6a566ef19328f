from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.http.conftest import Account, Clients
from tests.support.api_assertions import IMAGE, PATH, assert_failure
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.errors import ErrorKind

MB = 1024**2


async def _chunks(count: int, size: int = MB) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


async def test_a_body_of_12_mb_is_read_and_one_byte_more_is_413(
    anonymous: httpx.AsyncClient,
) -> None:
    response = await anonymous.post(PATH, content=b"x" * (12 * MB))
    assert_failure(response, ErrorKind.JSON_INVALID)
    response = await anonymous.post(PATH, content=b"x" * (12 * MB + 1))
    assert_failure(response, ErrorKind.BODY_TOO_LARGE)


async def test_a_body_that_does_not_declare_its_length_is_counted(
    anonymous: httpx.AsyncClient,
) -> None:
    response = await anonymous.post(PATH, content=_chunks(12))
    assert_failure(response, ErrorKind.JSON_INVALID)
    response = await anonymous.post(PATH, content=_chunks(13))
    assert_failure(response, ErrorKind.BODY_TOO_LARGE)


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 30])
async def test_a_strange_content_length_breaks_nothing(
    anonymous: httpx.AsyncClient, length: str
) -> None:
    headers = {b"content-length": length.encode()}
    response = await anonymous.post(PATH, content=b"{}", headers=headers)
    assert response.status_code in {400, 413}


async def test_a_line_above_32_kb_is_414(anonymous: httpx.AsyncClient) -> None:
    room = 32 * 1024 - len(f"POST {PATH}? HTTP/1.1")
    response = await anonymous.post(f"{PATH}?{'a' * room}", json={})
    assert_failure(response, ErrorKind.PARAMETER_INVALID)
    response = await anonymous.post(f"{PATH}?{'a' * (room + 1)}", json={})
    assert_failure(response, ErrorKind.URI_TOO_LONG)


async def test_a_header_above_32_kb_is_494(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.post(PATH, headers={"x": "a" * (32 * 1024 - 1)}, json={})
    assert_failure(response, ErrorKind.PARAMETER_INVALID)
    response = await anonymous.post(PATH, headers={"x": "a" * (32 * 1024)}, json={})
    assert_failure(response, ErrorKind.HEADERS_TOO_LARGE)


async def test_headers_above_128_kb_are_494(anonymous: httpx.AsyncClient) -> None:
    headers = {f"x-{number}": "a" * (30 * 1024) for number in range(4)}
    response = await anonymous.post(PATH, headers=headers, json={})
    assert_failure(response, ErrorKind.PARAMETER_INVALID)
    response = await anonymous.post(PATH, headers={**headers, "y": "a" * (10 * 1024)}, json={})
    assert_failure(response, ErrorKind.HEADERS_TOO_LARGE)


async def test_too_many_calls_are_429_with_the_limit_in_the_text(clients: Clients) -> None:
    async with clients(rate_limit="2/minute") as client:
        for _ in range(2):
            assert (await client.post(PATH, json={"image": IMAGE})).status_code == 200
        response = await client.post(PATH, json={"image": IMAGE})
        assert_failure(response, ErrorKind.RATE_LIMITED, {"limit": "2", "time": "1 minute"})
        assert 1 <= int(response.headers["retry-after"]) <= 60
        other = PATH.replace("0123", "4567")
        assert (await client.post(other, json={"image": IMAGE})).status_code == 200


async def test_the_order_of_checks(clients: Clients, identity: Identity, account: Account) -> None:
    """Each call has all later faults too; the earliest one decides."""
    long_header = {"x-long": "a" * 40_000}
    large = b"x" * (13 * MB)
    elsewhere = PATH
    async with clients(identity, rate_limit="1/minute") as client:
        calls: list[tuple[str, dict[str, str], bytes, ErrorKind]] = [
            (elsewhere + "s", long_header, large, ErrorKind.ROUTE_UNKNOWN),
            (elsewhere, long_header, large, ErrorKind.HEADERS_TOO_LARGE),
            (elsewhere, {}, large, ErrorKind.BODY_TOO_LARGE),
            (elsewhere, {}, b"no json", ErrorKind.CREDENTIALS_MISSING),
            (elsewhere, account.headers, b"no json", ErrorKind.PROJECT_FORBIDDEN),
            (account.path, account.headers, b"no json", ErrorKind.JSON_INVALID),
            (account.path, account.headers, b"no json", ErrorKind.RATE_LIMITED),
        ]
        for path, headers, content, kind in calls:
            response = await client.post(path, headers=headers, content=content)
            assert_failure(response, kind, {"limit": "1", "time": "1 minute"})
