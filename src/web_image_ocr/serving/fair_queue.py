"""A bounded queue that is fair between owners: each has a line, and the lines take turns."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Items that wait, each in the line of its owner.

    Args:
        size: items that may wait, 0 or more.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lines: OrderedDict[str, deque[Item]] = OrderedDict()
        """None is empty; the first one is served next, then it is the last."""
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def join(self, owner: str, item: Item) -> Item | None:
        """Let an item wait; returns the one that has no place, or None.

        When the queue is full, the last of the longest line has to go. That is ``item``
        itself unless another line is longer than its own is with it, so that nobody is sent
        away for an owner who has as much already.
        """
        line = self._lines.setdefault(owner, deque())
        line.append(item)
        self._length += 1
        if self._length <= self._size:
            return None
        longest = max(self._lines, key=lambda other: len(self._lines[other]))
        loser = longest if len(self._lines[longest]) > len(line) else owner
        refused = self._lines[loser][-1]
        self.leave(loser, refused)
        return refused

    def next(self) -> Item | None:
        """Take out whose turn it is, or None; the lines take turns, each in its own order."""
        if not self._lines:
            return None
        owner, line = next(iter(self._lines.items()))
        item = line[0]
        self._lines.move_to_end(owner)
        self.leave(owner, item)
        return item

    def leave(self, owner: str, item: Item) -> bool:
        """Take an item out of its owner's line; whether it was there."""
        line = self._lines.get(owner)
        if line is None or item not in line:
            return False
        line.remove(item)
        self._length -= 1
        if not line:
            del self._lines[owner]
        return True

    def before(self, owner: str) -> int:
        """How many items would be served before one more of the owner, about."""
        place = len(self._lines.get(owner, ())) + 1
        return sum(min(len(line), place) for line in self._lines.values())
