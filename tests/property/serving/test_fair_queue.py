"""Whoever comes and goes: the queue is bounded, loses nobody, and lets the owners take turns."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.serving.fair_queue import FairQueue

OWNERS = st.sampled_from("abcd")
JOIN, NEXT, LEAVE = "join", "next", "leave"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(JOIN), OWNERS),
        st.tuples(st.just(NEXT), st.none()),
        st.tuples(st.just(LEAVE), st.integers(0, 20)),
    ),
    max_size=80,
)


class Watched:
    """A queue beside a plain list of who should be waiting in it, oldest first."""

    def __init__(self, size: int) -> None:
        self.queue: FairQueue[tuple[str, int]] = FairQueue(size)
        self.size = size
        self.waiting: list[tuple[str, int]] = []
        self.came = 0

    def join(self, owner: str) -> None:
        item = (owner, self.came)
        self.came += 1
        had = self.lengths()
        refused = self.queue.join(owner, item)
        self.waiting.append(item)
        if refused is None:
            assert len(self.waiting) <= self.size
        else:
            assert sum(had.values()) == self.size, "one was sent away though there was a place"
            assert refused == self.of(refused[0])[-1], "not the newest of its owner"
            if refused != item:
                assert had[refused[0]] == max(had.values())
                assert had[refused[0]] >= had[owner] + 2
            else:
                assert max(had.values(), default=0) <= had[owner] + 1
            self.waiting.remove(refused)

    def next(self) -> tuple[str, int] | None:
        item = self.queue.next()
        assert (item is None) == (not self.waiting)
        if item:
            assert item == self.of(item[0])[0], "not the oldest of its owner"
            self.waiting.remove(item)
        return item

    def leave(self, number: int) -> None:
        item = self.waiting.pop(number % len(self.waiting)) if self.waiting else ("a", -1)
        assert self.queue.leave(*_named(item)) == (item[1] >= 0)
        assert not self.queue.leave(*_named(item))

    def lengths(self) -> Counter[str]:
        return Counter(owner for owner, _ in self.waiting)

    def of(self, owner: str) -> list[tuple[str, int]]:
        return [item for item in self.waiting if item[0] == owner]


def _named(item: tuple[str, int]) -> tuple[str, tuple[str, int]]:
    return item[0], item


def _after(size: int, steps: list[tuple[str, str | int | None]]) -> Watched:
    watched = Watched(size)
    for step, what in steps:
        if step == JOIN:
            watched.join(str(what))
        elif step == NEXT:
            watched.next()
        else:
            watched.leave(int(what or 0))
        assert len(watched.queue) == len(watched.waiting) <= size
    return watched


@given(st.integers(0, 8), STEPS)
def test_it_is_bounded_and_loses_nobody(
    size: int, steps: list[tuple[str, str | int | None]]
) -> None:
    watched = _after(size, steps)
    while watched.next():
        pass
    assert watched.waiting == []


@given(st.integers(1, 8), STEPS)
def test_nobody_starves(size: int, steps: list[tuple[str, str | int | None]]) -> None:
    """However busy the others are: of each, no more go before than stand before in one's line."""
    watched = _after(size, steps)
    for item in list(watched.waiting):
        if item not in watched.waiting:
            continue
        place = watched.of(item[0]).index(item) + 1
        went: Counter[str] = Counter()
        while (served := watched.next()) != item:
            assert served
            went[served[0]] += 1
            watched.join(served[0])  # whoever was served comes again at once
        assert all(times <= place for times in went.values())


@given(st.integers(0, 8), STEPS, OWNERS)
def test_what_goes_before_is_counted_up_to_one_turn(
    size: int, steps: list[tuple[str, str | int | None]], owner: str
) -> None:
    watched = _after(size + 1, steps)
    while len(watched.waiting) > size:
        watched.next()
    told = watched.queue.before(owner)
    lines = len(watched.lengths())
    watched.join(owner)
    newest = watched.of(owner)[-1]
    before = 0
    while watched.next() != newest:
        before += 1
    assert before <= told <= before + lines
