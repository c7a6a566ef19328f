"""Define the tree of subcommands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from web_image_ocr import __version__
from web_image_ocr.cli.admin import admin
from web_image_ocr.cli.exit_codes import ExitCode
from web_image_ocr.cli.recognize import recognize
from web_image_ocr.cli.serve import serve

app = typer.Typer(
    name="web-image-ocr",
    help="Recognize text in web images: as a server, or from the command line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serve)
app.command()(recognize)
app.add_typer(admin, name="admin")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def run() -> int:
    """Parse the command line, run the subcommand and return its exit status.

    Raises:
        ServiceError: the subcommand failed.
        BrokenPipeError: the reader of standard output has ended.
    """
    command = typer.main.get_command(app)
    try:
        # Not Typer's own `main`, which reports a broken pipe as a failure.
        with command.make_context(app.info.name, sys.argv[1:]) as context:
            return int(command.invoke(context) or ExitCode.OK)
    except typer.Exit as ended:
        return ended.exit_code
    except TyperException as error:
        message = error.format_message()
        # A group without a subcommand prints its help, which keeps its lines.
        if not message.startswith("Usage:"):
            message = "web-image-ocr: " + " ".join(message.split())
        typer.echo(message, err=True)
        return error.exit_code
