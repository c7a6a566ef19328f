from __future__ import annotations

import time

import pytest

from web_image_ocr.api import unfinished
from web_image_ocr.api.unfinished import UnfinishedBodies


def test_of_those_under_way_together_one_counts() -> None:
    bodies = UnfinishedBodies()
    started = time.monotonic()
    assert [bodies.counts("K", "n", started) for _ in range(20)] == [True] + [False] * 19


def test_one_that_began_later_counts_again() -> None:
    bodies = UnfinishedBodies()
    assert bodies.counts("K", "n", time.monotonic())
    time.sleep(0.001)
    assert bodies.counts("K", "n", time.monotonic())


def test_other_keys_and_networks_count_by_themselves() -> None:
    bodies = UnfinishedBodies()
    started = time.monotonic()
    assert bodies.counts("K", "n", started)
    assert bodies.counts("K", "m", started)
    assert bodies.counts("J", "n", started)


def test_what_is_remembered_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "_MOST", 2)
    bodies = UnfinishedBodies()
    started = time.monotonic()
    for key in "ABC":
        assert bodies.counts(key, "n", started)
    assert not bodies.counts("C", "n", started)
    assert bodies.counts("A", "n", started)  # forgotten, and so written down once more
