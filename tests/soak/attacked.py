"""Attacks by one peer, with and without in turn: what the other callers notice of each.

Two clients read images in closed loops, one with a token and one with a signature, while
``/healthz`` is asked fifty times a second. The attacker calls from another address of this machine.
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
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.contract.signing import signed_request
from tests.soak.attacks.__main__ import ATTACKS
from tests.soak.calls import caller_of
from tests.soak.load import Tally, drive
from tests.soak.report import Report, some
from tests.soak.wire import Call, Client, Fate, request_of
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import Account, Service, admin, running_service, sign_in

_ATTACKER = "127.0.0.2"
_TURNS = 3
_SETTLE_S = 2.0
"""From the start of the attack to the first call that counts."""
_LONGEST_CALL_S = 60.0
"""The attack is ended when the turn is; this bounds it if this program is killed."""
_ASK_EVERY_S = 0.02
_HEALTH_P99_S = 0.05
_THROUGHPUT = 0.9
_SETTINGS = {"WEB_IMAGE_OCR_SERVING__WORKERS": "2"}
_IMAGE = encode_image(draw_image(((20, 16), "Summer"), ((20, 66), "price 12.50"), size=(320, 120)))


@dataclass(slots=True)
class _Phase:
    """What was seen with the attack, or without it, over all turns.

    Attributes:
        tally: of the calls.
        seconds: that they took.
        health: seconds of each answer of ``/healthz``.
    """

    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    health: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Calls answered a second."""
        return self.tally.fates[Fate.ANSWERED] / self.seconds

    @property
    def p99(self) -> float:
        """Of ``/healthz``, seconds."""
        return statistics.quantiles(self.health, n=100)[98]


def attacked(folder: Path, seconds: float, names: tuple[str, ...] = tuple(ATTACKS)) -> Report:
    """Run each attack in three turns of that many seconds, and as many turns without it."""
    report = Report("attacked")
    for name in names:
        home = folder / name.replace(" ", "-")
        with running_service(home, environment=_SETTINGS) as service:
            service.server.workers()
            calls = _calls(service)
            secret = _known_to_the_attacker(name, service)
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
        f"{name}: {alone.rate:.1f} calls/s alone, {under.rate:.1f} attacked; /healthz p99 "
        f"{alone.p99 * 1000:.0f} ms alone, {under.p99 * 1000:.0f} ms attacked"
    )
    share = under.rate / alone.rate
    report.check(share >= _THROUGHPUT, f"{name}: {share:.2f} of the calls alone")
    report.check(under.p99 <= _HEALTH_P99_S, f"{name}: /healthz p99 {under.p99 * 1000:.0f} ms")
    lost = under.tally.done - under.tally.fates[Fate.ANSWERED]
    report.check(lost == 0, f"{name}: {lost} calls without an answer")
    report.check(not under.tally.wrong, f"{name}: {some(under.tally.wrong)} not answered 200")


def _calls(service: Service) -> list[Call]:
    """The same image, with a token and signed."""
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


def _known_to_the_attacker(name: str, service: Service) -> str:
    """The public half of a key that others use, or the token of a user of the attacker's own."""
    if name == "signed bodies":
        return service.account.access_key
    if name != "lists":
        return "-"
    made = admin(service.data_dir, "user", "create", "mallory", "--role", "caller")
    account = service.account
    mallory = Account.of({**vars_of(account), "user": "mallory", "password": made["password"]})
    answer = sign_in(service.client, mallory)
    return answer.headers["x-subject-token"]


def vars_of(account: Account) -> dict[str, str]:
    """The account's values by name."""
    return {name: getattr(account, name) for name in Account.__dataclass_fields__}


def _measure(url: str, calls: list[Call], seconds: float, phase: _Phase) -> None:
    end = time.monotonic() + seconds
    started = time.monotonic()
    asking = threading.Thread(target=_ask_health, args=(url, end, phase.health))
    asking.start()
    drive(
        url,
        itertools.cycle(calls),
        phase.tally,
        go_on=lambda: time.monotonic() < end,
        clients=len(calls),
    )
    phase.seconds += time.monotonic() - started
    asking.join()


def _ask_health(url: str, end: float, seconds: list[float]) -> None:
    address = httpx.URL(url)
    client = Client(address.host, address.port or 0)
    call = Call(kind="health", request=request_of("/healthz", b"", {}, method="GET"))
    while (now := time.monotonic()) < end:
        outcome = client.call(call)
        taken = time.monotonic() - now
        seconds.append(taken if outcome.status == 200 else float("inf"))
        time.sleep(max(0.0, _ASK_EVERY_S - taken))
    client.close()


@contextmanager
def _attack(name: str, url: str, seconds: float, secret: str) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.soak.attacks", name, url, str(seconds), _ATTACKER]
    with subprocess.Popen([*command, secret]) as process:
        try:
            yield
            assert process.poll() is None, "the attack ended early"
        finally:
            process.terminate()
