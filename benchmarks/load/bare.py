"""Decoding and the engine alone, in bare processes: what a server could reach at best."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import Self

from web_image_ocr import Engine
from web_image_ocr.images import ImageLimits, decode
from web_image_ocr.primitives.memory import keep_freed_memory

_SPAWN = multiprocessing.get_context("spawn")


class BareProcesses:
    """Run processes that each read the next image of a list when free, on one core each.

    ``with`` starts and ends them.

    Args:
        processes: how many.
        pictures: files as they were sent; a run names them by their places here.
    """

    def __init__(self, processes: int, pictures: Sequence[bytes]) -> None:
        self._next: Synchronized[int] = _SPAWN.Value("q", 0)
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(processes):
            ours, theirs = _SPAWN.Pipe()
            self._pipes.append(ours)
            self._processes.append(
                _SPAWN.Process(
                    target=_work, args=(theirs, self._next, tuple(pictures)), daemon=True
                )
            )

    def __enter__(self) -> Self:
        """Itself, once all have loaded their models."""
        for process in self._processes:
            process.start()
        for pipe in self._pipes:
            pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        for process in self._processes:
            process.terminate()
            process.join()

    @property
    def pids(self) -> list[int]:
        """Return the ids of the processes."""
        return [process.pid for process in self._processes if process.pid is not None]

    def run(self, order: Sequence[int], processes: int) -> float:
        """Return the seconds until that many processes have read all these images together."""
        self._next.value = 0
        began = time.monotonic()
        busy = self._pipes[:processes]
        for pipe in busy:
            pipe.send(order)
        for pipe in busy:  # the last to end counts, whichever is looked at first
            pipe.recv()
        return time.monotonic() - began


def _work(pipe: Connection, next_place: Synchronized[int], pictures: Sequence[bytes]) -> None:
    keep_freed_memory()  # as a worker does
    engine = Engine()
    limits = ImageLimits()
    pipe.send("ready")
    while True:
        order: Sequence[int] = pipe.recv()
        while True:
            with next_place.get_lock():
                place = next_place.value
                next_place.value += 1
            if place >= len(order):
                break
            engine.recognize(decode(pictures[order[place]], limits).pixels, cores=1)
        pipe.send("done")
