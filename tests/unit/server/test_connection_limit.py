"""Limit open connections: which idle one is displaced."""

from __future__ import annotations

import pytest

from web_image_ocr.server import connection_limit
from web_image_ocr.server.connection_limit import ConnectionLimit


class Connection:
    """Record whether it was aborted."""

    def __init__(self, network: str) -> None:
        self.network = network
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> ConnectionLimit:
    monkeypatch.setattr(connection_limit, "MAX_CONNECTIONS", 4)
    return ConnectionLimit()


def opened(limit: ConnectionLimit, *networks: str) -> list[Connection]:
    connections = [Connection(network) for network in networks]
    assert all([limit.admit(one) for one in connections])  # noqa: C419 - all must be admitted
    return connections


def aborted(connections: list[Connection]) -> list[bool]:
    return [one.aborted for one in connections]


def test_the_longest_idle_connection_is_displaced(limit: ConnectionLimit) -> None:
    connections = opened(limit, *"aaaa")
    limit.begin_request(connections[0])
    opened(limit, "a")
    assert aborted(connections) == [False, True, False, False]
    limit.remove(connections[1])  # connection_lost comes later
    limit.end_request(connections[0])
    opened(limit, "a", "a")
    assert aborted(connections) == [False, True, True, True]


def test_a_connection_idle_after_requests_is_displaced(limit: ConnectionLimit) -> None:
    connections = opened(limit, *"aaaa")
    for one in connections:
        limit.begin_request(one)
        limit.end_request(one)
    opened(limit, *"bcd")
    assert aborted(connections) == [True, True, True, False]


def test_the_network_with_most_idle_connections_loses_one(limit: ConnectionLimit) -> None:
    (honest,) = opened(limit, "b")
    others = opened(limit, *"aaa")
    opened(limit, *"aaaaa")
    assert not honest.aborted
    assert aborted(others) == [True] * 3
    (second,) = opened(limit, "b")
    assert not honest.aborted
    assert not second.aborted


def test_requests_in_progress_are_not_displaced(limit: ConnectionLimit) -> None:
    connections = opened(limit, *"aabb")
    for one in connections:
        limit.begin_request(one)
    assert not limit.admit(Connection("c"))
    limit.remove(connections[0])
    opened(limit, "c")
    assert aborted(connections) == [False] * 4


def test_a_network_displaces_none_of_a_network_with_fewer(limit: ConnectionLimit) -> None:
    *calling, honest = opened(limit, *"aaab")
    for one in calling:
        limit.begin_request(one)
    assert not limit.admit(Connection("a"))
    assert not honest.aborted
    limit.end_request(calling[1])
    opened(limit, "a")
    assert aborted(calling) == [False, True, False]


def test_closed_connections_leave_no_state(limit: ConnectionLimit) -> None:
    connections = opened(limit, *"aabb")
    limit.begin_request(connections[0])
    for one in connections:
        limit.remove(one)
        limit.remove(one)
        limit.end_request(one)
    assert not limit._open
    assert not limit._per_network
    assert not limit._idle
