"""Options and arguments that several subcommands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", help="Folder of the server's state.")
]
Config = Annotated[Path | None, typer.Option("--config", help="TOML file of settings.")]
FirstProjectName = Annotated[
    str | None,
    typer.Option(
        "--project-name",
        help="Name of the project that the first start makes; SDKs expect a region's.",
    ),
]
BeyondQuota = Annotated[
    bool, typer.Option("--beyond-quota", help="Even if there are as many as the settings allow.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="File whose first line is the password; without it, a random one."),
]
UserName = Annotated[str, typer.Argument(metavar="USER", help="Name or id of a user.")]
ProjectName = Annotated[str, typer.Argument(metavar="PROJECT", help="Name or id of a project.")]
AccessKeyName = Annotated[
    str, typer.Argument(metavar="ACCESS_KEY", help="The public half of a key.")
]
ApiName = Annotated[str, typer.Argument(metavar="[API]", help="Name of the service.")]
