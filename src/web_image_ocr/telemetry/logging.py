"""Set-up of the log: one line per event on standard error, as JSON or for a person.

Rule for all who log: sizes, counts, ids, codes and times only; never a picture, a
recognised text, an address from a request, a token or a key.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Literal

import structlog
from structlog.typing import Processor


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingConfig:
    """What is logged, and how it looks.

    Attributes:
        level: least severity shown: ``debug``, ``info``, ``warning`` or ``error``.
        format: ``json`` (one object a line), ``console`` (for reading), or ``auto``:
            ``console`` on a terminal, else ``json``.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console", "auto"] = "auto"


def configure(config: LoggingConfig) -> None:
    """Send all records, ours and the libraries', to standard error in one form."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _drop_color_message,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_console = config.format == "console" or (config.format == "auto" and sys.stderr.isatty())
    renderer: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if as_console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[handler], level=config.level.upper(), force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("alembic", "aiohttp", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _drop_color_message(
    _logger: logging.Logger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Uvicorn sends each message twice, once with terminal colours."""
    event.pop("color_message", None)
    return event
