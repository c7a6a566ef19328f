"""Run a real S3 server (SeaweedFS) as a local process."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import obstore
from obstore.store import S3Store

WEED = Path(sys.executable).with_name("weed")
_START_LIMIT_S = 60.0
"""A loaded machine with two cores needs about 4 s."""

OWNER = ("OWNERACCESSKEY", "owner-secret-key")
READER = ("READERACCESSKEY", "reader-secret-key")
STRANGER = ("STRANGERACCESSKEY", "stranger-secret-key")
"""Access key and secret key of three identities: OWNER may do everything, READER may read the
bucket ``private``, STRANGER may read only another bucket."""

_IDENTITIES = {
    "owner": (OWNER, ["Admin", "Read", "Write", "List"]),
    "reader": (READER, ["Read:private"]),
    "stranger": (STRANGER, ["Read:elsewhere"]),
}


@dataclass(frozen=True, kw_only=True)
class ObjectStore:
    """Represent a running S3 server.

    Attributes:
        port: HTTP port of the S3 interface.
    """

    port: int

    @property
    def endpoint(self) -> str:
        """Return the base URL, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def put(self, bucket: str, key: str, content: bytes) -> str:
        """Store an object, create the bucket if it is missing, and return the URL."""
        obstore.put(self._bucket(bucket), key, content)
        return f"{self.endpoint}/{bucket}/{key}"

    def signed(self, bucket: str, key: str) -> str:
        """Return a pre-signed URL of the object: OWNER's key, valid for five minutes."""
        return obstore.sign(self._bucket(bucket), "GET", key, timedelta(minutes=5))

    def _bucket(self, name: str) -> S3Store:
        return S3Store(
            name,
            endpoint=self.endpoint,
            access_key_id=OWNER[0],
            secret_access_key=OWNER[1],
            region="us-east-1",
            client_options={"allow_http": True},
        )


@contextlib.contextmanager
def running_object_store(folder: Path) -> Iterator[ObjectStore]:
    """Run the server until the end of the block.

    Anonymous callers may read the bucket ``public``. The first object creates its bucket.

    Args:
        folder: Folder for the server's files.
    """
    config = folder / "identities.json"
    config.write_text(json.dumps({"identities": [*_identities(), _ANONYMOUS]}))
    ports = _free_ports(8)
    names = ("master.port", "volume.port", "filer.port", "s3.port")
    flags = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "filer": "true",
        "filer.localSocket": folder / "filer",
        "s3": "true",
        "s3.config": config,
        "s3.localSocket": folder / "s3",
        "s3.domainName": "store.example",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "master.electionTimeout": "1s",
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        **dict(zip(names, ports[:4], strict=True)),
        **dict(zip((f"{name}.grpc" for name in names), ports[4:], strict=True)),
    }
    arguments = [f"-{name}={value}" for name, value in flags.items()]
    log = folder / "weed.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [WEED, "-logtostderr=true", "server", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            # One volume for each bucket instead of seven: the first write is faster.
            env={**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},
        ) as process,
    ):
        try:
            store = ObjectStore(port=ports[3])
            _wait_until_writable(store, process, log)
            yield store
        finally:
            process.kill()


_ANONYMOUS = {"name": "anonymous", "actions": ["Read:public"]}


def _identities() -> Iterator[dict[str, object]]:
    for name, ((access_key, secret_key), actions) in _IDENTITIES.items():
        keys = {"accessKey": access_key, "secretKey": secret_key}
        yield {"name": name, "credentials": [keys], "actions": actions}


def _wait_until_writable(store: ObjectStore, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a write succeeds: the S3 interface answers before volumes accept writes."""
    end = time.monotonic() + _START_LIMIT_S
    while True:
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < end, log.read_text()[-2000:]
        with contextlib.suppress(httpx.TransportError):
            httpx.get(store.endpoint, timeout=5)
            break
        time.sleep(0.1)
    store.put("private", "first", b"")


def _free_ports(count: int) -> list[int]:
    """Return distinct TCP ports without a listener."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
