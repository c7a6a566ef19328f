"""Generate load from a separate process, which measures its own CPU time."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Self

from benchmarks.load.calls import TOO_MANY, Call, Run
from benchmarks.load.client import Connection, request_of
from benchmarks.load.server import Address

_bodies: tuple[bytes, ...] = ()
"""Request bodies, in the generator's process."""


class Generator:
    """Call a server from another process; a context manager.

    Args:
        bodies: Request bodies; runs refer to them by index.
    """

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self._process = ProcessPoolExecutor(
            1,
            multiprocessing.get_context("spawn"),
            initializer=_set_bodies,
            initargs=(tuple(bodies),),
        )

    def __enter__(self) -> Self:
        """Return itself; the process starts with the first run."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.shutdown()

    def closed(self, address: Address, order: Sequence[int], concurrency: int) -> Run:
        """Run a closed loop: each of ``concurrency`` callers sends its next call after a response.

        A rejected call is repeated after ``Retry-After`` until it succeeds.
        """
        return self._process.submit(_run_closed, address, order, concurrency).result()

    def scheduled(self, address: Address, order: Sequence[int], due: Sequence[float]) -> Run:
        """Run an open loop: send calls on schedule, whether earlier ones are answered or not.

        Args:
            address: Server to call.
            order: Indexes of the bodies, repeated if there are more calls.
            due: Time of each call, seconds from the start, ascending.
        """
        return self._process.submit(_run_scheduled, address, order, due).result()


def _set_bodies(bodies: tuple[bytes, ...]) -> None:
    global _bodies  # noqa: PLW0603 - what an initializer is for
    _bodies = bodies


def _run_closed(address: Address, order: Sequence[int], concurrency: int) -> Run:
    return asyncio.run(_Runner(address).closed(order, concurrency))


def _run_scheduled(address: Address, order: Sequence[int], due: Sequence[float]) -> Run:
    return asyncio.run(_Runner(address).scheduled(order, due))


class _Runner:
    """Execute one run in the generator's process."""

    def __init__(self, address: Address) -> None:
        self._address = address
        host = f"{address.host}:{address.port}"
        self._requests = [request_of(address.path, address.token, host, body) for body in _bodies]
        self._calls: list[Call] = []
        self._free: list[Connection] = []
        self._began = self._cpu_before = 0.0

    async def closed(self, order: Sequence[int], concurrency: int) -> Run:
        left = iter(order)

        async def caller() -> None:
            for body in left:
                await self._call_until_accepted(body)

        self._start()
        await asyncio.gather(*(caller() for _ in range(concurrency)))
        return self._end()

    async def scheduled(self, order: Sequence[int], due: Sequence[float]) -> Run:
        self._start()
        async with asyncio.TaskGroup() as calls:
            for number, moment in enumerate(due):
                await asyncio.sleep(moment - self._now())
                calls.create_task(self._call(order[number % len(order)], due=moment))
        return self._end()

    async def _call_until_accepted(self, body: int) -> None:
        while True:
            call = await self._call(body, due=self._now())
            if call.status != TOO_MANY:
                return
            await asyncio.sleep(call.retry_after_s or 1.0)

    async def _call(self, body: int, *, due: float) -> Call:
        connection = self._free.pop() if self._free else self._connection()
        sent = self._now()
        response = await connection.call(self._requests[body])
        wait = response.headers.get("retry-after")
        call = Call(
            due=due,
            sent=sent,
            ended=self._now(),
            status=response.status,
            retry_after_s=None if wait is None else float(wait),
            stages_ms=response.stages_ms,
        )
        self._calls.append(call)
        self._free.append(connection)
        return call

    def _connection(self) -> Connection:
        return Connection(self._address.host, self._address.port)

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _start(self) -> None:
        self._began, self._cpu_before = time.monotonic(), time.process_time()

    def _end(self) -> Run:
        wall_s, cpu_s = self._now(), time.process_time() - self._cpu_before
        for connection in self._free:
            connection.close()
        return Run(calls=self._calls, wall_s=wall_s, generator_cpu_s=cpu_s)
