"""Compare throughput and health-check latency with and without an attack.

Two clients call in closed loops, one with a token and one with a signature, while ``/healthz`` is
polled fifty times a second. The attacker calls from another address of this machine.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

from tests.contract.signing import signed_request
from tests.soak.attacks.__main__ import ATTACKS
from tests.soak.calls import caller_of
from tests.soak.client import Call, Client, Fate, request_of
from tests.soak.load import Tally, drive
from tests.soak.report import Report, summarize
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import Account, Service, admin, running_service, sign_in

_ATTACKER = "127.0.0.2"
_TURNS = 3
_SETTLE_S = 2.0
"""From the start of the attack to the first measured call."""
_LONGEST_CALL_S = 60.0
"""Bounds the attack if this process is killed; normally it ends with the phase."""
_POLL_INTERVAL_S = 0.02
_HEALTH_P99_S = 0.05
_THROUGHPUT = 0.9
_SETTINGS = {"WEB_IMAGE_OCR_SERVING__WORKERS": "2"}
_IMAGE = encode_image(draw_image(((20, 16), "Summer"), ((20, 66), "price 12.50"), size=(320, 120)))


@dataclass(slots=True)
class _Phase:
    """Hold what was measured with the attack, or without it, over all turns.

    Attributes:
        tally: Results of the calls.
        seconds: Duration of the calls.
        health: Latency of each ``/healthz`` response, seconds.
    """

    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    health: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return calls answered a second."""
        return self.tally.fates[Fate.ANSWERED] / self.seconds

    @property
    def p99(self) -> float:
        """Return the 99th percentile of ``/healthz`` latency in seconds."""
        return statistics.quantiles(self.health, n=100)[98]


def under_attack(folder: Path, seconds: float, names: tuple[str, ...] = tuple(ATTACKS)) -> Report:
    """Alternate ``seconds`` with each attack and ``seconds`` without, three times."""
    report = Report("attacked")
    for name in names:
        home = folder / name.replace(" ", "-")
        with running_service(home, environment=_SETTINGS) as service:
            service.server.workers()
            calls = _calls(service)
            secret = _attacker_credential(name, service)
            alone, under = _Phase(), _Phase()
            _measure(service.url, calls, 2.0, _Phase())  # warm
            for _ in range(_TURNS):
                _measure(service.url, calls, seconds, alone)
                with _attack(name, service.url, seconds + _LONGEST_CALL_S, secret):
                    time.sleep(_SETTLE_S)
                    _measure(service.url, calls, seconds, under)
            _judge(report, name, alone, under)
    return report


def _judge(report: Report, name: str, alone: _Phase, under: _Phase) -> None:
    report.facts.append(
        f"{name}: {alone.rate:.1f} calls/s without, {under.rate:.1f} with attack; /healthz p99 "
        f"{alone.p99 * 1000:.0f} ms without, {under.p99 * 1000:.0f} ms with attack"
    )
    share = under.rate / alone.rate
    report.check(share >= _THROUGHPUT, f"{name}: {share:.2f} of the throughput without attack")
    report.check(under.p99 <= _HEALTH_P99_S, f"{name}: /healthz p99 {under.p99 * 1000:.0f} ms")
    lost = under.tally.done - under.tally.fates[Fate.ANSWERED]
    report.check(lost == 0, f"{name}: {lost} calls without a response")
    report.check(not under.tally.wrong, f"{name}: {summarize(under.tally.wrong)} not answered 200")


def _calls(service: Service) -> list[Call]:
    """Return calls with the same image, one with a token and one signed."""
    caller = caller_of(service)
    body = {"image": to_base64(_IMAGE)}
    account = service.account
    request = service.client.build_request("POST", caller.path, json=body)
    signed = signed_request(
        request.url, access=account.access_key, secret=account.secret_key, body=request.content
    )
    headers = {k: v for k, v in signed.headers.items() if k not in ("host", "content-length")}
    host = {"Host": signed.headers["host"]}
    return [
        Call(kind="token", request=caller.request(body), same="image"),
        Call(
            kind="signed",
            request=_with_host(request_of(caller.path, request.content, headers), host["Host"]),
            same="image",
        ),
    ]


def _with_host(request: bytes, host: str) -> bytes:
    return request.replace(b"Host: 127.0.0.1\r\n", f"Host: {host}\r\n".encode(), 1)


def _attacker_credential(name: str, service: Service) -> str:
    """Return the public half of another user's access key, or the attacker's token."""
    if name == "signed bodies":
        return service.account.access_key
    if name != "lists":
        return "-"
    made = admin(service.data_dir, "user", "create", "mallory", "--role", "caller")
    account = service.account
    mallory = Account.of({**asdict(account), "user": "mallory", "password": made["password"]})
    answer = sign_in(service.client, mallory)
    return answer.headers["x-subject-token"]


def _measure(url: str, calls: list[Call], seconds: float, phase: _Phase) -> None:
    end = time.monotonic() + seconds
    started = time.monotonic()
    polling = threading.Thread(target=_poll_health, args=(url, end, phase.health))
    polling.start()
    drive(
        url,
        itertools.cycle(calls),
        phase.tally,
        go_on=lambda: time.monotonic() < end,
        clients=len(calls),
    )
    phase.seconds += time.monotonic() - started
    polling.join()


def _poll_health(url: str, end: float, seconds: list[float]) -> None:
    address = httpx.URL(url)
    client = Client(address.host, address.port or 0)
    call = Call(kind="health", request=request_of("/healthz", b"", {}, method="GET"))
    while (now := time.monotonic()) < end:
        outcome = client.call(call)
        taken = time.monotonic() - now
        seconds.append(taken if outcome.status == 200 else float("inf"))
        time.sleep(max(0.0, _POLL_INTERVAL_S - taken))
    client.close()


@contextmanager
def _attack(name: str, url: str, seconds: float, secret: str) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.soak.attacks", name, url, str(seconds), _ATTACKER]
    with subprocess.Popen([*command, secret]) as process:
        try:
            yield
            assert process.poll() is None, "the attack exited early"
        finally:
            process.terminate()
