"""``web-image-ocr recognize``: read pictures here and now, without a server."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from web_image_ocr.api.wire.errors import wire_error
from web_image_ocr.api.wire.web_image import encode_page
from web_image_ocr.bootstrap import image_limits
from web_image_ocr.cli.exit_codes import ExitCode, exit_code
from web_image_ocr.cli.options import Config
from web_image_ocr.engine import Engine
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.memory import keep_freed_memory
from web_image_ocr.serving.worker import recognize_image
from web_image_ocr.settings import load_settings

STANDARD_INPUT = "-"


class OutputFormat(StrEnum):
    """What is printed."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


class Extract(StrEnum):
    """What the answer may hold besides the text."""

    IMAGE_SIZE = "image_size"


def recognize(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Pictures; - is standard input.")
    ],
    output: Annotated[
        OutputFormat,
        typer.Option(
            "--format",
            help="text: a line per line of text; json: the API's answer, for one picture;"
            " jsonl: one answer a line, with its path (bytes that are not UTF-8 show as U+FFFD).",
        ),
    ] = OutputFormat.TEXT,
    detect_direction: Annotated[
        bool, typer.Option("--detect-direction", help="Align turned pictures (any angle) first.")
    ] = False,
    extract: Annotated[
        list[Extract] | None, typer.Option(help="Add to the answer; may be repeated.")
    ] = None,
    config: Config = None,
) -> int:
    """Print the text of pictures.

    A picture that cannot be read is one line on standard error (with jsonl a line of
    output with error_code and error_msg); the others are read all the same, and the exit
    status is that of the first failure.
    """
    if output is OutputFormat.JSON and len(paths) != 1:
        raise typer.BadParameter("json is the answer for one picture; use jsonl for several")
    settings = load_settings(config)
    limits = image_limits(settings)
    keep_freed_memory()
    engine = Engine(settings.engine)
    options = RecognitionOptions(detect_direction=detect_direction)
    status = ExitCode.OK
    for path in paths:
        try:
            page = recognize_image(engine, limits, _read_file(path), options)
        except ServiceError as error:
            status = status or exit_code(error.kind)
            _report(path, error, output)
        else:
            _show(path, page, tuple(extract or ()), output)
    return status


def _read_file(path: str) -> bytes:
    """The bytes of the file, or of standard input.

    Raises:
        ServiceError: ``SOURCE_UNREACHABLE`` when it cannot be opened or read.
    """
    try:
        if path == STANDARD_INPUT:
            return sys.stdin.buffer.read()
        return Path(path).read_bytes()
    except OSError as error:
        raise ServiceError(
            ErrorKind.SOURCE_UNREACHABLE, error.strerror or "cannot be read"
        ) from None


def _show(path: str, page: Page, extract: tuple[str, ...], output: OutputFormat) -> None:
    if output is OutputFormat.TEXT:
        for line in page.lines:
            typer.echo(line.text)
        return
    answer = encode_page(page, extract)
    _print_json({"path": _shown(path), **answer} if output is OutputFormat.JSONL else answer)


def _report(path: str, error: ServiceError, output: OutputFormat) -> None:
    wire = wire_error(error)
    if output is OutputFormat.JSONL:
        _print_json({"path": _shown(path), "error_code": wire.code, "error_msg": wire.message})
    elif error.kind is ErrorKind.SOURCE_UNREACHABLE:  # the API's words for it speak of a URL
        typer.echo(f"web-image-ocr: {path}: {error.detail}", err=True)
    else:
        reason = f" ({error.detail})" if error.detail else ""
        typer.echo(f"web-image-ocr: {path}: {wire.code} {wire.message}{reason}", err=True)


def _shown(path: str) -> str:
    """The path as JSON can hold it: file names are bytes, and need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.buffer.flush()
