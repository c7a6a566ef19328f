"""The result cache behind the call, with a fake recognizer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.http.conftest import Account, Clients
from tests.support.api_assertions import (
    IMAGE,
    PATH,
    PROJECT,
    assert_envelope,
    assert_failure,
    web_image_path,
)
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.errors import ErrorKind
from web_image_ocr.serving.cache import ModelFiles, ResultCache

BODY = {"image": IMAGE}
HIT = r"cache;dur=\d+\.\d, encode;dur=\d+\.\d, total;dur=\d+\.\d"


@pytest.fixture
def cache(recognizer: FakeRecognizer) -> ResultCache:
    return ResultCache(recognizer, ModelFiles(EngineConfig()), 1_000_000)


@pytest.fixture
async def caching(clients: Clients, cache: ResultCache) -> AsyncIterator[httpx.AsyncClient]:
    async with clients(cache=cache) as made:
        yield made


def is_hit(response: httpx.Response) -> bool:
    assert response.status_code == 200
    return bool(re.fullmatch(HIT, response.headers["server-timing"]))


async def test_without_a_cache_every_call_is_recognized(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    for _ in range(2):
        assert not is_hit(await anonymous.post(PATH, json=BODY))
    assert len(recognizer.calls) == 2


async def test_the_second_answer_equals_the_first_without_stage_times(
    caching: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    first, second = [await caching.post(PATH, json=BODY) for _ in range(2)]
    assert len(recognizer.calls) == 1
    assert (is_hit(first), is_hit(second)) == (False, True)
    assert first.headers["server-timing"].startswith("detect;dur=10.0, read;dur=20.0, encode;")
    assert first.content == second.content
    assert_envelope(second)
    assert set(first.headers) == set(second.headers)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_options_without_effect_on_the_page_share_an_entry(
    caching: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    await caching.post(PATH, json=BODY)
    sized = await caching.post(PATH, json=BODY | {"extract_type": ["image_size"], "url": None})
    assert is_hit(sized)
    assert sized.json()["result"]["extracted_data"] == {"image_size": {"width": 640, "height": 480}}
    turned = await caching.post(PATH, json=BODY | {"detect_direction": True})
    assert not is_hit(turned)
    assert len(recognizer.calls) == 2


async def test_entries_are_separate_for_each_project(
    caching: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    await caching.post(PATH, json=BODY)
    other = await caching.post(web_image_path(PROJECT[::-1]), json=BODY)
    assert not is_hit(other)
    assert len(recognizer.calls) == 2


async def test_unauthorized_callers_get_no_cached_answer(
    clients: Clients, identity: Identity, account: Account, cache: ResultCache
) -> None:
    async with clients(identity, cache=cache) as client:
        await client.post(account.path, json=BODY, headers=account.headers)
        response = await client.post(account.path, json=BODY)
        assert_failure(response, ErrorKind.CREDENTIALS_MISSING)
        response = await client.post(
            account.path, json=BODY, headers={"X-Auth-Token": account.domain_token}
        )
        assert_failure(response, ErrorKind.TOKEN_WITHOUT_PROJECT)
        response = await client.post(account.path, json=BODY, headers=account.headers)
        assert is_hit(response)


async def test_a_cached_answer_counts_towards_the_rate_limit(
    clients: Clients, cache: ResultCache
) -> None:
    async with clients(cache=cache, rate_limit="2/minute") as client:
        for _ in range(2):
            assert (await client.post(PATH, json=BODY)).status_code == 200
        response = await client.post(PATH, json=BODY)
        assert response.status_code == 429


async def test_a_client_that_disconnects_does_not_cancel_the_shared_run(
    caching: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    recognizer.seconds = 0.3
    first, *others = [asyncio.create_task(caching.post(PATH, json=BODY)) for _ in range(4)]
    while not recognizer.calls:  # noqa: ASYNC110 - it sets no event
        await asyncio.sleep(0.001)
    first.cancel()
    responses = await asyncio.gather(*others)
    assert [is_hit(response) for response in responses] == [True] * 3
    assert (len(recognizer.calls), recognizer.cancelled) == (1, 0)


async def test_a_failure_is_shared_and_not_cached(
    caching: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    recognizer.alive = False
    for _ in range(2):
        assert_failure(await caching.post(PATH, json=BODY), ErrorKind.ENGINE_UNAVAILABLE)
    recognizer.alive = True
    assert not is_hit(await caching.post(PATH, json=BODY))
