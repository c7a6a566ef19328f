"""Passwords come from files, never from arguments, which other processes can read."""

from __future__ import annotations

from pathlib import Path

from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def password_from(file: Path | None) -> str | None:
    """The first line of the file, or None without one.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when the file holds no password.
    """
    if file is None:
        return None
    try:
        password = file.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        password = ""
    if not password:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID, f"{file} must hold a password in its first line"
        )
    return password
