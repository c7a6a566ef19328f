"""Provide a bounded queue that serves its owners round robin (fair queueing)."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Queue items in one FIFO queue for each owner.

    Args:
        size: number of items that may wait, 0 or more.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._queues: OrderedDict[str, deque[Item]] = OrderedDict()
        """No queue is empty. The first one is served next and then moves to the end."""
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, owner: str, item: Item) -> Item | None:
        """Add an item; return the item that is shed, or None.

        A full queue sheds the newest item of the longest queue. That is ``item`` itself
        unless another queue is longer than its owner's, ``item`` included.
        """
        queue = self._queues.setdefault(owner, deque())
        queue.append(item)
        self._length += 1
        if self._length <= self._size:
            return None
        longest = max(self._queues, key=lambda other: len(self._queues[other]))
        loser = longest if len(self._queues[longest]) > len(queue) else owner
        shed = self._queues[loser][-1]
        self.remove(loser, shed)
        return shed

    def pop(self) -> Item | None:
        """Remove and return the next item, or None: owners in turn, each in FIFO order."""
        if not self._queues:
            return None
        owner, queue = next(iter(self._queues.items()))
        item = queue[0]
        self._queues.move_to_end(owner)
        self.remove(owner, item)
        return item

    def remove(self, owner: str, item: Item) -> bool:
        """Remove an item from its owner's queue; return whether it was there."""
        queue = self._queues.get(owner)
        if queue is None or item not in queue:
            return False
        queue.remove(item)
        self._length -= 1
        if not queue:
            del self._queues[owner]
        return True

    def ahead_of(self, owner: str) -> int:
        """Return about how many items are served before a new one of the owner."""
        place = len(self._queues.get(owner, ())) + 1
        return sum(min(len(queue), place) for queue in self._queues.values())
