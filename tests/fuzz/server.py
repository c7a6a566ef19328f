"""Fuzzes a server started by the command: by its own description, and below HTTP."""

from __future__ import annotations

import json
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz.mutations import damaged
from tests.servers import Service, running_service, words
from tests.support.images import draw_image, encode_image

_HTTP_TOKENS = (
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b":",
        b"\t",
        b"\xff",
        b"0\r\n\r\n",
        b"ffffffff\r\n",
    ),
    *(b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 5, 6\r\n"),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Expect: 100-continue\r\n",
    ),
    *(
        b"Connection: close\r\n",
        b"Upgrade: h2c\r\n",
        b"Host: \r\n",
        b" HTTP/1.0",
        b" HTTP/2.0",
        b"X",
    ),
    *(
        b"Authorization: SDK-HMAC-SHA256 ",
        b"X-Sdk-Date: 1\r\n",
        b"GET ",
        b"POST ",
        b"HEAD ",
        b"%00",
        b"*",
    ),
)
_AT_ONCE = 16
_PATIENCE_S = 0.5
"""How long an answer is waited for: damaged requests often are unfinished ones."""


def fuzz_server(seed: int, requests: int) -> int:
    """Print how many requests were sent and what was wrong with the answers; how many were."""
    with tempfile.TemporaryDirectory() as folder:
        with running_service(Path(folder, "by-description")) as service:
            bad, sent = by_description(service, seed, requests * 4 // 5)
            bad += troubles(service)
        with running_service(Path(folder, "by-bytes")) as service:
            bad += by_bytes(service, seed, max(requests - sent, requests // 5))
            bad += troubles(service)
            assert_reads(service)
    return bad


def by_description(service: Service, seed: int, requests: int) -> tuple[int, int]:
    """Have schemathesis call every operation of ``/openapi.json``, as an administrator.

    It uses ids that it has seen in answers: afterwards the account's project, its users and the
    token may be gone.

    Returns:
        1 if it finds fault, else 0, and how many requests it sent: fewer than asked for where an
        operation has not so many that differ.
    """
    url = service.url
    operations = 27
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "schemathesis.toml")
        config.write_text(_CONFIG.format(project=service.account.project_id), encoding="utf-8")
        began = time.monotonic()
        done = subprocess.run(
            [
                *(Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run"),
                *(
                    f"{url}/openapi.json",
                    "--url",
                    url,
                    "--header",
                    f"X-Auth-Token: {service.token}",
                ),
                *("--phases", "examples,coverage,fuzzing", "--seed", str(seed), "--no-color"),
                *("--max-examples", str(max(1, requests // operations)), "--workers", "2"),
                *("--continue-on-failure", "--generation-database", "none", "--warnings", "off"),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=folder,
        )
    summary = [line for line in done.stdout.splitlines() if "generated" in line]
    print(f"by description:{' '.join(summary)} in {time.monotonic() - began:.0f} s", flush=True)
    if done.returncode:
        print(done.stdout, done.stderr, flush=True)
    sent = re.search(r"(\d+) generated", done.stdout)
    return int(done.returncode != 0), int(sent[1]) if sent else 0


_CONFIG = """
[parameters]
"path.project_id" = "{project}"

# The schema cannot say which strings are pictures or reachable addresses.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 413, 429]

# A token that is asked about and is not there is answered as one that is not found.
[checks.missing_required_header]
expected-statuses = [400, 401, 403, 404]

# The cloud's gateway answers 404 for a method it does not know, too.
[checks.unsupported_method]
enabled = false
"""


def by_bytes(service: Service, seed: int, requests: int) -> int:
    """Send damaged requests, each on a connection of its own; how many answers were wrong."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    seeds = _good_requests(service)
    messages = [damaged(chance, seeds, _HTTP_TOKENS) for _ in range(requests)]
    began, statuses = time.monotonic(), Counter[int]()
    address = address_of(service)  # looked up in the log, which grows
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for message, found in zip(
            messages,
            threads.map(lambda message: exchanged(address, message), messages),
            strict=True,
        ):
            statuses.update(found)
            if any(status >= 500 for status in found):
                print(f"answered {found}: {message!r}", flush=True)
    print(
        f"by bytes: {requests:,} requests in {time.monotonic() - began:.0f} s, "
        f"answered {dict(sorted(statuses.items()))}",
        flush=True,
    )
    return sum(number for status, number in statuses.items() if status >= 500)


def address_of(service: Service) -> tuple[str, int]:
    """Where the server listens."""
    host, _, port = service.url.removeprefix("http://").partition(":")
    return host, int(port)


def exchanged(
    address: tuple[str, int],
    message: bytes,
    patience_s: float = _PATIENCE_S,
    *,
    first_s: float | None = None,
) -> list[int]:
    """The statuses of all answers to what is sent on one connection.

    Args:
        address: of the server.
        message: what is sent.
        patience_s: how long to wait for more.
        first_s: how long to wait for the first, if longer.
    """
    received = bytearray()
    with socket.create_connection(address, timeout=first_s or patience_s) as connection:
        try:
            connection.sendall(message)
            while part := connection.recv(65536):
                received += part
                connection.settimeout(patience_s)
        except (TimeoutError, ConnectionError):
            pass  # what came before counts
    return _statuses(bytes(received))


def _statuses(received: bytes) -> list[int]:
    return [int(answer[:3]) for answer in received.split(b"HTTP/1.1 ")[1:]]


def _good_requests(service: Service) -> list[bytes]:
    body = json.dumps({"image": "iVBORw0KGgo=", "extract_type": ["image_size"]}).encode()
    head = (
        f"POST {service.path} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {service.token}\r\n"
        "Content-Type: application/json\r\nConnection: close\r\n"
    ).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:9], body[9:]))
    return [
        head + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"HEAD /v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: x\r\n\r\n",
    ]


def troubles(service: Service) -> int:
    """What the log says went wrong since the server was ready, printed; how much that was."""
    records = service.server.records("unexpected") + [
        call
        for call in service.server.records("call")
        if call["status"] >= 500 and call["route"] != "/readyz"
    ]
    for record in records[:20]:
        print(f"in the log: {record}", flush=True)
    return len(records)


def assert_reads(service: Service) -> None:
    """One good call."""
    again = service.read(encode_image(draw_image(((60, 60), "Still here"))))
    assert words(again) == ["Stillhere"]
