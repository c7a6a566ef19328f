"""Test the cache: values are used for some seconds and not longer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from web_image_ocr.identity.cache import TimedCache


class Source:
    def __init__(self, value: str | None) -> None:
        self.value = value
        self.asked = 0

    def __call__(self) -> str | None:
        self.asked += 1
        return self.value


def test_a_value_is_believed_until_its_time_is_over() -> None:
    now = [100.0]
    cache: TimedCache[str, str] = TimedCache(5, now=lambda: now[0])
    source = Source("old")
    assert cache.get("key", source) == "old"
    source.value = "new"
    now[0] = 104.9
    assert cache.get("key", source) == "old"
    now[0] = 105.0
    assert cache.get("key", source) == "new"
    assert source.asked == 2


def test_absent_values_are_read_again() -> None:
    cache: TimedCache[str, str] = TimedCache(5)
    source = Source(None)
    assert cache.get("key", source) is None
    source.value = "there"
    assert cache.get("key", source) == "there"


def test_no_seconds_means_no_memory() -> None:
    cache: TimedCache[str, str] = TimedCache(0, now=lambda: 0.0)
    source = Source("value")
    cache.get("key", source)
    cache.get("key", source)
    assert source.asked == 2


def test_it_is_bounded_and_forgets_the_longest_known() -> None:
    cache: TimedCache[int, str] = TimedCache(5, size=2)
    for key in (1, 2, 3):
        cache.get(key, Source("value"))
    first, last = Source("again"), Source("again")
    assert cache.get(3, last) == "value"
    assert cache.get(1, first) == "again"


def test_peeking_asks_nobody() -> None:
    now = [100.0]
    cache: TimedCache[str, str] = TimedCache(5, now=lambda: now[0])
    assert cache.peek("key") is None
    cache.get("key", Source("value"))
    assert cache.peek("key") == "value"
    now[0] = 105.0
    assert cache.peek("key") is None


def test_one_key_is_forgotten_and_no_other() -> None:
    cache: TimedCache[str, str] = TimedCache(5)
    for key in ("a", "b"):
        cache.get(key, Source("old"))
    cache.invalidate("a")
    assert cache.get("a", Source("new")) == "new"
    assert cache.get("b", Source("new")) == "old"


def test_what_matches_is_forgotten() -> None:
    cache: TimedCache[str, str] = TimedCache(5)
    for key in ("a", "b", "c"):
        cache.get(key, Source(f"value of {key}"))
    cache.invalidate_where(lambda key, value: key == "a" or value == "value of b")
    assert [cache.peek(key) for key in ("a", "b", "c")] == [None, None, "value of c"]


@pytest.mark.parametrize(
    "forget",
    [lambda cache: cache.invalidate("key"), lambda cache: cache.invalidate_where(_nothing)],
)
def test_forgetting_also_drops_answers_under_way(
    forget: Callable[[TimedCache[str, str]], None],
) -> None:
    cache: TimedCache[str, str] = TimedCache(5)

    def slow() -> str:
        forget(cache)  # the record changes while the old one is being read
        return "old"

    assert cache.get("key", slow) == "old"
    assert cache.get("key", Source("new")) == "new"


def test_an_answer_under_way_for_another_key_is_kept() -> None:
    cache: TimedCache[str, str] = TimedCache(5)

    def slow() -> str:
        cache.invalidate("another")
        return "value"

    cache.get("key", slow)
    assert cache.peek("key") == "value"


def test_a_slow_answer_does_not_replace_a_newer_one() -> None:
    now = [100.0]
    cache: TimedCache[str, str] = TimedCache(5, now=lambda: now[0])
    slow = cache.begin("key")
    now[0] = 101.0
    cache.get("key", Source("new"))
    cache.finish(slow, "old")
    assert cache.peek("key") == "new"


def test_a_source_that_fails_leaves_nothing_behind() -> None:
    cache: TimedCache[str, str] = TimedCache(5)

    def failing() -> str:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        cache.get("key", failing)
    assert not cache._pending
    assert cache.get("key", Source("value")) == "value"


def _nothing(_key: str, _value: str) -> bool:
    return False
