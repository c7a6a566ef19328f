"""Open the accounts; create the first account in an empty database, and show its secrets once."""

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

from web_image_ocr.cli.options import read_secret
from web_image_ocr.identity import FirstAccount, Identity
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import Settings

log = structlog.stdlib.get_logger(__name__)

CREDENTIALS_FILE = "first-credentials.json"
_RETENTION_S = 24 * 3600.0
"""The file is deleted after that: time to fetch the secrets, not to forget them."""
_RESERVED_BYTES = 16 * 1024
"""More than the file needs: a password has at most 1,024 characters, a name 64."""


def open_identity(
    settings: Settings, *, may_create: bool = True, may_migrate: bool = False
) -> Identity:
    """Open accounts, tokens and keys on the configured database.

    Args:
        settings: names the database.
        may_create: create the data folder and the database if missing.
        may_migrate: migrate a database of an older revision, after a backup.

    Raises:
        ServiceError: ``DATABASE_UNAVAILABLE`` or ``CONFIGURATION_INVALID``.
    """
    return Identity(
        settings.identity, settings.data_dir, may_create=may_create, may_migrate=may_migrate
    )


def initialize(identity: Identity, settings: Settings) -> FirstAccount:
    """Return the first account; create it if the database is empty.

    The password comes from ``admin_password_file``, or is random.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when the file does not hold a password;
            ``IDENTITY_REQUEST_INVALID`` for an invalid name or password.
    """
    # The password file must exist for the first start only.
    return _create(identity, settings) if _is_empty(identity) else identity.initialize()


def create_first_account(
    identity: Identity, settings: Settings, url: str, *, to_terminal: bool
) -> None:
    """Create the first account in an empty database, and hand over its secrets once.

    Args:
        identity: the database.
        settings: names, password and the data folder.
        url: of the server, for the example call.
        to_terminal: whether standard output is a terminal. Otherwise the secrets go to a private
            file in the data folder.

    Raises:
        ServiceError: as ``initialize``; ``CONFIGURATION_INVALID`` when the file cannot be
            written. Then no account is created.
    """
    if not _is_empty(identity):
        return
    if to_terminal:
        account = _create(identity, settings)
        if account.created:
            typer.echo(_welcome(account, url))
        return
    _create_with_file(identity, settings)


def _is_empty(identity: Identity) -> bool:
    try:
        identity.administration.users()
    except ServiceError as error:
        if error.kind is ErrorKind.RECORD_UNKNOWN:
            return True
        raise
    return False


def _create(identity: Identity, settings: Settings) -> FirstAccount:
    file = settings.admin_password_file
    return identity.initialize(
        password=read_secret(file) if file else None, project_name=settings.project_name
    )


def _create_with_file(identity: Identity, settings: Settings) -> None:
    """Create the account after its file, since the secrets cannot be shown again."""
    path = settings.data_dir.absolute() / CREDENTIALS_FILE
    draft = _reserve_file(path)
    created = False
    try:
        account = _create(identity, settings)
        created = account.created
    finally:
        if not created:
            draft.unlink()
    if not created:
        return
    with draft.open("r+b") as out:  # not "w", which would free the reserved space
        out.write(orjson.dumps(asdict(account), option=orjson.OPT_INDENT_2) + b"\n")
        out.truncate()
    draft.replace(path)
    log.info("first account created; a file holds its secrets for 24 hours", file=str(path))


def _reserve_file(path: Path) -> Path:
    """Create a private temporary file beside the path, with disk space for the secrets."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    draft = Path(name)
    try:
        os.posix_fallocate(handle, 0, _RESERVED_BYTES)
    except OSError as error:
        draft.unlink()
        raise _unwritable(path, error) from None
    finally:
        os.close(handle)
    return draft


def _unwritable(path: Path, error: OSError) -> ServiceError:
    return ServiceError(
        ErrorKind.CONFIGURATION_INVALID,
        f"the first account was not created: cannot write its secrets to {path}: {error.strerror}",
    )


async def remove_credentials_files(data_dir: Path) -> None:
    """Delete credentials files when they are 24 hours old; return when all are deleted.

    That includes temporary files of a server that was killed while it created the account. A
    recent one may belong to another server that is starting.
    """
    left = _remove_old_credentials(data_dir)
    while left is not None:
        await asyncio.sleep(min(left, 60.0))
        left = _remove_old_credentials(data_dir)


def _remove_old_credentials(data_dir: Path) -> float | None:
    """Delete old files; return the seconds until the next one is due, None without one."""
    folder = data_dir.absolute()
    waits = []
    for path in (folder / CREDENTIALS_FILE, *folder.glob(f".{CREDENTIALS_FILE}.*")):
        try:
            left = path.stat().st_mtime + _RETENTION_S - time.time()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if left > 0:
            waits.append(left)
            continue
        path.unlink(missing_ok=True)
        log.info("credentials file deleted", file=str(path))
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

Recognize an image (replace image.png by its path):

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
    # Secrets go through standard input and descriptors: every user can see command lines.
    return f"""\
TOKEN=$(curl -s -o /dev/null -D - '{url}/v3/auth/tokens?nocatalog=1' \\
  -H 'Content-Type: application/json' --data @- <<'JSON' \\
  | tr -d '\\r' | sed -n 's/^[Xx]-[Ss]ubject-[Tt]oken: //p'
{login}
JSON
)
printf '{{"image":"%s"}}' "$(base64 -w0 image.png)" \\
  | curl '{url}/v2/{account.project_id}/ocr/web-image' \\
  -H @<(printf 'X-Auth-Token: %s' "$TOKEN") -H 'Content-Type: application/json' --data-binary @-"""
