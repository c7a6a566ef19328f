"""Run decoding and the engine without a server: the upper bound of its throughput."""

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


class BaselineProcesses:
    """Share a list of images among processes with one core each; a context manager.

    Args:
        processes: Number of processes.
        images: Image files; runs refer to them by index.
    """

    def __init__(self, processes: int, images: Sequence[bytes]) -> None:
        self._next: Synchronized[int] = _SPAWN.Value("q", 0)
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(processes):
            ours, theirs = _SPAWN.Pipe()
            self._pipes.append(ours)
            self._processes.append(
                _SPAWN.Process(target=_work, args=(theirs, self._next, tuple(images)), daemon=True)
            )

    def __enter__(self) -> Self:
        """Start the processes and wait until all have loaded their models."""
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
        """Return the process IDs."""
        return [process.pid for process in self._processes if process.pid is not None]

    def run(self, order: Sequence[int], processes: int) -> float:
        """Return the seconds that ``processes`` of them take for these images."""
        self._next.value = 0
        began = time.monotonic()
        busy = self._pipes[:processes]
        for pipe in busy:
            pipe.send(order)
        for pipe in busy:  # the last one to finish counts
            pipe.recv()
        return time.monotonic() - began


def _work(pipe: Connection, next_place: Synchronized[int], images: Sequence[bytes]) -> None:
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
            engine.recognize(decode(images[order[place]], limits).pixels, cores=1)
        pipe.send("done")
