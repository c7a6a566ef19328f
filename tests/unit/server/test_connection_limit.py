"""How many connections may be open, and which one makes room."""

from __future__ import annotations

import pytest

from web_image_ocr.server import connection_limit
from web_image_ocr.server.connection_limit import ConnectionLimit


class Connection:
    """Remembers that it was ended."""

    def __init__(self, network: str) -> None:
        self.network = network
        self.ended = False

    def end(self) -> None:
        self.ended = True


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> ConnectionLimit:
    monkeypatch.setattr(connection_limit, "MOST_CONNECTIONS", 4)
    return ConnectionLimit()


def opened(limit: ConnectionLimit, *networks: str) -> list[Connection]:
    connections = [Connection(network) for network in networks]
    assert all([limit.admit(one) for one in connections])  # noqa: C419 - all must be admitted
    return connections


def ended(connections: list[Connection]) -> list[bool]:
    return [one.ended for one in connections]


def test_the_longest_waiting_makes_room(limit: ConnectionLimit) -> None:
    connections = opened(limit, *"aaaa")
    limit.begin_call(connections[0])
    opened(limit, "a")
    assert ended(connections) == [False, True, False, False]
    limit.remove(connections[1])  # its end comes a moment later
    limit.end_call(connections[0])
    opened(limit, "a", "a")
    assert ended(connections) == [False, True, True, True]


def test_a_connection_that_is_idle_after_calls_makes_room(limit: ConnectionLimit) -> None:
    connections = opened(limit, *"aaaa")
    for one in connections:
        limit.begin_call(one)
        limit.end_call(one)
    opened(limit, *"bcd")
    assert ended(connections) == [True, True, True, False]


def test_the_network_with_most_waiting_connections_loses_one(limit: ConnectionLimit) -> None:
    (honest,) = opened(limit, "b")
    others = opened(limit, *"aaa")
    opened(limit, *"aaaaa")
    assert not honest.ended
    assert ended(others) == [True] * 3
    (second,) = opened(limit, "b")
    assert not honest.ended
    assert not second.ended


def test_calls_under_way_are_not_displaced(limit: ConnectionLimit) -> None:
    connections = opened(limit, *"aabb")
    for one in connections:
        limit.begin_call(one)
    assert not limit.admit(Connection("c"))
    limit.remove(connections[0])
    opened(limit, "c")
    assert ended(connections) == [False] * 4


def test_a_network_takes_no_place_from_one_that_holds_fewer(limit: ConnectionLimit) -> None:
    *calling, honest = opened(limit, *"aaab")
    for one in calling:
        limit.begin_call(one)
    assert not limit.admit(Connection("a"))
    assert not honest.ended
    limit.end_call(calling[1])
    opened(limit, "a")
    assert ended(calling) == [False, True, False]


def test_what_has_closed_leaves_nothing_behind(limit: ConnectionLimit) -> None:
    connections = opened(limit, *"aabb")
    limit.begin_call(connections[0])
    for one in connections:
        limit.remove(one)
        limit.remove(one)
        limit.end_call(one)
    assert not limit._open
    assert not limit._held
    assert not limit._waiting
