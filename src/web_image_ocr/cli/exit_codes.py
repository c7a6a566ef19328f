"""What the command's exit status says; total over ErrorKind."""

from __future__ import annotations

from enum import IntEnum

from web_image_ocr.primitives.errors import ErrorKind


class ExitCode(IntEnum):
    """Exit status of ``web-image-ocr``; 2 is the shell's usual word for wrong usage."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    PICTURE = 3
    CONFIGURATION = 4
    STORE = 5
    IDENTITY = 6
    ENGINE = 7


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
    ExitCode.STORE: frozenset({ErrorKind.STORE_UNAVAILABLE}),
    ExitCode.ENGINE: frozenset({ErrorKind.MODEL_UNAVAILABLE, ErrorKind.ENGINE_UNAVAILABLE}),
    ExitCode.IDENTITY: frozenset(
        {
            ErrorKind.RECORD_UNKNOWN,
            ErrorKind.RECORD_CONFLICT,
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
