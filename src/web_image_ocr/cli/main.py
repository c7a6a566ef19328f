"""The entry point of the command and its one exception boundary."""

from __future__ import annotations

import sys
from typing import NoReturn

from web_image_ocr.primitives.errors import ServiceError


def main() -> NoReturn:
    """Run the command; every failure is one line on standard error and an exit code."""
    # Worker processes import this module again when they are started: what only the
    # command needs is imported when the command runs.
    from web_image_ocr.cli.app import run  # noqa: PLC0415
    from web_image_ocr.cli.exit_codes import ExitCode, exit_code  # noqa: PLC0415

    try:
        sys.exit(run())
    except ServiceError as error:
        _fail(str(error), exit_code(error.kind))
    except BrokenPipeError:  # the reader of our output, such as head, has left
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the last boundary: one line, no traceback
        _fail(f"unexpected failure: {type(error).__name__}: {error}", ExitCode.INTERNAL)


def _fail(message: str, code: int) -> NoReturn:
    print("web-image-ocr: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(code)
