"""What the command's exit status says; total over ErrorKind."""

from __future__ import annotations

from enum import IntEnum
from typing import Self

from web_image_ocr.primitives.errors import ErrorKind


class ExitCode(IntEnum):
    """Exit status of ``web-image-ocr``.

    Attributes:
        meaning: what it says, in the words of the documentation.
    """

    meaning: str

    def __new__(cls, status: int, meaning: str) -> Self:
        """A status with its meaning."""
        member = int.__new__(cls, status)
        member._value_ = status
        member.meaning = meaning
        return member

    OK = 0, "all went well; `serve` was told to stop"
    INTERNAL = 1, "an unexpected failure"
    USAGE = 2, "wrong usage"
    PICTURE = 3, "a picture could not be read"
    CONFIGURATION = 4, "a setting, or a file that one names, is wrong"
    STORE = 5, "the store cannot be used"
    IDENTITY = 6, "a user, project or key is unknown, exists already, must stay or exceeds a quota"
    ENGINE = 7, "the models are missing or altered"
    # The system ends the command; these are the numbers by which shells report it.
    INTERRUPTED = 130, "ended by Ctrl-C"
    TERMINATED = 143, "ended by SIGTERM (`serve`: before it had begun)"


_GROUPS: dict[ExitCode, frozenset[ErrorKind]] = {
    ExitCode.PICTURE: frozenset(
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
    ExitCode.STORE: frozenset({ErrorKind.DATABASE_UNAVAILABLE}),
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
    """The exit status for a failure; kinds that only HTTP meets are ``INTERNAL``."""
    for code, kinds in _GROUPS.items():
        if kind in kinds:
            return code
    return ExitCode.INTERNAL
