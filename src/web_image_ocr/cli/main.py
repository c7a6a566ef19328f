"""Run the command, and turn every exception into one line and an exit status."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from web_image_ocr.primitives.errors import ServiceError


def main() -> NoReturn:
    """Run the command; report a failure as one line on standard error and an exit status."""
    # Ctrl-C ends the process at once: a KeyboardInterrupt could surface inside the import of a
    # library. `serve` installs its own handlers.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.argv[1:2] == ["serve"]:  # its imports take seconds, and the default action ends it
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    # Worker processes import this module on start, so imports for the command alone come later.
    from web_image_ocr.cli.exit_codes import ExitCode, exit_code  # noqa: PLC0415

    try:
        from web_image_ocr.cli.app import run  # noqa: PLC0415 - may fail: loads OpenCV

        status = run()
        sys.stdout.flush()
        sys.exit(status)
    except ServiceError as error:
        _fail(str(error), exit_code(error.kind))
    except BrokenPipeError:  # the reader, such as head, has ended
        # Discard what is buffered: Python would fail again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.OK)
    except Exception as error:  # noqa: BLE001 - the last boundary
        _fail(f"unexpected error: {type(error).__name__}: {error}", ExitCode.INTERNAL)


def _fail(message: str, code: int) -> NoReturn:
    print("web-image-ocr: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(code)
