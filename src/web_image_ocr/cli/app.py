"""The command's tree of subcommands."""

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
    help="Read the text of pictures from the web: as a server, or here and now.",
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
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def run() -> int:
    """Parse the command line, run the subcommand and give its exit status back.

    Raises:
        ServiceError: what the subcommand failed with.
        BrokenPipeError: nobody reads standard output any more.
    """
    command = typer.main.get_command(app)
    try:
        # Not the library's `main`, which makes a failure of a broken pipe.
        with command.make_context(app.info.name, sys.argv[1:]) as context:
            return int(command.invoke(context) or ExitCode.OK)
    except typer.Exit as ended:
        return ended.exit_code
    except TyperException as error:
        message = error.format_message()
        # A group without a subcommand is answered with its help, which has lines of its own.
        if not message.startswith("Usage:"):
            message = "web-image-ocr: " + " ".join(message.split())
        typer.echo(message, err=True)
        return error.exit_code
