"""Measure the CPU time of the server's HTTP process for one call, without workers.

Usage: ``python -m benchmarks.load.http_cost``. To measure another version, put its sources first on
the path: ``PYTHONPATH=OTHER/src python -m benchmarks.load.http_cost``.
"""

from __future__ import annotations

import argparse
import base64
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import repeat
from statistics import median

import cv2
import numpy as np

from benchmarks.latency.processes import cpu_seconds, wait_until_idle
from benchmarks.load.client import parse_head, request_of
from benchmarks.load.server import Server, running_server
from benchmarks.result_files import write_results
from web_image_ocr.identity import SignedRequest
from web_image_ocr.identity.service import utc_now
from web_image_ocr.identity.signature import sign

_SIDE = 32
_HOST = "localhost"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load.http_cost", description=__doc__
    )
    parser.add_argument("--calls", type=int, default=2000, help="calls of each kind in each round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    started = datetime.now(UTC)
    with running_server(1, SERVING__CACHE_BYTES=str(16 * 1024**2)) as server:
        rounds = [_round(server, arguments.calls) for _ in range(arguments.rounds)]
    cost = {kind: round(median(one[kind] for one in rounds), 3) for kind in rounds[0]}
    print(cost)
    path = write_results("front", started, {"calls": arguments.calls, "cpu_ms": cost})
    print(f"results: {path}")


def _round(server: Server, calls: int) -> dict[str, float]:
    """Return milliseconds of CPU time a call, by kind."""
    address = server.address
    body = _body(0)
    health = f"GET /healthz HTTP/1.1\r\nHost: {_HOST}\r\n\r\n".encode()
    kinds: dict[str, tuple[Iterator[bytes], int]] = {
        "health": (repeat(health), 200),
        "token": (repeat(request_of(address.path, address.token, _HOST, b"{}")), 400),
        "cached": (repeat(request_of(address.path, address.token, _HOST, body)), 200),
        "signed": (repeat(_signed(server, body)), 200),
        "uncached": (_images(server), 200),
    }
    found = {}
    for kind, (requests, status) in kinds.items():
        count = calls // 10 if kind == "uncached" else calls
        found[kind] = _cost_ms(server, requests, count, status)
        print(f"{kind}: {found[kind]:.3f} ms", flush=True)
    return found


def _cost_ms(server: Server, requests: Iterator[bytes], calls: int, status: int) -> float:
    address = server.address
    with closing(socket.create_connection((address.host, address.port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(20):
            _call(connection, next(requests), status)
        wait_until_idle(server.pid)
        before = cpu_seconds(server.pid)
        for _ in range(calls):
            _call(connection, next(requests), status)
        return 1000 * (cpu_seconds(server.pid) - before) / calls


def _call(connection: socket.socket, request: bytes, status: int) -> None:
    connection.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    response = parse_head(head)
    if response.status != status:
        raise RuntimeError(f"expected status {status}, got {response.status}: {body[:200]!r}")
    missing = int(response.headers["content-length"]) - len(body)
    while missing:
        missing -= len(_receive(connection))


def _receive(connection: socket.socket) -> bytes:
    if not (part := connection.recv(65536)):
        raise RuntimeError("the server closed the connection")
    return part


def _images(server: Server) -> Iterator[bytes]:
    """Yield calls with a new image each."""
    address = server.address
    random = np.random.default_rng()
    while True:
        yield request_of(address.path, address.token, _HOST, _body(int(random.integers(1, 2**24))))


def _body(color: int) -> bytes:
    """Return the body of a call with an image of one color."""
    pixels = np.full((_SIDE, _SIDE, 3), [color >> 16, color >> 8 & 255, color & 255], np.uint8)
    image = cv2.imencode(".png", pixels)[1].tobytes()
    return json.dumps({"image": base64.b64encode(image).decode()}).encode()


def _signed(server: Server, body: bytes) -> bytes:
    path = server.address.path.encode()
    headers = {
        b"content-type": b"application/json",
        b"host": _HOST.encode(),
        b"x-sdk-date": utc_now().strftime("%Y%m%dT%H%M%SZ").encode(),
    }
    request = SignedRequest(
        method="POST", path=path, query=b"", headers=tuple(headers.items()), body=body
    )
    names = tuple(sorted(name.decode() for name in headers))
    authorization = (
        f"SDK-HMAC-SHA256 Access={server.access_key}, SignedHeaders={';'.join(names)}, "
        f"Signature={sign(server.secret_key, request, names)}"
    )
    sent = {
        **headers,
        b"authorization": authorization.encode(),
        b"content-length": b"%d" % len(body),
    }
    lines = [b"POST " + path + b" HTTP/1.1", *(name + b": " + sent[name] for name in sent)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


if __name__ == "__main__":
    main()
