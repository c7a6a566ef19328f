"""Load the server's TLS certificate and key, and reload them while it runs. TLS 1.2 or newer."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NoReturn

import structlog

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import ServerConfig

log = structlog.stdlib.get_logger(__name__)


class Certificate:
    """Serve TLS with a certificate that can be reloaded; open connections keep the old one.

    Each certificate gets a new SSL context. In one context OpenSSL keeps a certificate per key
    type, so an old RSA certificate would stay in use beside a new ECDSA one.

    Args:
        server: settings with the file names.
        context: with the first certificate; see `tls_context`.
    """

    def __init__(self, server: ServerConfig, context: ssl.SSLContext) -> None:
        self._server = server
        self._newest = context
        self.context = context
        context.sni_callback = self._take_newest

    def reload(self) -> None:
        """Load the files for new connections; keep the old certificate if they are unusable."""
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
        # OpenSSL calls this in each handshake, with or without a host name from the client.
        connection.context = self._newest


def tls_context(server: ServerConfig) -> ssl.SSLContext | None:
    """Return the SSL context for HTTPS, or None for plain HTTP.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when a file cannot be read, is not PEM, is
            encrypted, or the key does not match the certificate.
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
            f" are not a certificate and its key: {reason}",
        ) from None
    return context


def _check_readable(setting: str, file: Path) -> None:
    # The error of load_cert_chain names neither file.
    try:
        file.open("rb").close()
    except OSError as error:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID, f"server.{setting} {file}: {error.strerror}"
        ) from None


def _refuse_encrypted() -> NoReturn:
    # Without this, OpenSSL would prompt for a password on the terminal.
    raise ServiceError(
        ErrorKind.CONFIGURATION_INVALID,
        "server.tls_key must not be encrypted: store it without a passphrase",
    )
