"""The first account: made on an empty store, its secrets shown once or kept in a file."""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import orjson
import structlog
import typer

from web_image_ocr.cli.secrets_in_files import password_from
from web_image_ocr.identity import FirstAccount, Identity
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import Settings

log = structlog.stdlib.get_logger(__name__)

CREDENTIALS_FILE = "first-credentials.json"
_KEPT_S = 24 * 3600.0
"""How long the file stays: long enough to fetch the secrets, not to forget them there."""
_ROOM_BYTES = 16 * 1024
"""More than the file will hold: a password is at most 1,024 characters, names are 64."""


def initialize(identity: Identity, settings: Settings) -> FirstAccount:
    """The first account, made if the store is empty; the password by file or made up.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when the file holds no password;
            ``IDENTITY_REQUEST_INVALID`` for an unusable name or password.
    """
    # The password's file is needed, and has to be there, for the first start only.
    return _made(identity, settings) if _is_empty(identity) else identity.initialize()


def make_first_account(
    identity: Identity, settings: Settings, url: str, *, to_terminal: bool
) -> None:
    """On an empty store make the first account and tell its secrets once.

    Args:
        identity: the store.
        settings: names, password and the data folder.
        url: of the server, for the call to paste.
        to_terminal: whether a person is reading standard output; otherwise the secrets
            go to a private file in the data folder.

    Raises:
        ServiceError: as ``initialize``; ``CONFIGURATION_INVALID`` when the file cannot be
            written, and then no account is made.
    """
    if not _is_empty(identity):
        return
    if to_terminal:
        account = _made(identity, settings)
        if account.created:
            typer.echo(_welcome(account, url))
        return
    _make_with_file(identity, settings)


def _is_empty(identity: Identity) -> bool:
    try:
        identity.administration.users()
    except ServiceError as error:
        if error.kind is ErrorKind.RECORD_UNKNOWN:
            return True
        raise
    return False


def _made(identity: Identity, settings: Settings) -> FirstAccount:
    return identity.initialize(
        password=password_from(settings.admin_password_file), project_name=settings.project_name
    )


def _make_with_file(identity: Identity, settings: Settings) -> None:
    """Make the account once there is a file for its secrets, which nobody can tell again."""
    path = settings.data_dir.absolute() / CREDENTIALS_FILE
    draft = _draft(path)
    created = False
    try:
        account = _made(identity, settings)
        created = account.created
    finally:
        if not created:
            draft.unlink()
    if not created:
        return
    with draft.open("r+b") as out:  # not "w", which would give the room back
        out.write(orjson.dumps(asdict(account), option=orjson.OPT_INDENT_2) + b"\n")
        out.truncate()
    draft.replace(path)
    log.info("first account made; its secrets are in a file for 24 hours", file=str(path))


def _draft(path: Path) -> Path:
    """A new private file beside the path, with room for the secrets taken already."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    draft = Path(name)
    try:
        os.posix_fallocate(handle, 0, _ROOM_BYTES)
    except OSError as error:
        draft.unlink()
        raise _unwritable(path, error) from None
    finally:
        os.close(handle)
    return draft


def _unwritable(path: Path, error: OSError) -> ServiceError:
    return ServiceError(
        ErrorKind.CONFIGURATION_INVALID,
        f"no first account is made: {path} for its secrets cannot be written: {error.strerror}",
    )


async def remove_credentials_files(data_dir: Path) -> None:
    """Remove files of the first secrets once they are 24 hours old; ends when all are gone.

    Drafts are among them: a server killed while it made the account left one, which may
    hold the secrets. A young one may be in the hands of another server that is starting.
    """
    left = _remove_old_credentials(data_dir)
    while left is not None:
        await asyncio.sleep(min(left, 60.0))
        left = _remove_old_credentials(data_dir)


def _remove_old_credentials(data_dir: Path) -> float | None:
    """Remove what is old enough; the seconds until the next file is, None without one."""
    folder = data_dir.absolute()
    waits = []
    for path in (folder / CREDENTIALS_FILE, *folder.glob(f".{CREDENTIALS_FILE}.*")):
        try:
            left = path.stat().st_mtime + _KEPT_S - time.time()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if left > 0:
            waits.append(left)
            continue
        path.unlink(missing_ok=True)
        log.info("removed the file of the first secrets", file=str(path))
    return min(waits, default=None)


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
    # By standard input and descriptors: command lines can be seen by every user of the machine.
    return f"""\
TOKEN=$(curl -s -o /dev/null -D - '{url}/v3/auth/tokens?nocatalog=1' \\
  -H 'Content-Type: application/json' --data @- <<'JSON' \\
  | tr -d '\\r' | sed -n 's/^[Xx]-[Ss]ubject-[Tt]oken: //p'
{login}
JSON
)
printf '{{"image":"%s"}}' "$(base64 -w0 picture.png)" \\
  | curl '{url}/v2/{account.project_id}/ocr/web-image' \\
  -H @<(printf 'X-Auth-Token: %s' "$TOKEN") -H 'Content-Type: application/json' --data-binary @-"""
