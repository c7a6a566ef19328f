"""What was read lately is believed for some seconds and no longer."""

from __future__ import annotations

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


def test_what_is_not_there_is_asked_anew() -> None:
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


def test_clearing_also_drops_answers_under_way() -> None:
    cache: TimedCache[str, str] = TimedCache(5)

    def slow() -> str:
        cache.clear()  # the record changes while the old one is being read
        return "old"

    assert cache.get("key", slow) == "old"
    assert cache.get("key", Source("new")) == "new"
