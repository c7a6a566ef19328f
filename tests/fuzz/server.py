"""Fuzz a server started by the command: by its OpenAPI schema, and with malformed HTTP."""

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

from tests.fuzz.mutations import mutate
from tests.support.images import draw_image, encode_image
from tests.support.servers import Service, running_service, words

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
_CONCURRENCY = 16
_WAIT_S = 0.5
"""Seconds to wait for a response: mutated requests are often incomplete."""


def fuzz_server(seed: int, requests: int) -> int:
    """Print requests sent and wrong responses, and return the number of failures."""
    with tempfile.TemporaryDirectory() as folder:
        with running_service(Path(folder, "by-schema")) as service:
            failures, sent = fuzz_by_schema(service, seed, requests * 4 // 5)
            failures += count_logged_errors(service)
        with running_service(Path(folder, "by-bytes")) as service:
            failures += fuzz_by_bytes(service, seed, max(requests - sent, requests // 5))
            failures += count_logged_errors(service)
            assert_recognizes(service)
    return failures


def fuzz_by_schema(service: Service, seed: int, requests: int) -> tuple[int, int]:
    """Run schemathesis on every operation of ``/openapi.json``, as an administrator.

    It uses ids from responses, so it may delete the project and the users and revoke the token.

    Returns:
        1 if it reports a failure, else 0, and the number of requests sent, which is smaller than
        ``requests`` when an operation has fewer distinct ones.
    """
    url = service.url
    operations = 27
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "schemathesis.toml")
        config.write_text(_CONFIG.format(project=service.account.project_id), encoding="utf-8")
        start = time.monotonic()
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
    print(f"by schema:{' '.join(summary)} in {time.monotonic() - start:.0f} s", flush=True)
    if done.returncode:
        print(done.stdout, done.stderr, flush=True)
    sent = re.search(r"(\d+) generated", done.stdout)
    return int(done.returncode != 0), int(sent[1]) if sent else 0


_CONFIG = """
[parameters]
"path.project_id" = "{project}"

# The schema cannot express which strings are images or reachable URLs.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 413, 429]

# A missing subject token is answered like an unknown one.
[checks.missing_required_header]
expected-statuses = [400, 401, 403, 404]

# The cloud API's gateway also returns 404 for unknown methods.
[checks.unsupported_method]
enabled = false
"""


def fuzz_by_bytes(service: Service, seed: int, requests: int) -> int:
    """Send mutated requests, each on a new connection, and return the number of 5xx responses."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    seeds = _valid_requests(service)
    messages = [mutate(rng, seeds, _HTTP_TOKENS) for _ in range(requests)]
    start, statuses = time.monotonic(), Counter[int]()
    address = address_of(service)  # read once, because the log grows
    with ThreadPoolExecutor(_CONCURRENCY) as threads:
        for message, found in zip(
            messages,
            threads.map(lambda message: exchange(address, message), messages),
            strict=True,
        ):
            statuses.update(found)
            if any(status >= 500 for status in found):
                print(f"answered {found}: {message!r}", flush=True)
    print(
        f"by bytes: {requests:,} requests in {time.monotonic() - start:.0f} s, "
        f"answered {dict(sorted(statuses.items()))}",
        flush=True,
    )
    return sum(number for status, number in statuses.items() if status >= 500)


def address_of(service: Service) -> tuple[str, int]:
    """Return host and port of the server."""
    host, _, port = service.url.removeprefix("http://").partition(":")
    return host, int(port)


def exchange(
    address: tuple[str, int],
    message: bytes,
    wait_s: float = _WAIT_S,
    *,
    first_s: float | None = None,
) -> list[int]:
    """Send a message on one connection and return the statuses of all responses.

    Args:
        address: host and port of the server.
        message: bytes to send.
        wait_s: seconds to wait for further bytes.
        first_s: seconds to wait for the first bytes, if longer.
    """
    received = bytearray()
    with socket.create_connection(address, timeout=first_s or wait_s) as connection:
        try:
            connection.sendall(message)
            while part := connection.recv(65536):
                received += part
                connection.settimeout(wait_s)
        except (TimeoutError, ConnectionError):
            pass  # keep what was received before
    return _statuses(bytes(received))


def _statuses(received: bytes) -> list[int]:
    return [int(response[:3]) for response in received.split(b"HTTP/1.1 ")[1:]]


def _valid_requests(service: Service) -> list[bytes]:
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


def count_logged_errors(service: Service) -> int:
    """Print the errors in the log since the server was ready, and return their number."""
    records = service.server.records("unexpected") + [
        call
        for call in service.server.records("call")
        if call["status"] >= 500 and call["route"] != "/readyz"
    ]
    for record in records[:20]:
        print(f"in the log: {record}", flush=True)
    return len(records)


def assert_recognizes(service: Service) -> None:
    """Assert that one valid call succeeds."""
    again = service.recognize(encode_image(draw_image(((60, 60), "Still here"))))
    assert words(again) == ["Stillhere"]
