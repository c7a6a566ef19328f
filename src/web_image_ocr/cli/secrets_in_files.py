"""Secrets come from files, never from arguments, which other processes can read."""

from __future__ import annotations

from pathlib import Path

from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def password_from(file: Path | None) -> str | None:
    """The first line of the file, or None without one.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when the file holds no password.
    """
    return None if file is None else secret_from(file)


def secret_from(file: Path) -> str:
    """The first line of the file.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when it cannot be read or is empty.
    """
    try:
        secret = file.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        secret = ""
    if not secret:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID, f"{file} must hold a secret in its first line"
        )
    return secret
