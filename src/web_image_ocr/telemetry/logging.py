"""Configure the log: one line per event, on standard error or in a file, as JSON or for people.

Rule: log sizes, counts, ids, codes and times only. Never log an image, recognized text, a URL
from a request, a token or a key.
"""

from __future__ import annotations

import atexit
import logging
import logging.handlers
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

import structlog
from structlog.typing import Processor

from web_image_ocr.primitives.audit import AUDIT_LOGGER
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.telemetry.line_writer import LineWriter, Output
from web_image_ocr.telemetry.standard_error import StandardError

_log = structlog.stdlib.get_logger(__name__)

_SYSTEM_LOG = "/dev/log"
_FLUSH_S = 2.0
"""Seconds to write the last records at exit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingConfig:
    """Configure what is logged, in which format and where.

    Attributes:
        level: lowest severity to log: ``debug``, ``info``, ``warning`` or ``error``. The audit
            trail is logged at every level.
        format: ``json`` (one object per line), ``console`` (for people), or ``auto``: ``console``
            on a terminal, otherwise ``json``.
        file: file to append to. Unset: standard error. SIGHUP reopens it, for log rotation.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console", "auto"] = "auto"
    file: Path | None = None


def configure(config: LoggingConfig) -> None:
    """Configure the log of a command, including the records of libraries.

    A command appends to an existing log file but never creates one, since it may run as another
    user than the server. If it cannot append, its records go to standard error. Without a file, the
    audit trail goes to the system log (``authpriv``), as with other account tools.
    """
    handler = _ExistingFileHandler(config.file) if config.file else logging.StreamHandler()
    _install(handler, config)
    audit = logging.getLogger(AUDIT_LOGGER)
    audit.handlers = [] if config.file else [_system_log()]
    audit.propagate = config.file is not None


def configure_server(config: LoggingConfig) -> None:
    """Configure the log of a server, so that no thread blocks on it.

    Standard error, including that of child processes, is redirected until the process ends.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when the file cannot be opened.
    """
    formatter = _formatter(config)  # checks standard error before its redirection

    def notice(lines: int, audit: int) -> bytes:
        record = logging.LogRecord(
            __name__, logging.WARNING, __file__, 0, "log lines dropped", None, None
        )
        record.lines, record.audit = lines, audit
        return _line(formatter, record)

    try:
        output = Output.file(config.file) if config.file else None
    except OSError as error:
        raise _unusable(config, error) from None
    stderr = StandardError(notice)
    writer = LineWriter(output, notice) if output else stderr.writer
    _install(_QueuedHandler(writer), config, formatter)
    atexit.register(_finish, writer, stderr)


def reopen() -> None:
    """Reopen the server's log file after a log rotation."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _QueuedHandler):
            try:
                handler.writer.reopen()
            except OSError as error:
                _log.error("log file not reopened", detail=error.strerror)


class _QueuedHandler(logging.Handler):
    """Format a record in the calling thread, which has its context, and queue it."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__()
        self.writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = _line(self.formatter, record)
            self.writer.put(line, reserved=record.name == AUDIT_LOGGER)
        except Exception:  # noqa: BLE001 - as in the standard handlers
            self.handleError(record)


class _SystemLogHandler(logging.handlers.SysLogHandler):
    """Send records to the system log, silently where there is none, as in most containers."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        pass


class _ExistingFileHandler(logging.StreamHandler[TextIO]):
    """Append records to an existing, writable file, otherwise to standard error."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def emit(self, record: logging.LogRecord) -> None:
        try:
            with open(self._path, "ab", opener=_open_existing) as file:
                file.write(_line(self.formatter, record))
        except OSError:
            super().emit(record)
        except Exception:  # noqa: BLE001 - as in the standard handlers
            self.handleError(record)


def _open_existing(path: str, _flags: int) -> int:
    # O_NONBLOCK: otherwise opening a FIFO waits for its reader.
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK)


def _system_log() -> logging.Handler:
    handler = _SystemLogHandler(_SYSTEM_LOG, logging.handlers.SysLogHandler.LOG_AUTHPRIV)
    handler.ident = "web-image-ocr: "
    handler.append_nul = False
    handler.setFormatter(_formatter(LoggingConfig(format="json")))
    return handler


def _install(
    handler: logging.Handler, config: LoggingConfig, formatter: logging.Formatter | None = None
) -> None:
    handler.setFormatter(formatter or _formatter(config))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,  # first: other records cost nothing more
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[handler], level=config.level.upper(), force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("alembic", "aiohttp", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger(AUDIT_LOGGER).setLevel(logging.INFO)  # at every configured level


def _formatter(config: LoggingConfig) -> logging.Formatter:
    on_terminal = config.file is None and sys.stderr is not None and sys.stderr.isatty()
    as_console = config.format == "console" or (config.format == "auto" and on_terminal)
    renderer: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if as_console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )


def _line(formatter: logging.Formatter | None, record: logging.LogRecord) -> bytes:
    text = formatter.format(record) if formatter else record.getMessage()
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _finish(writer: LineWriter, stderr: StandardError) -> None:
    if writer is not stderr.writer:
        writer.close(_FLUSH_S)
    stderr.close(_FLUSH_S)


def _unusable(config: LoggingConfig, error: OSError) -> ServiceError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    return ServiceError(
        ErrorKind.CONFIGURATION_INVALID,
        f"cannot open logging.file {config.file} for appending: {reason}",
    )


def _drop_color_message(
    _logger: logging.Logger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Drop Uvicorn's copy of each message with terminal colors."""
    event.pop("color_message", None)
    return event


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    _drop_color_message,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
"""Processors of every record, including those of libraries."""
