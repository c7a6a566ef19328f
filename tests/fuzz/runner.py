"""Runs targets in a process of its own, whose death or silence is a finding like any other.

An input is made from the seed, the target's name and its number alone, so that whoever watches
can make the one again that ended the process.
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

from tests.fuzz.mutations import damaged
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

MEMORY = 2 * 1024**3
"""Bytes of address space: the libraries alone take about one of these two gigabytes."""

SILENCE_S = 30.0
"""An input takes milliseconds; one that takes this long hangs."""

_START_S = 120.0
"""What starting a process may take on a loaded machine."""

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parser; what it is given goes to another process, so its functions have names there.

    Attributes:
        name: in reports.
        check: gives it one input and judges what comes of it.
        seeds: good inputs.
        tokens: words of their language.
        mend: makes good again, for half of the damaged inputs, what would hide the damage.
        refusals: the kinds of ``ServiceError`` that may come of an input.
        share: of all inputs.
    """

    name: str
    check: Callable[[bytes], None]
    seeds: Sequence[bytes]
    tokens: Sequence[bytes] = ()
    mend: Callable[[bytes], bytes] | None = None
    refusals: Collection[ErrorKind]
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An input that came to a bad end.

    Attributes:
        target: which parser.
        number: of the input, among those of its target.
        place: in the plan.
        data: the input.
        what: signal, traceback or silence.
    """

    target: str
    number: int
    place: int
    data: bytes
    what: str

    def save(self, folder: Path) -> Path:
        """Write the input to a file, and what it did beside it; the file's path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.target.replace(' ', '-')}-{self.number}.bin"
        path.write_bytes(self.data)
        path.with_suffix(".txt").write_text(self.what, encoding="utf-8")
        return path


def made(seed: int, target: Target, number: int) -> bytes:
    """An input; the same arguments give the same one."""
    chance = random.Random(f"{seed} {target.name} {number}")  # noqa: S311 - repeatable, not secret
    data = damaged(chance, target.seeds, target.tokens)
    return target.mend(data) if target.mend and chance.random() < 0.5 else data


Plan = Sequence[tuple[Target, int]]
"""Targets, and how many inputs each gets; numbered through, so that one number says both."""


def run(seed: int, plan: Plan) -> Iterator[Finding | int]:
    """What goes wrong with the inputs of a plan; now and then the number reached, at last it."""
    at, end = 0, sum(inputs for _, inputs in plan)
    while at < end:
        for said in _run_until_end(seed, plan, at):
            yield said
            at = said if isinstance(said, int) else max(at, said.place + 1)


def _run_until_end(seed: int, plan: Plan, first: int) -> Iterator[Finding | int]:
    """One process: until all inputs are done, or one of them ends it."""
    ours, theirs = _SPAWN.Pipe(duplex=False)
    place = _SPAWN.Value("q", first - 1, lock=False)
    process = _SPAWN.Process(target=_check_all, args=(seed, plan, place, theirs))
    process.start()
    theirs.close()
    last, since = first - 1, time.monotonic()
    try:
        while True:
            if ours.poll(1.0):
                try:
                    yield _finding(seed, plan, *ours.recv())
                except EOFError:
                    break
            elif place.value != last:
                last, since = place.value, time.monotonic()
                yield last
            elif time.monotonic() - since > (SILENCE_S if last >= first else _START_S):
                process.kill()
                yield _finding(seed, plan, last, f"no answer within {SILENCE_S:.0f} s")
                return
        process.join()
        if process.exitcode:
            yield _finding(seed, plan, max(place.value, first), f"exit status {process.exitcode}")
        else:
            yield sum(inputs for _, inputs in plan)
    finally:
        process.kill()
        process.join()
        ours.close()


def _numbered(plan: Plan, first: int) -> Iterator[tuple[int, Target, int]]:
    """Place in the plan, target and number of each input from that place on."""
    place = 0
    for target, inputs in plan:
        for number in range(max(0, first - place), inputs):
            yield place + number, target, number
        place += inputs


def _finding(seed: int, plan: Plan, place: int, what: str) -> Finding:
    _, target, number = next(_numbered(plan, place))
    data = made(seed, target, number)
    return Finding(target=target.name, number=number, place=place, data=data, what=what)


def _check_all(seed: int, plan: Plan, place: Synchronized[int], pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for reached, target, number in _numbered(plan, place.value + 1):
        place.value = reached
        try:
            target.check(made(seed, target, number))
        except ServiceError as error:
            if error.kind not in target.refusals:
                pipe.send((reached, traceback.format_exc()))
        except BaseException:  # noqa: BLE001 - the finding says whatever it was
            pipe.send((reached, traceback.format_exc()))
