"""The server's certificate and key, loaded before anything is started; TLS 1.2 or newer."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NoReturn

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import ServerConfig


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
