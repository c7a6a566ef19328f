"""Test the invariants of the cache under any order of reads, changes and invalidations."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from web_image_ocr.identity.cache import PendingRead, TimedCache

SECONDS, SIZE = 5, 3
KEYS = st.sampled_from("abcde")
Reading = tuple[PendingRead[str], int | None]


class CacheMachine(RuleBasedStateMachine):
    """A store of numbered versions, changed by this server and by others.

    Its answers take time: between a question, the moment when the store is read, and the
    answer anything may happen.
    """

    asked = Bundle("asked")
    read = Bundle("read")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.version = 0
        self.store: dict[str, int] = {}
        self.versions_of: defaultdict[str, set[int]] = defaultdict(set)
        self.replaced_at: dict[int, float] = {}
        self.barred: set[int] = set()
        self.waiting = 0
        self.cache: TimedCache[str, int] = TimedCache(SECONDS, size=SIZE, now=lambda: self.now)

    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=asked, key=KEYS)
    def ask(self, key: str) -> PendingRead[str]:
        self.waiting += 1
        return self.cache.begin(key)

    @rule(target=read, pending=consumes(asked))
    def read_the_store(self, pending: PendingRead[str]) -> Reading:
        return pending, self.store.get(pending.key)

    @rule(reading=consumes(read))
    def answer(self, reading: Reading) -> None:
        self.waiting -= 1
        self.cache.finish(*reading)

    @rule(key=KEYS, gone=st.booleans())
    def another_server_changes(self, key: str, gone: bool) -> None:
        self._change(key, gone)

    @rule(key=KEYS, gone=st.booleans(), all_of_it=st.booleans())
    def this_server_changes(self, key: str, gone: bool, all_of_it: bool) -> None:
        self._change(key, gone)
        if all_of_it:
            self.cache.invalidate_where(lambda found, _: found == key)
        else:
            self.cache.invalidate(key)
        # Effective at once: no earlier value of the key is returned again.
        self.barred |= self.versions_of[key] - {self.store.get(key, 0)}

    @invariant()
    def what_is_cached_was_true_lately(self) -> None:
        for key in "abcde":
            cached = self.cache.peek(key)
            if cached is None or self.store.get(key) == cached:
                continue
            assert self.now - self.replaced_at[cached] < SECONDS
            assert cached not in self.barred

    @invariant()
    def it_is_bounded(self) -> None:
        assert len(self.cache._entries) <= SIZE
        assert len(self.cache._pending) == self.waiting

    def _change(self, key: str, gone: bool) -> None:
        before = self.store.pop(key, None)
        if before is not None:
            self.replaced_at[before] = self.now
        if not gone:
            self.version += 1
            self.store[key] = self.version
            self.versions_of[key].add(self.version)


TestCache = pytest.mark.slow(CacheMachine.TestCase)
TestCache.settings = settings(max_examples=200, stateful_step_count=40)
