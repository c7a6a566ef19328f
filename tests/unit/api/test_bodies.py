from __future__ import annotations

import weakref
from collections.abc import Callable

import pytest
from starlette.types import Message, Receive

from web_image_ocr.api.bodies import Body, BodyBudget, released
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class Chunk(bytearray):
    """Bytes of which one can see when they are gone."""


def _receiving(*chunks: Callable[[], bytes | bytearray]) -> Receive:
    left = list(chunks)

    async def receive() -> Message:
        made = left.pop(0)()
        return {"type": "http.request", "body": made, "more_body": bool(left)}

    return receive


def _body(receive: Receive, budget: BodyBudget, limit: int = 100) -> Body:
    return Body({"headers": []}, receive, budget, limit=limit, seconds=60)


def _is_full(budget: BodyBudget, size: int, *, proved: bool) -> bool:
    try:
        budget.take(size, proved=proved)
    except ServiceError as error:
        return error.kind is ErrorKind.OVERLOADED
    budget.give_back(size, proved=proved)
    return False


def test_the_budget_refuses_what_is_not_left() -> None:
    budget = BodyBudget(10, unproved=10)
    budget.take(6, proved=True)
    assert _is_full(budget, 5, proved=True)
    budget.give_back(6, proved=True)
    assert not _is_full(budget, 10, proved=True)


def test_strangers_fill_their_part_only() -> None:
    budget = BodyBudget(10, unproved=4)
    budget.take(4, proved=False)
    assert _is_full(budget, 1, proved=False)
    assert not _is_full(budget, 6, proved=True)
    assert _is_full(budget, 7, proved=True)


async def test_a_proved_caller_makes_room_for_strangers() -> None:
    budget = BodyBudget(10, unproved=4)
    with released(_body(_receiving(lambda: b"1234"), budget)) as body:
        assert await body.read() == b"1234"
        assert _is_full(budget, 1, proved=False)
        body.prove()
        body.prove()  # a second time changes nothing
        assert not _is_full(budget, 4, proved=False)
        assert _is_full(budget, 5, proved=False)
        body.reserve(6)
        assert _is_full(budget, 1, proved=True)
    assert not _is_full(budget, 4, proved=False)
    assert not _is_full(budget, 10, proved=True)
    assert _is_full(budget, 5, proved=False)


async def test_bytes_of_a_refused_body_are_gone_while_its_rest_is_drained() -> None:
    seen: list[weakref.ref[Chunk]] = []

    def chunk() -> Chunk:
        made = Chunk(b"123456")
        seen.append(weakref.ref(made))
        return made

    budget = BodyBudget(100, unproved=100)
    with (
        pytest.raises(ServiceError) as caught,
        released(_body(_receiving(chunk, lambda: b"123456"), budget, limit=10)) as body,
    ):
        await body.read()
    assert caught.value.kind is ErrorKind.BODY_TOO_LARGE
    assert caught.value.__traceback__ is not None  # its frames live as long as the answer
    assert [reference() for reference in seen] == [None]
