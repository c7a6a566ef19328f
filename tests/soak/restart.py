"""Restart a server under load: the old or the new server answers each call."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.soak.calls import BY_IMAGE, caller_of, valid_calls
from tests.soak.client import Call, Client, Fate
from tests.soak.images import sample_images
from tests.soak.load import Tally, drive
from tests.soak.report import Report, summarize
from tests.support.servers import Server, Service, running_service
from web_image_ocr.identity import Identity, IdentityConfig, Step, Window

_PAUSE_S = 2.0
"""Load before the first restart and after each."""
_RESTART_LIMIT_S = 120.0
_NEW_EVERY_S = 0.05
"""Interval of new connections with one call each, an open loop."""
_SETTINGS = {
    "WEB_IMAGE_OCR_SERVING__WORKERS": "2",
    "WEB_IMAGE_OCR_SERVING__MAX_WAITING_PER_WORKER": "500",  # no call is rejected
}


def restart(folder: Path, times: int) -> Report:
    """Restart a server by SIGUSR2 ``times`` times under load.

    Eight clients call in closed loops, on reused and on new connections. An open loop opens one
    connection for each call.
    """
    report = Report("restart")
    tally, slowest = Tally(), [0.0]
    with running_service(folder / "restart", environment=_SETTINGS) as service:
        calls = valid_calls(caller_of(service), sample_images(), None)
        with successors_stopped(service.server), _load(service, calls, tally, slowest):
            time.sleep(_PAUSE_S)
            pid, restarts = service.server.process.pid, []
            for _ in range(times):
                started = time.monotonic()
                pid = restarted(service.server, pid)
                restarts.append(time.monotonic() - started)
                time.sleep(_PAUSE_S)
        counted = _counted(service)
    report.facts.append(
        f"{times} restarts, {max(restarts):.1f} s at most until the old server exited;"
        f" {tally.done} calls, the slowest {slowest[0]:.1f} s"
    )
    for fate in (Fate.REFUSED, Fate.NOT_SENT, Fate.LOST):
        report.check(tally.fates[fate] == 0, f"{tally.fates[fate]} calls: {fate.value}")
    report.check(not tally.wrong, f"{summarize(tally.wrong)} responses other than 200")
    report.check(
        not tally.differing, f"{summarize(tally.differing)} differing responses for an image"
    )
    answered = tally.fates[Fate.ANSWERED]
    report.check(counted == answered, f"{counted} calls counted, {answered} answered")
    status = service.server.process.returncode
    report.check(status == 0, f"exit status {status} of the first server")
    return report


def restarted(server: Server, pid: int) -> int:
    """Return the pid of the successor, once it is ready and the process ``pid`` has ended."""
    before = len(server.records("successor ready"))
    os.kill(pid, signal.SIGUSR2)
    end = time.monotonic() + _RESTART_LIMIT_S
    while len(ready := server.records("successor ready")) == before or _is_running(server, pid):
        assert time.monotonic() < end, server.log_tail()
        time.sleep(0.05)
    successor: int = ready[-1]["pid"]
    return successor


@contextmanager
def successors_stopped(server: Server) -> Iterator[None]:
    """Stop the last successor by SIGTERM or SIGKILL: it is not a child of this process."""
    try:
        yield
    finally:
        for record in server.records("successor started"):
            with suppress(ProcessLookupError):
                os.kill(record["pid"], signal.SIGTERM)
        end = time.monotonic() + 60
        for record in server.records("successor started"):
            while _is_running(server, record["pid"]):
                if time.monotonic() > end:
                    os.kill(record["pid"], signal.SIGKILL)
                    raise AssertionError(f"process {record['pid']} still runs: {server.log_tail()}")
                time.sleep(0.05)


def _is_running(server: Server, pid: int) -> bool:
    if pid == server.process.pid:
        return server.process.poll() is None
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@contextmanager
def _load(
    service: Service, calls: list[Call], tally: Tally, slowest: list[float]
) -> Iterator[None]:
    ended = threading.Event()
    lock = threading.Lock()
    host, _, port = service.url.removeprefix("http://").partition(":")
    blank = next(call for call in calls if call.same.startswith("blank") and call.kind == BY_IMAGE)
    fresh = Tally()

    def one() -> None:
        started = time.monotonic()
        with closing(Client(host, int(port))) as client:
            outcome = client.call(blank)
        with lock:
            fresh.note(blank, outcome)
            slowest[0] = max(slowest[0], time.monotonic() - started)

    def open_loop() -> None:
        running: list[threading.Thread] = []
        while not ended.wait(_NEW_EVERY_S):
            running.append(threading.Thread(target=one))
            running[-1].start()
        for thread in running:
            thread.join()

    kept = threading.Thread(
        target=drive,
        args=(service.url, itertools.cycle(calls), tally),
        kwargs={"go_on": lambda: not ended.is_set()},
    )
    new = threading.Thread(target=open_loop)
    kept.start()
    new.start()
    try:
        yield
    finally:
        ended.set()
        kept.join()
        new.join()
        tally.calls.update(fresh.calls)
        tally.fates.update(fresh.fates)
        tally.wrong += fresh.wrong
        tally.differing += fresh.differing


def _counted(service: Service) -> int:
    """Return the calls that the database counts for the project, after all servers exited."""
    now = datetime.now(UTC)
    window = Window(start=now - timedelta(hours=1), end=now + timedelta(hours=1), step=Step.HOUR)
    with closing(Identity(IdentityConfig(), service.data_dir, may_create=False)) as identity:
        total = identity._usage.read([service.account.project_id], window).total
    return total.succeeded + total.failed
