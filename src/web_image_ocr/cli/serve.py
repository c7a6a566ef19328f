"""Implement ``web-image-ocr serve``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from web_image_ocr.cli.first_start import (
    create_first_account,
    open_identity,
    remove_credentials_files,
)
from web_image_ocr.cli.options import Config, DataDir, FirstProjectName
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.audit import OPERATOR, AuditContext, audit_scope
from web_image_ocr.settings import Settings, load_settings
from web_image_ocr.telemetry.logging import configure_server

log = structlog.stdlib.get_logger(__name__)


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Listen on this address.")] = None,
    port: Annotated[int | None, typer.Option(help="Listen on this TCP port.")] = None,
    data_dir: DataDir = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Run without authentication, for this machine only.")
    ] = False,
    project_name: FirstProjectName = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Serve HTTPS with this certificate chain (PEM).")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="Private key of the certificate (PEM).")
    ] = None,
    config: Config = None,
) -> None:
    """Start the server, and run until SIGTERM or Ctrl-C.

    SIGHUP reloads the TLS certificate and reopens the log file. SIGUSR2 starts a successor on the
    same port and stops this server once the successor is ready.
    """
    from web_image_ocr.server.lifecycle import (  # noqa: PLC0415 - takes a second
        ServerProcess,
        preflight,
        run_server,
    )

    process = ServerProcess()  # before anything slow
    settings = load_settings(
        config,
        data_dir=data_dir,
        project_name=project_name,
        server=_given(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key),
    )
    configure_server(settings.logging)
    with contextlib.ExitStack() as stack:
        listeners, certificate = stack.enter_context(preflight(settings, no_auth=no_auth))
        url = listeners.url("https" if certificate else "http")
        identity = None if no_auth else stack.enter_context(_opened_identity(settings, url))
        if not process.stop.requested:
            if settings.server.console and sys.stdout.isatty():
                typer.echo(f"Open {url} in a browser.")
            data_dir = settings.data_dir.absolute()
            log.info("listening", url=url, data_dir=str(data_dir), no_auth=no_auth, pid=os.getpid())
            cleanup = partial(remove_credentials_files, settings.data_dir)
            server = run_server(
                settings, identity, listeners, certificate, process, housekeeping=cleanup
            )
            asyncio.run(server)
    process.end()


@contextlib.contextmanager
def _opened_identity(settings: Settings, url: str) -> Iterator[Identity]:
    with contextlib.closing(open_identity(settings, may_migrate=True)) as identity:
        with audit_scope(AuditContext(actor=OPERATOR)):
            create_first_account(identity, settings, url, to_terminal=sys.stdout.isatty())
        yield identity


def _given(**values: Any) -> dict[str, Any] | None:
    return {name: value for name, value in values.items() if value is not None} or None
