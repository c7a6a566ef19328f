"""``web-image-ocr serve``: the server of one machine."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket
import ssl
import sys
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
import uvicorn

from web_image_ocr.bootstrap import open_identity, running_app
from web_image_ocr.cli.connections import WatchedConnection
from web_image_ocr.cli.crowds import ACCEPTED_AT_ONCE, BACKLOG
from web_image_ocr.cli.first_start import make_first_account, remove_credentials_files
from web_image_ocr.cli.options import Config, DataDir, FirstProjectName
from web_image_ocr.cli.stopping import StoppingServer, StopRequest, on_stop
from web_image_ocr.cli.tls import tls_context
from web_image_ocr.engine.models import check_models
from web_image_ocr.engine.words import files_of
from web_image_ocr.identity import Identity
from web_image_ocr.images.storage import signers_of
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import ServerConfig, Settings, load_settings
from web_image_ocr.telemetry.logging import configure_server

log = structlog.stdlib.get_logger(__name__)

_UNFINISHED_HEADERS_BYTES = 160 * 1024
"""What h11 holds of a request whose headers have not ended: above the 128 KB that are
allowed, so that a request of 129 KB is parsed and gets its proper answer."""


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
    """Start the server; it runs until SIGTERM or Ctrl-C."""
    stop = StopRequest()  # before all that takes time
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
    signers_of(settings.storage)
    check_models(settings.engine)  # what is missing is said here, not by every worker
    files_of(settings.engine.languages)
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(_listen(settings.server))
        url = _url(settings.server, listener)
        identity = None
        if not no_auth:
            identity = opened.enter_context(contextlib.closing(open_identity(settings)))
            make_first_account(identity, settings, url, to_terminal=sys.stdout.isatty())
        if not stop.wanted:
            if settings.server.console and sys.stdout.isatty():
                typer.echo(f"Open {url} in a browser.")
            log.info(
                "listening", url=url, data_dir=str(settings.data_dir.absolute()), no_auth=no_auth
            )
            asyncio.run(_run(settings, identity, listener, tls, stop))


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


def _listen(server: ServerConfig) -> socket.socket:
    try:
        family = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)[0][0]
        address = (server.host, server.port)
        listener = socket.create_server(address, family=family, backlog=BACKLOG)
    except OSError as error:
        # An errno of the system says it shorter than the library's sentence;
        # a name that is not found has numbers of its own.
        known = error.errno is not None and not isinstance(error, socket.gaierror)
        reason = os.strerror(error.errno) if known and error.errno else error.strerror
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"cannot listen on {server.host} port {server.port}: {reason}",
        ) from None
    # asyncio sets this only on sockets that name their protocol, which these do not; without
    # it an answer of two parts waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _url(server: ServerConfig, listener: socket.socket) -> str:
    scheme = "https" if server.tls_cert else "http"
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


async def _run(
    settings: Settings,
    identity: Identity | None,
    listener: socket.socket,
    tls: ssl.SSLContext | None,
    stop: StopRequest,
) -> None:
    """Serve until told to stop."""
    server = settings.server
    cleaning = asyncio.create_task(remove_credentials_files(settings.data_dir))
    async with running_app(settings, identity, stopping=lambda: stop.wanted) as app:
        config = uvicorn.Config(
            app,
            http=WatchedConnection,
            h11_max_incomplete_event_size=_UNFINISHED_HEADERS_BYTES,
            backlog=ACCEPTED_AT_ONCE,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=server.keep_alive_s,
            timeout_graceful_shutdown=server.shutdown_s,
            ssl_context_factory=(lambda _config, _default: tls) if tls else None,
        )
        http = StoppingServer(config, stop)
        on_stop(http.handle_exit)
        http.should_exit |= stop.wanted  # after the line above, so that no signal is lost
        await http.serve(sockets=[listener])
    await http.last_answers()
    cleaning.cancel()
