"""Run a server from its preflight checks to its shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial

from fastapi import FastAPI

from web_image_ocr.bootstrap import is_ready, running_app
from web_image_ocr.engine.recognition.lexicon import find_word_lists
from web_image_ocr.engine.runtime.models import check_models
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.server.http_config import HttpConfig
from web_image_ocr.server.listeners import Listeners, open_listeners
from web_image_ocr.server.restart import RollingRestart
from web_image_ocr.server.shutdown import GracefulServer
from web_image_ocr.server.signals import ShutdownRequest, SignalCallback, handle_termination
from web_image_ocr.server.tls import Certificate, tls_context
from web_image_ocr.settings import Settings
from web_image_ocr.sources.object_storage import load_signers
from web_image_ocr.telemetry.logging import reopen
from web_image_ocr.telemetry.standard_error import duplicate_stderr

_POLL_S = 0.05
_STDIN = 0


class ServerProcess:
    """Hold the signals and standard streams of the process; create it before anything slow.

    Attributes:
        stop: requested by SIGTERM or Ctrl-C.
        reload: SIGHUP.
        restart: SIGUSR2.
        stderr: duplicate of standard error, for a successor.
        has_terminal: whether the process was started from a terminal.
    """

    def __init__(self) -> None:
        self.stop = ShutdownRequest()
        self.stderr = duplicate_stderr()
        self.has_terminal = os.isatty(_STDIN)
        self.reload = SignalCallback(signal.SIGHUP)
        self.restart = SignalCallback(signal.SIGUSR2)

    def end(self) -> None:
        """Ignore late signals: Python restores their defaults at exit, which fail the process."""
        self.reload.ignore()
        self.restart.ignore()


@contextmanager
def preflight(
    settings: Settings, *, no_auth: bool
) -> Iterator[tuple[Listeners, Certificate | None]]:
    """Check the configuration before anything starts, and open the listening sockets.

    Checked: TLS files, secrets of private buckets, model files, word lists, port. The data folder
    is checked by ``open_identity``, and the memory limit by ``serving.capacity``.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` or ``MODEL_UNAVAILABLE``.
    """
    if no_auth:
        _require_loopback(settings.server.host)
    tls = tls_context(settings.server)
    certificate = Certificate(settings.server, tls) if tls else None
    load_signers(settings.storage)
    check_models(settings.engine)  # one error here instead of one from each worker
    find_word_lists(settings.engine.languages)
    with open_listeners(settings.server) as listeners:
        if no_auth and not listeners.all_on_loopback():
            _require_loopback(listeners.host)
        yield listeners, certificate


async def run_server(
    settings: Settings,
    identity: Identity | None,
    listeners: Listeners,
    certificate: Certificate | None,
    process: ServerProcess,
    *,
    housekeeping: Callable[[], Coroutine[None, None, None]],
) -> None:
    """Serve until a stop is requested.

    Args:
        settings: the configuration.
        identity: authenticates callers; None accepts everyone.
        listeners: listening sockets.
        certificate: for HTTPS; None for plain HTTP.
        process: signals.
        housekeeping: background task, cancelled at the end.
    """
    stop = process.stop
    process.reload.connect(partial(_on_hangup, process, certificate))
    background = asyncio.create_task(housekeeping())
    async with running_app(settings, identity, stopping=lambda: stop.requested) as app:
        config = _http_config(app, settings, certificate)
        http = GracefulServer(config, stop, listeners.notify_ready)
        handle_termination(http.handle_exit)
        restart = RollingRestart(
            listeners.sockets, process.stderr, stop, lambda: http.handle_exit(signal.SIGTERM, None)
        )
        if listeners.ready is not None:
            await _until_ready(app, stop)  # meanwhile the server to be replaced takes the calls
        process.restart.connect(restart.begin)
        http.should_exit |= stop.requested  # after `handle_termination`, so that no signal is lost
        await http.serve(sockets=listeners.sockets)
        await restart.end()
    await http.finish_cancelled()
    background.cancel()


def _http_config(app: FastAPI, settings: Settings, certificate: Certificate | None) -> HttpConfig:
    return HttpConfig(
        app,
        drain_bytes=settings.api.drain_bytes,
        drain_s=settings.api.drain_s,
        trusted_proxies=settings.server.trusted_proxies,
        timeout_keep_alive=settings.server.keep_alive_s,
        timeout_graceful_shutdown=settings.shutdown_s,
        ssl_context_factory=(lambda *_: certificate.context) if certificate else None,
    )


def _require_loopback(host: str) -> None:
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    if host != "localhost":
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"--no-auth serves this machine only: the host must be a loopback address, not {host}",
        )


def _on_hangup(process: ServerProcess, certificate: Certificate | None) -> None:
    """Reload the certificate and reopen the log; shut down if the terminal was closed."""
    if process.has_terminal and not os.isatty(_STDIN):
        if not process.stop.requested:  # both the shell and the kernel send SIGHUP
            signal.raise_signal(signal.SIGTERM)
        return
    reopen()
    if certificate:
        certificate.reload()


async def _until_ready(app: FastAPI, stop: ShutdownRequest) -> None:
    """Wait until a worker can recognize an image, or a stop is requested."""
    while not stop.requested and not is_ready(app):  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(_POLL_S)
