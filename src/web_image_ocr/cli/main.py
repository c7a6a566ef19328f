"""The entry point of the command and its one exception boundary."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from web_image_ocr.primitives.errors import ServiceError


def main() -> NoReturn:
    """Run the command; every failure is one line on standard error and an exit code."""
    # Ctrl-C ends the command as it ends any other program: as an exception it could come up
    # inside the import of a library. `serve` takes the signals over when it begins.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.argv[1:2] == ["serve"]:  # its imports take seconds, and these would end it
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    # Worker processes import this module again when they are started: what only the
    # command needs is imported when the command runs.
    from web_image_ocr.cli.exit_codes import ExitCode, exit_code  # noqa: PLC0415

    try:
        from web_image_ocr.cli.app import run  # noqa: PLC0415 - may fail: it loads OpenCV

        status = run()
        sys.stdout.flush()
        sys.exit(status)
    except ServiceError as error:
        _fail(str(error), exit_code(error.kind))
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        # What is still buffered goes nowhere, rather than fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.OK)
    except Exception as error:  # noqa: BLE001 - the last boundary: one line, no traceback
        _fail(f"unexpected failure: {type(error).__name__}: {error}", ExitCode.INTERNAL)


def _fail(message: str, code: int) -> NoReturn:
    print("web-image-ocr: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(code)
