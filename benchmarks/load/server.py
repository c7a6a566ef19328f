"""Start the server under test by its command, with an account and a token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COMMAND = str(Path(sys.executable).with_name("web-image-ocr"))
_START_LIMIT_S = 120.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Hold what a client needs to call the server; can be pickled."""

    host: str
    port: int
    path: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Represent a server that is ready.

    Attributes:
        address: Where to call it.
        pid: Its HTTP process, the parent of its workers.
        access_key: Access key of the account.
        secret_key: Secret key of the account.
    """

    address: Address
    pid: int
    access_key: str
    secret_key: str


@contextmanager
def running_server(workers: int, **settings: str) -> Iterator[Server]:
    """Run a server with a new account, all workers ready, until the end of the block.

    Args:
        workers: Number of workers, plus one standby.
        settings: Further settings by environment name, such as ``ENGINE__THREADS``.
    """
    with tempfile.TemporaryDirectory(prefix="web-image-ocr-load-") as folder:
        data_dir = Path(folder)
        account = _admin_init(data_dir)
        log = data_dir / "serve.log"
        chosen = {"SERVING__WORKERS": str(workers), **settings}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [_COMMAND, "serve", "--data-dir", folder, "--port", "0"],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=_environment(chosen),
            )
        try:
            url = _wait_until_ready(process, log, workers + 1)
            host, _, port = url.removeprefix("http://").partition(":")
            path = f"/v2/{account['project_id']}/ocr/web-image"
            token = _sign_in(url, account)
            address = Address(host=host, port=int(port), path=path, token=token)
            yield Server(
                address=address,
                pid=process.pid,
                access_key=account["access_key"],
                secret_key=account["secret_key"],
            )
        finally:
            process.terminate()
            process.wait(timeout=60)


def _admin_init(data_dir: Path) -> dict[str, Any]:
    said = subprocess.run(
        [_COMMAND, "admin", "init", "--data-dir", str(data_dir), "--json"],
        stdout=subprocess.PIPE,
        env=_environment({}),
        check=True,
    )
    account: dict[str, Any] = json.loads(said.stdout)
    return account


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path, workers: int) -> str:
    """Wait until ``workers`` workers are ready, and return the server's URL."""
    end = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < end and process.poll() is None:
        lines = log.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
        records = [json.loads(line) for line in lines if line.startswith("{")]
        if sum(record["event"] == "worker ready" for record in records) >= workers:
            return next(str(record["url"]) for record in records if record["event"] == "listening")
        time.sleep(_POLL_S)
    tail = log.read_text(encoding="utf-8")[-2000:]
    raise RuntimeError(f"no server ready within {_START_LIMIT_S:g} s; end of its log:\n{tail}")


def _sign_in(url: str, account: Mapping[str, Any]) -> str:
    user = {
        "name": account["user"],
        "password": account["password"],
        "domain": {"name": account["domain"]},
    }
    asked = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"id": account["project_id"]}},
        }
    }
    request = urllib.request.Request(  # noqa: S310 - our own server
        url + "/v3/auth/tokens",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        return str(answer.headers["X-Subject-Token"])


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with these settings of the server only."""
    prefix = "WEB_IMAGE_OCR_"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefix)}
    return {**kept, **{prefix + name: value for name, value in settings.items()}}
