"""The first account: made on an empty store, its secrets shown once or kept in a file."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import asdict
from pathlib import Path

import orjson
import structlog
import typer

from web_image_ocr.cli.secrets_in_files import password_from
from web_image_ocr.identity import FirstAccount, Identity
from web_image_ocr.settings import Settings

log = structlog.stdlib.get_logger(__name__)

CREDENTIALS_FILE = "first-credentials.json"
_KEPT_S = 24 * 3600.0
"""How long the file stays: long enough to fetch the secrets, not to forget them there."""


def initialize(identity: Identity, settings: Settings) -> FirstAccount:
    """The first account, made if the store is empty; the password by file or made up."""
    return identity.initialize(
        password=password_from(settings.admin_password_file),
        project_name=settings.project_name,
    )


def announce(account: FirstAccount, settings: Settings, url: str, *, to_terminal: bool) -> None:
    """Show the secrets of a new account once: on the terminal, else in a private file.

    Args:
        account: what ``initialize`` gave; nothing happens unless it was made now.
        settings: where the data folder is.
        url: of the server, for the call to paste.
        to_terminal: whether a person is reading standard output.
    """
    if not account.created:
        return
    if to_terminal:
        typer.echo(_welcome(account, url))
        return
    path = settings.data_dir / CREDENTIALS_FILE
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as out:
        os.fchmod(out.fileno(), 0o600)
        out.write(orjson.dumps(asdict(account), option=orjson.OPT_INDENT_2) + b"\n")
    log.info("first account made; its secrets are in a file for 24 hours", file=str(path))


async def remove_credentials_file(data_dir: Path) -> None:
    """Remove the file of the first secrets once it is 24 hours old; ends when it is gone."""
    path = data_dir / CREDENTIALS_FILE
    while True:
        try:
            left = path.stat().st_mtime + _KEPT_S - time.time()
        except FileNotFoundError:
            return
        if left <= 0:
            path.unlink(missing_ok=True)
            log.info("removed the file of the first secrets", file=str(path))
            return
        await asyncio.sleep(min(left, 60.0))


def _welcome(account: FirstAccount, url: str) -> str:
    return f"""
Web Image OCR is set up. These secrets are shown only now:

  account (domain)  {account.domain}
  user              {account.user}
  password          {account.password}
  project           {account.project_name}  {account.project_id}
  access key        {account.access_key}
  secret key        {account.secret_key}

Read a picture (put its path in place of picture.png):

{_curl_example(account, url)}
"""


def _curl_example(account: FirstAccount, url: str) -> str:
    login = orjson.dumps(
        {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": account.user,
                            "password": account.password,
                            "domain": {"name": account.domain},
                        }
                    },
                },
                "scope": {"project": {"id": account.project_id}},
            }
        }
    ).decode()
    quoted = login.replace("'", "'\\''")
    return f"""\
TOKEN=$(curl -s -o /dev/null -D - '{url}/v3/auth/tokens?nocatalog=1' \\
  -H 'Content-Type: application/json' \\
  -d '{quoted}' \\
  | tr -d '\\r' | sed -n 's/^[Xx]-[Ss]ubject-[Tt]oken: //p')
printf '{{"image":"%s"}}' "$(base64 -w0 picture.png)" \\
  | curl '{url}/v2/{account.project_id}/ocr/web-image' \\
  -H "X-Auth-Token: $TOKEN" -H 'Content-Type: application/json' --data-binary @-"""
