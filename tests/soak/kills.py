"""Kill workers under load, or let the server replace them at the memory limit."""

from __future__ import annotations

import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.soak.calls import Caller, caller_of, valid_calls
from tests.soak.client import Call, Fate
from tests.soak.images import sample_images
from tests.soak.load import Tally, drive
from tests.soak.processes import workers_of
from tests.soak.report import Report, summarize
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import Service, running_service

_WORKERS = 2
_KILL_EVERY_S = 2.0
_ANSWERED_200 = 0.99
_BOUND_MIB = 260
"""Above what a worker holds after small images (about 215), below that after a large one (300)."""
_LARGE = tuple(((40, 40 + 150 * row), "large image") for row in range(6)), (1100, 1100)
_LARGE_EVERY = 25
"""One call in so many has the large image."""


def kill(folder: Path, seconds: float, *, wait_for_recovery: bool = False) -> Report:
    """Kill a worker with SIGKILL every two seconds, eight calls at once.

    Args:
        folder: Folder of the server.
        seconds: Duration of the load.
        wait_for_recovery: Kill only while all workers are ready, so that no call loses two;
            on a busy machine recovery takes more than two seconds.
    """
    report = Report("kill")
    settings = {"WEB_IMAGE_OCR_SERVING__WORKERS": str(_WORKERS)}
    with running_service(folder / "kill", environment=settings) as service:
        calls = _calls(caller_of(service))
        ended = threading.Event()
        killed: list[int] = []
        killer = threading.Thread(
            target=_kill_periodically,
            args=(service, ended, killed, _WORKERS + 1 if wait_for_recovery else 1),
        )
        killer.start()
        try:
            tally = _under_load(service, calls, seconds, report)
        finally:
            ended.set()
            killer.join()
        busy = len(service.server.records("worker lost"))
        report.facts.append(f"{len(killed)} workers killed, {busy} of them busy")
        _check(report, tally, len(killed), _ANSWERED_200)
    return report


def recycle(folder: Path, seconds: float) -> Report:
    """Make workers exceed their memory limit repeatedly, eight calls at once."""
    report = Report("recycle")
    settings = {
        "WEB_IMAGE_OCR_SERVING__WORKERS": str(_WORKERS),
        "WEB_IMAGE_OCR_SERVING__WORKER_MEMORY_BYTES": str(_BOUND_MIB << 20),
    }
    with running_service(folder / "recycle", environment=settings) as service:
        caller = caller_of(service)
        calls = _calls(caller)
        body = {"image": to_base64(encode_image(draw_image(*_LARGE[0], size=_LARGE[1])))}
        large = Call(kind="large", request=caller.request(body), same="large")
        for place in range(0, len(calls), _LARGE_EVERY):
            calls.insert(place, large)
        tally = _under_load(service, calls, seconds, report)
        replaced = len(service.server.records("worker replaced"))
        report.facts.append(f"{replaced} workers replaced")
        _check(report, tally, replaced, 1.0)
    return report


def _calls(caller: Caller) -> list[Call]:
    calls = valid_calls(caller, sample_images(), None)
    random.Random(1).shuffle(calls)  # noqa: S311 - no secret
    return calls


def _under_load(service: Service, calls: Sequence[Call], seconds: float, report: Report) -> Tally:
    """Call for ``seconds``; report the longest time without a response."""
    service.server.workers()
    tally = Tally()
    end = time.monotonic() + seconds
    answered = [time.monotonic()]
    drive(
        service.url,
        itertools.cycle(calls),
        tally,
        go_on=lambda: time.monotonic() < end,
        on_outcome=lambda _call, _outcome: answered.append(time.monotonic()),
    )
    gap = max(after - before for before, after in itertools.pairwise(answered))
    report.facts.append(
        f"{tally.done} calls in {seconds:g} s; longest time without a response {gap:.2f} s"
    )
    return tally


def _check(report: Report, tally: Tally, gone: int, share: float) -> None:
    unanswered = tally.done - tally.fates[Fate.ANSWERED]
    answered = 1 - (len(tally.wrong) + unanswered) / max(1, tally.done)
    report.check(gone > 0, f"{gone} workers killed or replaced")
    report.check(unanswered == 0, f"{unanswered} calls without a response")
    report.check(
        answered >= share,
        f"{answered:.2%} of the calls answered 200; others: {summarize(tally.wrong)}",
    )
    report.check(
        not tally.differing, f"{summarize(tally.differing)} differing responses for an image"
    )


def _kill_periodically(
    service: Service, ended: threading.Event, killed: list[int], least: int
) -> None:
    """Kill a random ready worker every two seconds if at least ``least`` are ready."""
    drawn = random.Random(2)  # noqa: S311 - no secret
    while not ended.wait(_KILL_EVERY_S):
        ready = {record["pid"] for record in service.server.records("worker ready")}
        alive = [pid for pid in workers_of(service.server.process.pid) if pid in ready]
        if len(alive) >= least:
            killed.append(drawn.choice(alive))
            os.kill(killed[-1], signal.SIGKILL)
