"""Implement ``web-image-ocr recognize``: recognize image files without a server."""

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
from web_image_ocr.cli.exit_codes import ExitCode, exit_code
from web_image_ocr.cli.options import Config
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.memory import keep_freed_memory
from web_image_ocr.settings import load_settings

STANDARD_INPUT = "-"


class OutputFormat(StrEnum):
    """Select what is printed."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


class Extract(StrEnum):
    """Select what a JSON answer contains besides the text."""

    IMAGE_SIZE = "image_size"


def recognize(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Image files; - is standard input.")
    ],
    output: Annotated[
        OutputFormat,
        typer.Option(
            "--format",
            help="text: one line for each line of text; json: the API's answer, for one image;"
            " jsonl: one answer per line, with its path (bytes that are not UTF-8 become U+FFFD).",
        ),
    ] = OutputFormat.TEXT,
    detect_direction: Annotated[
        bool, typer.Option("--detect-direction", help="Correct rotation by any angle.")
    ] = False,
    extract: Annotated[
        list[Extract] | None,
        typer.Option(metavar="image_size", help="Add this to the answer; may be repeated."),
    ] = None,
    config: Config = None,
) -> int:
    """Print the text of images.

    An image that fails is reported in one line on standard error (with jsonl in a line of output
    with error_code and error_msg). The others are still recognized, and the exit status is that of
    the first failure.
    """
    if output is OutputFormat.JSON and len(paths) != 1:
        raise typer.BadParameter("json prints the answer for one image: use jsonl for several")
    # Other commands need neither OpenCV nor the models.
    from web_image_ocr.engine.pipeline import Engine  # noqa: PLC0415
    from web_image_ocr.images import ImageLimits  # noqa: PLC0415
    from web_image_ocr.serving.worker import recognize_image  # noqa: PLC0415

    settings = load_settings(config)
    limits = ImageLimits.for_edition(settings.api.edition)
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
    """Return the bytes of the file, or of standard input.

    Raises:
        ServiceError: ``SOURCE_UNREACHABLE`` when the file cannot be read.
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
    elif error.kind is ErrorKind.SOURCE_UNREACHABLE:  # the API's message mentions a URL
        typer.echo(f"web-image-ocr: {path}: {error.detail}", err=True)
    else:
        reason = f" ({error.detail})" if error.detail else ""
        typer.echo(f"web-image-ocr: {path}: {wire.code} {wire.message}{reason}", err=True)


def _shown(path: str) -> str:
    """Return the path as valid UTF-8 for JSON: file names are arbitrary bytes."""
    return os.fsencode(path).decode("utf-8", "replace")


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.buffer.flush()
