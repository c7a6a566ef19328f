"""How many connections may be open, and which one makes room."""

from __future__ import annotations

import pytest

from web_image_ocr.cli import crowds
from web_image_ocr.cli.crowds import Crowd


class Connection:
    """Remembers that it was ended."""

    def __init__(self) -> None:
        self.ended = False

    def end(self) -> None:
        self.ended = True


def test_the_longest_silent_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "MOST_CONNECTIONS", 3)
    crowd = Crowd()
    first, second, third, fourth, fifth, sixth = (Connection() for _ in range(6))
    assert all(crowd.enter(one) for one in (first, second, third))
    crowd.hear(first)
    assert crowd.enter(fourth)
    assert [one.ended for one in (first, second, third)] == [False, True, False]
    crowd.leave(second)  # its end comes a moment later
    crowd.hear(third)
    crowd.hear(fourth)
    assert not crowd.enter(fifth)
    crowd.leave(third)
    assert crowd.enter(sixth)
    assert [one.ended for one in (first, third, fourth)] == [False] * 3
