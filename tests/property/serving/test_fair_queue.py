"""The queue is bounded, loses no item and serves its owners round robin."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.serving.fair_queue import FairQueue

OWNERS = st.sampled_from("abcd")
PUSH, POP, REMOVE = "push", "pop", "remove"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(PUSH), OWNERS),
        st.tuples(st.just(POP), st.none()),
        st.tuples(st.just(REMOVE), st.integers(0, 20)),
    ),
    max_size=80,
)


class CheckedQueue:
    """Check a queue against a plain list of its items, oldest first."""

    def __init__(self, size: int) -> None:
        self.queue: FairQueue[tuple[str, int]] = FairQueue(size)
        self.size = size
        self.waiting: list[tuple[str, int]] = []
        self.count = 0

    def push(self, owner: str) -> None:
        item = (owner, self.count)
        self.count += 1
        before = self.lengths()
        shed = self.queue.push(owner, item)
        self.waiting.append(item)
        if shed is None:
            assert len(self.waiting) <= self.size
        else:
            assert sum(before.values()) == self.size, "an item was shed though there was a place"
            assert shed == self.of(shed[0])[-1], "not the newest of its owner"
            if shed != item:
                assert before[shed[0]] == max(before.values())
                assert before[shed[0]] >= before[owner] + 2
            else:
                assert max(before.values(), default=0) <= before[owner] + 1
            self.waiting.remove(shed)

    def pop(self) -> tuple[str, int] | None:
        item = self.queue.pop()
        assert (item is None) == (not self.waiting)
        if item:
            assert item == self.of(item[0])[0], "not the oldest of its owner"
            self.waiting.remove(item)
        return item

    def remove(self, number: int) -> None:
        item = self.waiting.pop(number % len(self.waiting)) if self.waiting else ("a", -1)
        assert self.queue.remove(*_named(item)) == (item[1] >= 0)
        assert not self.queue.remove(*_named(item))

    def lengths(self) -> Counter[str]:
        return Counter(owner for owner, _ in self.waiting)

    def of(self, owner: str) -> list[tuple[str, int]]:
        return [item for item in self.waiting if item[0] == owner]


def _named(item: tuple[str, int]) -> tuple[str, tuple[str, int]]:
    return item[0], item


def _after(size: int, steps: list[tuple[str, str | int | None]]) -> CheckedQueue:
    checked = CheckedQueue(size)
    for step, what in steps:
        if step == PUSH:
            checked.push(str(what))
        elif step == POP:
            checked.pop()
        else:
            checked.remove(int(what or 0))
        assert len(checked.queue) == len(checked.waiting) <= size
    return checked


@given(st.integers(0, 8), STEPS)
def test_it_is_bounded_and_loses_no_item(
    size: int, steps: list[tuple[str, str | int | None]]
) -> None:
    checked = _after(size, steps)
    while checked.pop():
        pass
    assert checked.waiting == []


@given(st.integers(1, 8), STEPS)
def test_nobody_starves(size: int, steps: list[tuple[str, str | int | None]]) -> None:
    """Of each other owner, no more items go first than the item's place in its own queue."""
    checked = _after(size, steps)
    for item in list(checked.waiting):
        if item not in checked.waiting:
            continue
        place = checked.of(item[0]).index(item) + 1
        went: Counter[str] = Counter()
        while (served := checked.pop()) != item:
            assert served
            went[served[0]] += 1
            checked.push(served[0])  # every served owner comes back at once
        assert all(times <= place for times in went.values())


@given(st.integers(0, 8), STEPS, OWNERS)
def test_ahead_of_is_exact_up_to_one_round(
    size: int, steps: list[tuple[str, str | int | None]], owner: str
) -> None:
    checked = _after(size + 1, steps)
    while len(checked.waiting) > size:
        checked.pop()
    estimated = checked.queue.ahead_of(owner)
    owners = len(checked.lengths())
    checked.push(owner)
    newest = checked.of(owner)[-1]
    before = 0
    while checked.pop() != newest:
        before += 1
    assert before <= estimated <= before + owners
