"""``web-image-ocr serve``: the server of one machine."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from fastapi import FastAPI

from web_image_ocr.bootstrap import is_ready, open_identity, running_app
from web_image_ocr.cli.first_start import make_first_account, remove_credentials_files
from web_image_ocr.cli.options import Config, DataDir, FirstProjectName
from web_image_ocr.engine.recognition.lexicon import find_word_lists
from web_image_ocr.engine.runtime.models import check_models
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.audit import OPERATOR, AuditContext, audit_scope
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.server.connection_config import ConnectionConfig
from web_image_ocr.server.listeners import Listeners, open_listeners
from web_image_ocr.server.restart import RollingRestart, standard_error
from web_image_ocr.server.shutdown import GracefulServer, StopRequest, on_stop
from web_image_ocr.server.signals import RequestSignal
from web_image_ocr.server.tls import Certificate, tls_context
from web_image_ocr.settings import Settings, load_settings
from web_image_ocr.sources.object_storage import load_signers
from web_image_ocr.telemetry.logging import configure_server, reopen

log = structlog.stdlib.get_logger(__name__)

_LOOK_EVERY_S = 0.05
_STDIN = 0


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    data_dir: DataDir = None,
    no_auth: Annotated[
        bool,
        typer.Option("--no-auth", help="Ask nobody for credentials; this machine only."),
    ] = False,
    project_name: FirstProjectName = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Private key (PEM).")] = None,
    config: Config = None,
) -> None:
    """Start the server; it runs until SIGTERM or Ctrl-C.

    SIGHUP reloads the TLS certificate and reopens the log file. SIGUSR2 starts a successor on the
    same port and stops this server once the successor is ready.
    """
    process = _Process()  # before all that takes time
    settings = load_settings(
        config,
        data_dir=data_dir,
        project_name=project_name,
        server=_given(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key),
    )
    configure_server(settings.logging)
    if no_auth:
        _refuse_foreign_listener(settings.server.host)
    tls = tls_context(settings.server)
    certificate = Certificate(settings.server, tls) if tls else None
    load_signers(settings.storage)
    check_models(settings.engine)  # what is missing is said here, not by every worker
    find_word_lists(settings.engine.languages)
    with contextlib.ExitStack() as opened:
        listeners = opened.enter_context(open_listeners(settings.server))
        if no_auth and not listeners.all_on_loopback():
            _refuse_foreign_listener(listeners.host)
        url = listeners.url("https" if tls else "http")
        identity = None
        if not no_auth:
            identity = opened.enter_context(
                contextlib.closing(open_identity(settings, may_migrate=True))
            )
            with audit_scope(AuditContext(actor=OPERATOR)):
                make_first_account(identity, settings, url, to_terminal=sys.stdout.isatty())
        if not process.stop.wanted:
            if settings.server.console and sys.stdout.isatty():
                typer.echo(f"Open {url} in a browser.")
            log.info(
                "listening",
                url=url,
                data_dir=str(settings.data_dir.absolute()),
                no_auth=no_auth,
                pid=os.getpid(),
            )
            asyncio.run(_run(settings, identity, listeners, certificate, process))
    process.reload.ignore()  # Python's end would restore its default, which ends with a failure
    process.restart.ignore()


class _Process:
    """Hold requests by signal, and standard error as the process got it."""

    def __init__(self) -> None:
        self.stop = StopRequest()
        self.stderr = standard_error()
        self.has_terminal = os.isatty(_STDIN)
        self.reload = RequestSignal(signal.SIGHUP)
        self.restart = RequestSignal(signal.SIGUSR2)


def _given(**values: Any) -> dict[str, Any] | None:
    return {name: value for name, value in values.items() if value is not None} or None


def _refuse_foreign_listener(host: str) -> None:
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    if host != "localhost":
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"--no-auth serves this machine only: the host must be a loopback address, not {host}",
        )


async def _run(
    settings: Settings,
    identity: Identity | None,
    listeners: Listeners,
    certificate: Certificate | None,
    process: _Process,
) -> None:
    """Serve until a stop is requested."""
    server, stop = settings.server, process.stop
    process.reload.call(partial(_hung_up, process, certificate))
    cleaning = asyncio.create_task(remove_credentials_files(settings.data_dir))
    async with running_app(settings, identity, stopping=lambda: stop.wanted) as app:
        config = ConnectionConfig(
            app,
            drain_bytes=settings.api.drain_bytes,
            drain_s=settings.api.drain_s,
            trusted_proxies=server.trusted_proxies,
            timeout_keep_alive=server.keep_alive_s,
            timeout_graceful_shutdown=settings.shutdown_s,
            ssl_context_factory=(lambda *_: certificate.context) if certificate else None,
        )
        http = GracefulServer(config, stop, listeners.say_ready)
        on_stop(http.handle_exit)
        restart = RollingRestart(
            listeners.sockets, process.stderr, stop, lambda: http.handle_exit(signal.SIGTERM, None)
        )
        if listeners.ready is not None:
            await _ready(app, stop)  # until then the server that is replaced takes the calls
        process.restart.call(restart.begin)
        http.should_exit |= stop.wanted  # after `on_stop`, so that no signal is lost
        await http.serve(sockets=listeners.sockets)
        await restart.end()
    await http.last_answers()
    cleaning.cancel()


def _hung_up(process: _Process, certificate: Certificate | None) -> None:
    if process.has_terminal and not os.isatty(_STDIN):  # its window was closed
        if not process.stop.wanted:  # both the shell and the system send SIGHUP
            signal.raise_signal(signal.SIGTERM)
        return
    reopen()
    if certificate:
        certificate.reload()


async def _ready(app: FastAPI, stop: StopRequest) -> None:
    """Return when a worker is ready to read an image, or the server is to stop."""
    while not stop.wanted and not is_ready(app):  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(_LOOK_EVERY_S)
