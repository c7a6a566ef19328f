"""Workers that are killed, or replaced because they have grown, under load."""

from __future__ import annotations

import itertools
import os
import random
import signal
import threading
import time
from pathlib import Path

from tests.servers import Service, running_service
from tests.soak.calls import caller_of, good_calls
from tests.soak.load import Tally, drive
from tests.soak.pictures import good_pictures
from tests.soak.processes import workers_of
from tests.soak.report import Report, some
from tests.soak.wire import Fate

_WORKERS = 2
_KILL_EVERY_S = 2.0
_ANSWERED_200 = 0.99
_FEW_MIB = 260
"""Above what a worker holds at its start and below what it holds after some of the pictures."""


def kill(folder: Path, seconds: float) -> Report:
    """Kill a worker with SIGKILL every two seconds for that long, eight calls at once."""
    report = Report("kill")
    settings = {"WEB_IMAGE_OCR_SERVING__WORKERS": str(_WORKERS)}
    with running_service(folder / "kill", environment=settings) as service:
        service.server.workers()
        ended = threading.Event()
        killed: list[int] = []
        killer = threading.Thread(target=_kill_one_after_another, args=(service, ended, killed))
        killer.start()
        try:
            tally = _under_load(service, seconds, report)
        finally:
            ended.set()
            killer.join()
        retried = len(service.server.records("worker lost"))
        report.facts.append(f"{len(killed)} workers killed, {retried} of them at work")
        _check(report, tally, len(killed), _ANSWERED_200)
    return report


def recycle(folder: Path, seconds: float) -> Report:
    """Have workers replaced for their size, again and again, for that long, eight calls at once."""
    report = Report("recycle")
    settings = {
        "WEB_IMAGE_OCR_SERVING__WORKERS": str(_WORKERS),
        "WEB_IMAGE_OCR_SERVING__WORKER_MEMORY_BYTES": str(_FEW_MIB << 20),
    }
    with running_service(folder / "recycle", environment=settings) as service:
        service.server.workers()
        tally = _under_load(service, seconds, report)
        replaced = len(service.server.records("worker replaced"))
        report.facts.append(f"{replaced} workers replaced")
        _check(report, tally, replaced, 1.0)
    return report


def _under_load(service: Service, seconds: float, report: Report) -> Tally:
    """What became of the calls of so many seconds; the longest time without an answer noted."""
    tally = Tally()
    calls = good_calls(caller_of(service), good_pictures(), None)
    end = time.monotonic() + seconds
    answered = [time.monotonic()]
    drive(
        service.url,
        itertools.cycle(random.Random(1).sample(calls, len(calls))),  # noqa: S311 - no secret
        tally,
        go_on=lambda: time.monotonic() < end,
        noted=lambda _call, _outcome: answered.append(time.monotonic()),
    )
    gap = max(after - before for before, after in itertools.pairwise(answered))
    report.facts.append(
        f"{tally.done} calls in {seconds:g} s; {gap:.2f} s without an answer at most"
    )
    return tally


def _check(report: Report, tally: Tally, events: int, share: float) -> None:
    unanswered = tally.done - tally.fates[Fate.ANSWERED]
    good = 1 - len(tally.wrong) / max(1, tally.done)
    report.check(events > 0, f"{events} workers went")
    report.check(unanswered == 0, f"{unanswered} calls without an answer")
    report.check(
        good >= share, f"{good:.2%} of the calls answered 200; others: {some(tally.wrong)}"
    )
    report.check(not tally.differing, f"{some(tally.differing)} other answers for the same picture")


def _kill_one_after_another(service: Service, ended: threading.Event, killed: list[int]) -> None:
    drawn = random.Random(2)  # noqa: S311 - no secret
    while not ended.wait(_KILL_EVERY_S):
        ready = {record["pid"] for record in service.server.records("worker ready")}
        alive = [pid for pid in workers_of(service.server.process.pid) if pid in ready]
        if alive:
            killed.append(drawn.choice(alive))
            os.kill(killed[-1], signal.SIGKILL)
