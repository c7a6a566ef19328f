"""Run targets in a subprocess; its crash or hang is a finding, too.

Seed, target name and number determine an input, so that the parent can reproduce the input that
crashed the process.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from tests.fuzz.mutations import mutate
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

MEMORY = 2 * 1024**3
"""Bytes of address space, about half of it for the libraries."""

HANG_S = 30.0
"""Seconds after which an input counts as a hang; inputs take milliseconds."""

_START_S = 120.0
"""Seconds that the start of a process may take on a loaded machine."""

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Describe a parser to fuzz. Its functions must be picklable for the subprocess.

    Attributes:
        name: name in reports.
        check: parses one input and asserts properties of the result.
        seeds: valid inputs.
        tokens: words of the input language.
        repair: repairs, in half of the inputs, what hides a mutation, such as checksums.
        refusals: kinds of ``ServiceError`` that an input may cause.
        share: share of all inputs.
    """

    name: str
    check: Callable[[bytes], None]
    seeds: Sequence[bytes]
    tokens: Sequence[bytes] = ()
    repair: Callable[[bytes], bytes] | None = None
    refusals: Collection[ErrorKind]
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Describe an input that failed.

    Attributes:
        target: name of the target.
        number: number of the input within its target.
        position: position of the input in the plan.
        data: the input.
        description: exit status, traceback or hang.
    """

    target: str
    number: int
    position: int
    data: bytes
    description: str

    def save(self, folder: Path) -> Path:
        """Write the input and a description beside it, and return the path of the input."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.target.replace(' ', '-')}-{self.number}.bin"
        path.write_bytes(self.data)
        path.with_suffix(".txt").write_text(self.description, encoding="utf-8")
        return path


def make_input(seed: int, target: Target, number: int) -> bytes:
    """Return an input; the same arguments give the same input."""
    rng = random.Random(f"{seed} {target.name} {number}")  # noqa: S311 - repeatable, not secret
    data = mutate(rng, target.seeds, target.tokens)
    return target.repair(data) if target.repair and rng.random() < 0.5 else data


Plan = Sequence[tuple[Target, int]]
"""Targets and their numbers of inputs. A position counts through all of them."""


def run(seed: int, plan: Plan) -> Iterator[Finding | int]:
    """Yield findings and, now and then and at the end, the position reached."""
    reached, end = 0, sum(inputs for _, inputs in plan)
    while reached < end:
        for event in _run_until_end(seed, plan, reached):
            yield event
            reached = event if isinstance(event, int) else max(reached, event.position + 1)


def _run_until_end(seed: int, plan: Plan, first: int) -> Iterator[Finding | int]:
    """Run one process until all inputs are done or one of them ends it."""
    ours, theirs = _SPAWN.Pipe(duplex=False)
    position = _SPAWN.Value("q", first - 1, lock=False)
    process = _SPAWN.Process(target=_check_all, args=(seed, plan, position, theirs))
    process.start()
    theirs.close()
    last, last_change = first - 1, time.monotonic()
    try:
        while True:
            if ours.poll(1.0):
                try:
                    yield _finding(seed, plan, *ours.recv())
                except EOFError:
                    break
            elif position.value != last:
                last, last_change = position.value, time.monotonic()
                yield last
            elif time.monotonic() - last_change > (HANG_S if last >= first else _START_S):
                process.kill()
                yield _finding(seed, plan, last, f"no answer within {HANG_S:.0f} s")
                return
        process.join()
        if process.exitcode:
            yield _finding(
                seed, plan, max(position.value, first), f"exit status {process.exitcode}"
            )
        else:
            yield sum(inputs for _, inputs in plan)
    finally:
        process.kill()
        process.join()
        ours.close()


def _numbered(plan: Plan, first: int) -> Iterator[tuple[int, Target, int]]:
    """Yield position, target and number of each input from that position on."""
    position = 0
    for target, inputs in plan:
        for number in range(max(0, first - position), inputs):
            yield position + number, target, number
        position += inputs


def _finding(seed: int, plan: Plan, position: int, description: str) -> Finding:
    _, target, number = next(_numbered(plan, position))
    data = make_input(seed, target, number)
    return Finding(
        target=target.name, number=number, position=position, data=data, description=description
    )


def _check_all(seed: int, plan: Plan, position: Synchronized[int], pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for reached, target, number in _numbered(plan, position.value + 1):
        position.value = reached
        try:
            target.check(make_input(seed, target, number))
        except ServiceError as error:
            if error.kind not in target.refusals:
                pipe.send((reached, traceback.format_exc()))
        except BaseException:  # noqa: BLE001 - the finding reports it
            pipe.send((reached, traceback.format_exc()))
