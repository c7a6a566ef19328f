"""Stop a server by SIGTERM under load: it answers all calls that it accepted."""

from __future__ import annotations

import itertools
import signal
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.soak.calls import caller_of, valid_calls
from tests.soak.client import Call, Client, Fate, Outcome
from tests.soak.images import sample_images
from tests.soak.load import Tally, drive
from tests.soak.report import Report, summarize
from tests.support.servers import Service, running_service

_UNDER_LOAD_S = 1.5
"""Load before the signal."""
_IDLE = 3
"""Connections without a call."""
_EXIT_LIMIT_S = 60.0
_SETTINGS = {
    "WEB_IMAGE_OCR_SERVING__WORKERS": "2",
    "WEB_IMAGE_OCR_SERVING__MAX_WAITING_PER_WORKER": "500",  # no call is rejected
}


def stop(folder: Path, times: int) -> Report:
    """Stop a server under load ``times`` times.

    Reused and new connections call in closed loops while others are idle. A call is lost if it was
    sent completely and no complete response came, even if the server never called accept().
    """
    report = Report("stop")
    tally, stops = Tally(), []
    for number in range(times):
        with running_service(folder / f"stop-{number}", environment=_SETTINGS) as service:
            stops.append(_stop_once(service, tally))
    fates = ", ".join(f"{count} {fate.value}" for fate, count in tally.fates.items())
    seconds = max(one.seconds for one in stops)
    report.facts.append(f"{times} stops, {seconds:.1f} s at most until it exited; calls: {fates}")
    report.check(tally.fates[Fate.LOST] == 0, f"{tally.fates[Fate.LOST]} accepted calls lost")
    report.check(not tally.wrong, f"{summarize(tally.wrong)} responses other than 200")
    report.check(
        not tally.differing, f"{summarize(tally.differing)} differing responses for an image"
    )
    statuses = {one.status for one in stops}
    report.check(statuses == {0}, f"exit status {statuses}")
    reset = sum(one.idle_reset for one in stops)
    report.check(reset == 0, f"{reset} idle connections reset")
    return report


@dataclass(frozen=True, slots=True)
class _Stop:
    """Record exit status, seconds from signal to exit, and idle connections reset."""

    status: int
    seconds: float
    idle_reset: int


def _stop_once(service: Service, tally: Tally) -> _Stop:
    caller = caller_of(service)
    calls = valid_calls(caller, sample_images(), None)
    url = service.url
    place = urlsplit(url).hostname or "", urlsplit(url).port or 0
    ended = threading.Event()
    idle = [socket.create_connection(place) for _ in range(_IDLE)]
    service.client.close()

    def on_outcome(_call: Call, outcome: Outcome) -> None:
        if outcome.fate is Fate.REFUSED:
            ended.set()

    load = threading.Thread(
        target=drive,
        args=(url, itertools.cycle(calls), tally),
        kwargs={"go_on": lambda: not ended.is_set(), "on_outcome": on_outcome},
    )
    fresh = threading.Thread(target=_open_loop, args=(place, calls, tally, ended))
    load.start()
    fresh.start()
    time.sleep(_UNDER_LOAD_S)
    started = time.monotonic()
    service.server.process.send_signal(signal.SIGTERM)
    status = service.server.process.wait(timeout=_EXIT_LIMIT_S)
    took = time.monotonic() - started
    load.join()
    fresh.join()
    clean = sum(map(_closed_cleanly, idle))
    return _Stop(status=status, seconds=took, idle_reset=_IDLE - clean)


def _open_loop(
    place: tuple[str, int], calls: list[Call], tally: Tally, ended: threading.Event
) -> None:
    """Open a new connection for each call, some milliseconds apart."""
    blank = next(call for call in calls if call.same.startswith("blank"))
    lock = threading.Lock()
    running: list[threading.Thread] = []

    def one() -> None:
        client = Client(*place)
        outcome = client.call(blank)
        client.close()
        with lock:
            tally.note(blank, outcome)
        if outcome.fate is Fate.REFUSED:
            ended.set()

    while not ended.is_set():
        running.append(threading.Thread(target=one))
        running[-1].start()
        time.sleep(0.005)
    for thread in running:
        thread.join()


def _closed_cleanly(connection: socket.socket) -> bool:
    connection.settimeout(5)
    try:
        with connection:
            return connection.recv(1) == b""
    except OSError:
        return False
