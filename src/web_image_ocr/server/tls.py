"""The server's certificate and key: loaded before anything is started, replaced while it runs.

TLS 1.2 or newer.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NoReturn

import structlog

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import ServerConfig

log = structlog.stdlib.get_logger(__name__)


class Certificate:
    """HTTPS with a certificate that can be replaced; running connections keep the one they have.

    A context of its own for each pair, not a second pair in one context: OpenSSL keeps one pair for
    each type of key, so that an old RSA pair would stay beside a new one of elliptic curves.

    Args:
        server: where the files are.
        context: with the first pair; see `tls_context`.
    """

    def __init__(self, server: ServerConfig, context: ssl.SSLContext) -> None:
        self._server = server
        self._newest = context
        self.context = context
        context.sni_callback = self._take_newest

    def reload(self) -> None:
        """Serve new connections with what the files hold now; if they are unusable, as before."""
        try:
            context = tls_context(self._server)
        except ServiceError as error:
            log.error("certificate not reloaded; the previous one stays", detail=error.detail)  # noqa: TRY400
            return
        if context:
            self._newest = context
            log.info("certificate reloaded", file=str(self._server.tls_cert))

    def _take_newest(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _first: ssl.SSLContext
    ) -> None:
        # Called by OpenSSL in each handshake, whether the client names a host or not.
        connection.context = self._newest


def tls_context(server: ServerConfig) -> ssl.SSLContext | None:
    """What HTTPS is served with, or None for plain HTTP.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when a file cannot be read, is not PEM, is
            encrypted, or the key is not the certificate's.
    """
    if server.tls_cert is None or server.tls_key is None:
        return None
    _check_readable("tls_cert", server.tls_cert)
    _check_readable("tls_key", server.tls_key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(server.tls_cert, server.tls_key, password=_refuse_encrypted)
    except ssl.SSLError as error:
        reason = (error.reason or "not PEM").replace("_", " ").lower()
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"server.tls_cert {server.tls_cert} and server.tls_key {server.tls_key}"
            f" are no certificate with its key: {reason}",
        ) from None
    return context


def _check_readable(setting: str, file: Path) -> None:
    # The library's own error names neither of the two files.
    try:
        file.open("rb").close()
    except OSError as error:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID, f"server.{setting} {file}: {error.strerror}"
        ) from None


def _refuse_encrypted() -> NoReturn:
    # Without this the library would ask for a password on the terminal.
    raise ServiceError(ErrorKind.CONFIGURATION_INVALID, "server.tls_key must not be encrypted")
