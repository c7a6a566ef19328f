"""Measures `/healthz` while unknown callers attack the event loop, beside the same without them.

Usage: ``python -m benchmarks.load.attacks``. Attack and control take turns on one server. The
attackers open another connection as soon as theirs is closed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from multiprocessing.synchronize import Event

from benchmarks.dated import write_dated
from benchmarks.load.calls import quantile
from benchmarks.load.server import Address, running_server

_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
_TINY_CHUNKS = b"1\r\nX\r\n" * 10_000
_PAUSE_S = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load.attacks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--attackers", type=int, default=4)
    arguments = parser.parse_args()
    started = datetime.now(UTC)
    with running_server(1) as server:
        attacks = _attacks(server.address)
        times: dict[str, list[float]] = {name: [] for name in ("none", *attacks)}
        for _ in range(arguments.rounds):
            for name, found in times.items():
                sent = attacks.get(name)
                count = arguments.attackers if sent else 0
                found.extend(_turn(server.address, sent or (b"", b""), count, arguments.seconds))
    result = {
        name: {
            "calls": len(found),
            "p50_ms": round(1000 * quantile(found, 0.5), 2),
            "p99_ms": round(1000 * quantile(found, 0.99), 2),
        }
        for name, found in times.items()
    }
    print(json.dumps(result, indent=1))
    path = write_dated("attacks", started, {"attackers": arguments.attackers, "healthz": result})
    print(f"written to {path}")


def _attacks(address: Address) -> Mapping[str, tuple[bytes, bytes]]:
    """What is sent once on a connection, and what over and over, by the attack's name."""
    end = b" HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    headers = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"a:b\r\n" * 25_000 + b"\r\n"
    return {
        "tiny chunks, no route": (b"POST /nope" + end, _TINY_CHUNKS),
        "tiny chunks, no token": (b"POST " + address.path.encode() + end, _TINY_CHUNKS),
        "25,000 headers": (b"", headers),
    }


def _turn(
    address: Address, sent: tuple[bytes, bytes], attackers: int, seconds: float
) -> list[float]:
    """The seconds that each call of `/healthz` took."""
    stop = multiprocessing.Event()
    crowd = [
        multiprocessing.Process(target=_attack, args=(address, *sent, stop))
        for _ in range(attackers)
    ]
    for attacker in crowd:
        attacker.start()
    try:
        return _calls(address, seconds)
    finally:
        stop.set()
        for attacker in crowd:
            attacker.join()


def _calls(address: Address, seconds: float) -> list[float]:
    times = []
    with closing(socket.create_connection((address.host, address.port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            connection.sendall(_HEALTH)
            while not (answer := connection.recv(65536)).endswith(b'{"status":"ok"}'):
                if not answer:
                    raise RuntimeError("the server closed the connection")
            times.append(time.perf_counter() - began)
            time.sleep(_PAUSE_S)
    return times


def _attack(address: Address, once: bytes, again: bytes, stop: Event) -> None:
    while not stop.is_set():
        with (
            suppress(OSError),
            closing(socket.create_connection((address.host, address.port), timeout=5)) as client,
        ):
            client.sendall(once)
            while not stop.is_set():
                client.sendall(again)


if __name__ == "__main__":
    main()
