"""Map each ``ErrorKind`` to the exit status of the command."""

from __future__ import annotations

from enum import IntEnum
from typing import Self

from web_image_ocr.primitives.errors import ErrorKind


class ExitCode(IntEnum):
    """Define the exit statuses of ``web-image-ocr``.

    Attributes:
        meaning: text for the documentation.
    """

    meaning: str

    def __new__(cls, status: int, meaning: str) -> Self:
        """Create a status with its meaning."""
        member = int.__new__(cls, status)
        member._value_ = status
        member.meaning = meaning
        return member

    OK = 0, "success; `serve` was stopped by a signal"
    INTERNAL = 1, "an unexpected error"
    USAGE = 2, "wrong usage"
    IMAGE = 3, "an image could not be recognized"
    CONFIGURATION = 4, "a setting, or a file named by a setting, is invalid"
    DATABASE = 5, "the database is unavailable"
    IDENTITY = 6, "a user, project or key is unknown, exists already, is invalid or exceeds a quota"
    ENGINE = 7, "the models are missing or modified"
    # The kernel ends the command; these are the statuses that shells report.
    INTERRUPTED = 130, "ended by Ctrl-C"
    TERMINATED = 143, "ended by SIGTERM (`serve`: before it handles signals)"


_GROUPS: dict[ExitCode, frozenset[ErrorKind]] = {
    ExitCode.IMAGE: frozenset(
        {
            ErrorKind.FORMAT_UNSUPPORTED,
            ErrorKind.IMAGE_SIZE,
            ErrorKind.IMAGE_TEXT_TOO_LONG,
            ErrorKind.SOURCE_FORBIDDEN,
            ErrorKind.SOURCE_UNREACHABLE,
            ErrorKind.RECOGNITION_FAILED,
        }
    ),
    ExitCode.CONFIGURATION: frozenset({ErrorKind.CONFIGURATION_INVALID}),
    ExitCode.DATABASE: frozenset({ErrorKind.DATABASE_UNAVAILABLE}),
    ExitCode.ENGINE: frozenset({ErrorKind.MODEL_UNAVAILABLE, ErrorKind.ENGINE_UNAVAILABLE}),
    ExitCode.IDENTITY: frozenset(
        {
            ErrorKind.RECORD_UNKNOWN,
            ErrorKind.RECORD_CONFLICT,
            ErrorKind.QUOTA_EXCEEDED,
            ErrorKind.IDENTITY_REQUEST_INVALID,
            ErrorKind.LOGIN_FAILED,
            ErrorKind.LOGIN_LOCKED,
        }
    ),
}


def exit_code(kind: ErrorKind) -> ExitCode:
    """Return the exit status for an error; kinds that only HTTP can cause are ``INTERNAL``."""
    for code, kinds in _GROUPS.items():
        if kind in kinds:
            return code
    return ExitCode.INTERNAL
