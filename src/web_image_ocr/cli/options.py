"""Define the options and arguments that several subcommands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="DIR", help="Use this folder for the server's state."),
]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Read settings from this TOML file.")
]
FirstProjectName = Annotated[
    str | None,
    typer.Option(
        "--project-name",
        metavar="NAME",
        help="Name the first project; the official SDK expects the name of a region.",
    ),
]
BeyondQuota = Annotated[
    bool, typer.Option("--beyond-quota", help="Ignore the quotas that the settings define.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Read the password from the first line of this file. Without it, print a random one.",
    ),
]
UserRef = Annotated[str, typer.Argument(metavar="USER", help="Name or id of a user.")]
ProjectRef = Annotated[str, typer.Argument(metavar="PROJECT", help="Name or id of a project.")]
AccessKeyId = Annotated[
    str, typer.Argument(metavar="ACCESS_KEY", help="Public half of an access key.")
]
ApiName = Annotated[str, typer.Argument(metavar="API", help="Name of the service.")]


def read_secret(file: Path) -> str:
    """Return the first line of the file. Secrets are never arguments: other processes see those.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when the file cannot be read or its first line is
            empty.
    """
    try:
        secret = file.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        secret = ""
    if not secret:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID, f"{file} must hold a secret in its first line"
        )
    return secret
