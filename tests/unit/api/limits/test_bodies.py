from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable

import pytest
from starlette.types import Message, Receive

from tests.unit.api.limits.test_body_budget import is_full
from web_image_ocr.api.limits import bodies
from web_image_ocr.api.limits.bodies import Body
from web_image_ocr.api.limits.body_budget import BodyBudget, authenticated, unauthenticated
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

STRANGER = unauthenticated("192.0.2.1")


class Chunk(bytearray):
    """Bytes that accept weak references."""


def _receiving(*chunks: Callable[[], bytes | bytearray]) -> Receive:
    left = list(chunks)

    async def receive() -> Message:
        made = left.pop(0)()
        return {"type": "http.request", "body": made, "more_body": bool(left)}

    return receive


def _body(
    receive: Receive,
    budget: BodyBudget | None = None,
    limit: int = 100,
    *,
    seconds: float = 60,
    rate: int = 0,
) -> Body:
    return Body(
        {"headers": []},
        receive,
        budget or BodyBudget(1000, unauthenticated=1000, floor=1000),
        STRANGER,
        limit=limit,
        seconds=seconds,
        rate=rate,
    )


class Sender:
    """Simulate a client that sends pieces with pauses, and then stalls."""

    def __init__(self, *pieces: tuple[int, float]) -> None:
        self._left = list(pieces)

    async def receive(self) -> Message:
        if not self._left:
            await asyncio.Event().wait()
        size, pause = self._left.pop(0)
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": bytes(size), "more_body": bool(self._left)}


async def test_an_authenticated_caller_makes_room_for_unauthenticated_ones() -> None:
    budget = BodyBudget(10, unauthenticated=4, floor=10)
    project = authenticated("p")
    with _body(_receiving(lambda: b"1234"), budget) as body:
        assert await body.read() == b"1234"
        assert is_full(budget, 1, STRANGER)
        body.hold_as(project)
        body.hold_as(project)  # idempotent
        assert not is_full(budget, 4, STRANGER)
        assert is_full(budget, 5, STRANGER)
        body.reserve(6)
        assert is_full(budget, 1, project)
    assert not is_full(budget, 4, STRANGER)
    assert not is_full(budget, 10, project)
    assert is_full(budget, 5, STRANGER)


class TestRate:
    """A body must keep a minimum rate and may be behind it by the grace."""

    @pytest.fixture(autouse=True)
    def _short_grace(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bodies, "GRACE_S", 0.3)

    @pytest.mark.parametrize("sent", [0, 99])
    async def test_a_body_whose_last_bytes_are_withheld_ends_after_the_grace(
        self, sent: int
    ) -> None:
        async def receive() -> Message:
            if first:
                return {"type": "http.request", "body": first.pop(), "more_body": True}
            return await Sender().receive()

        first = [bytes(sent)]
        budget = BodyBudget(1000, unauthenticated=1000, floor=1000)
        # At this rate the sent bytes allow far more time than the test has.
        with _body(receive, budget, seconds=600, rate=1) as body:
            async with asyncio.timeout(60):
                with pytest.raises(ServiceError) as caught:
                    await body.read()
        assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED
        assert (budget.left, budget.holders) == (1000, 0)

    async def test_a_slow_body_that_keeps_the_rate_is_read(self) -> None:
        # Longer than the grace in total, and never far behind the rate.
        sender = Sender(*[(1, 0.05)] * 12)
        assert len(await _body(sender.receive, rate=5).read()) == 12

    async def test_a_trickle_below_the_rate_ends(self) -> None:
        sender = Sender(*[(1, 0.05)] * 100)
        with pytest.raises(ServiceError) as caught:
            await _body(sender.receive, rate=1000).read()
        assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED

    async def test_without_a_rate_only_the_total_time_is_limited(self) -> None:
        sender = Sender((1, 0), (1, 0.6))
        assert len(await _body(sender.receive, rate=0).read()) == 2
        with pytest.raises(ServiceError):
            await _body(Sender((1, 0), (1, 60)).receive, rate=0, seconds=0.1).read()


async def test_bytes_of_a_refused_body_are_freed_while_its_rest_is_drained() -> None:
    seen: list[weakref.ref[Chunk]] = []

    def chunk() -> Chunk:
        made = Chunk(b"123456")
        seen.append(weakref.ref(made))
        return made

    budget = BodyBudget(100, unauthenticated=100, floor=100)
    with (
        pytest.raises(ServiceError) as caught,
        _body(_receiving(chunk, lambda: b"123456"), budget, limit=10) as body,
    ):
        await body.read()
    assert caught.value.kind is ErrorKind.BODY_TOO_LARGE
    assert caught.value.__traceback__ is not None  # its frames live as long as the answer
    assert [reference() for reference in seen] == [None]
