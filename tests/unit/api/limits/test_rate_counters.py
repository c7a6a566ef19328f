"""Count in a real Redis, and without it while it is stopped, hung or gone."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.support.backing_services import Redis, running_redis
from web_image_ocr.api.limits import rate_counters
from web_image_ocr.api.limits.rate_counters import SharedRateCounters, redis_pool
from web_image_ocr.api.limits.rate_limit import RateLimit
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

pytestmark = pytest.mark.slow

LOST = "rate limits are not shared"
FOUND = "rate limits are shared again"


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with running_redis() as started:
        yield started


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EventDict]]:
    with capture_logs() as records:
        monkeypatch.setattr(rate_counters, "log", structlog.get_logger())
        yield records


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_counters, "_RETRY_INTERVAL_S", 0.1)


@pytest.fixture
async def servers(redis: Redis) -> AsyncIterator[list[RateLimit]]:
    """Yield the rate limits of two servers, three calls a minute."""
    async with SharedRateCounters(redis.url) as one, SharedRateCounters(redis.url) as other:
        yield [RateLimit("3/minute", shared) for shared in (one, other)]


async def allowed(rate_limit: RateLimit, project: str) -> bool:
    """Return whether the call is allowed; check that a refusal is complete and fast."""
    started = time.monotonic()
    error = None
    try:
        await rate_limit.hit(project)
    except ServiceError as raised:
        error = raised
    assert time.monotonic() - started < 2
    if error is None:
        return True
    assert error.kind is ErrorKind.RATE_LIMITED
    assert error.retry_after is not None
    assert 1 <= error.retry_after <= 60
    return False


async def count_allowed(rate_limit: RateLimit, project: str, calls: int) -> int:
    return sum([await allowed(rate_limit, project) for _ in range(calls)])


async def test_servers_count_together_and_projects_apart(servers: list[RateLimit]) -> None:
    one, other = servers
    assert await count_allowed(one, "together", 2) == 2
    assert await count_allowed(other, "together", 2) == 1
    assert await count_allowed(one, "together", 1) == 0
    assert await count_allowed(other, "apart", 1) == 1


async def test_simultaneous_calls_do_not_exceed_the_rate(servers: list[RateLimit]) -> None:
    calls = [allowed(server, "at once") for server in servers for _ in range(100)]
    assert sum(await asyncio.gather(*calls)) == 3


async def test_a_call_after_retry_after_is_allowed(redis: Redis) -> None:
    async with SharedRateCounters(redis.url) as shared:
        rate_limit = RateLimit("1/second", shared)
        await rate_limit.hit("back")
        with pytest.raises(ServiceError) as caught:
            await rate_limit.hit("back")
        assert caught.value.retry_after == 1
        await asyncio.sleep(caught.value.retry_after)
        await rate_limit.hit("back")


async def test_redis_killed_and_started_again(
    servers: list[RateLimit], redis: Redis, log: list[EventDict]
) -> None:
    assert await count_allowed(servers[0], "killed", 3) == 3
    redis.end()
    for server in servers:
        assert await count_allowed(server, "killed", 5) == 3  # in its local window
    assert [record["event"] for record in log] == [LOST] * 2
    redis.start()
    await asyncio.sleep(0.2)
    assert [await allowed(server, "killed") for server in (*servers, *servers)] == [
        *[True] * 3,
        False,
    ]
    assert [record["event"] for record in log[2:]] == [FOUND] * 2
    assert [record["log_level"] for record in log] == ["warning"] * 2 + ["info"] * 2


async def test_a_restart_of_redis_between_two_calls_is_not_noticed(
    servers: list[RateLimit], redis: Redis, log: list[EventDict]
) -> None:
    assert await count_allowed(servers[0], "anew", 1) == 1
    redis.end()
    redis.start()
    assert await count_allowed(servers[0], "anew", 4) == 3
    assert log == []


async def test_a_hanging_redis_does_not_delay_calls(
    servers: list[RateLimit], redis: Redis, log: list[EventDict]
) -> None:
    redis.send(signal.SIGSTOP)
    try:
        at_once = await asyncio.gather(*(allowed(servers[0], "hangs") for _ in range(50)))
        assert sum(at_once) == 3
        started = time.monotonic()
        await count_allowed(servers[0], "others", 5)
        assert time.monotonic() - started < 2
    finally:
        redis.send(signal.SIGCONT)
    await asyncio.sleep(0.2)
    # Late answers from before the stop must not be taken for others.
    for number in range(20):
        assert await count_allowed(servers[0], f"after {number}", 4) == 3
    assert [record["event"] for record in log] == [LOST, FOUND]


async def test_a_stalled_process_does_not_count_as_an_outage_of_redis(
    servers: list[RateLimit], log: list[EventDict]
) -> None:
    calls = [asyncio.create_task(allowed(servers[0], "stalled")) for _ in range(20)]
    await asyncio.sleep(0)
    time.sleep(1)  # noqa: ASYNC251 - the stall
    assert sum(await asyncio.gather(*calls)) == 3
    assert log == []


async def test_redis_is_down_at_the_start(log: list[EventDict], redis: Redis) -> None:
    url = f"unix://:secret@{redis.folder}/nowhere"
    async with SharedRateCounters(url) as shared:
        assert [record["event"] for record in log] == [LOST]
        assert await count_allowed(RateLimit("3/minute", shared), "start", 5) == 3
    assert len(log) == 1
    assert "secret" not in str(log)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://:secret@host",
        "redis://:secret@host:port/0",
        "redis://:secret@[::1",
        "redis://:secret@host?db=one",
        "redis://:secret@host?secret=1",
    ],
)
def test_an_invalid_url_is_not_part_of_the_error(url: str) -> None:
    with pytest.raises(ValueError, match="must look like redis://host:6379/0") as caught:
        redis_pool(url)
    assert "secret" not in str(caught.value)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_counters, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"needs the package redis \(web-image-ocr\[redis\]\)"):
        redis_pool("redis://host")
