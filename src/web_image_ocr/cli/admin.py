"""``web-image-ocr admin``: the account, its users, projects, keys and subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from web_image_ocr.bootstrap import open_identity
from web_image_ocr.cli.first_start import initialize
from web_image_ocr.cli.records import Record, show_record, show_records
from web_image_ocr.cli.secrets_in_files import password_from, secret_from
from web_image_ocr.identity import (
    API_NAME,
    AccessKey,
    Administration,
    NewPassword,
    Project,
    Role,
    Subscription,
    User,
    wire_time,
)
from web_image_ocr.settings import load_settings

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", help="Folder of the server's state.")
]
Config = Annotated[Path | None, typer.Option("--config", help="TOML file of settings.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="File whose first line is the password; without it, a random one."),
]
UserName = Annotated[str, typer.Argument(metavar="USER", help="Name or id of a user.")]
ProjectName = Annotated[str, typer.Argument(metavar="PROJECT", help="Name or id of a project.")]
Access = Annotated[str, typer.Argument(metavar="ACCESS_KEY", help="The public half of a key.")]
Api = Annotated[str, typer.Argument(metavar="[API]", help="Name of the service.")]

_SHOWN_ONCE = "The secrets above are shown only now; keep them in a safe place."
_USER_FIELDS = ("name", "role", "enabled", "id")
_PROJECT_FIELDS = ("name", "id")
_KEY_FIELDS = ("access_key", "user", "enabled", "created_at")
_SUBSCRIPTION_FIELDS = ("project_name", "api", "project_id")

admin = typer.Typer(
    help="Look after users, projects, keys and subscriptions.", no_args_is_help=True
)
user = typer.Typer(help="Who may sign in.", no_args_is_help=True)
project = typer.Typer(help="What calls are made for.", no_args_is_help=True)
key = typer.Typer(help="Access keys (AK/SK).", no_args_is_help=True)
subscription = typer.Typer(help="Which project may use the service.", no_args_is_help=True)
admin.add_typer(user, name="user")
admin.add_typer(project, name="project")
admin.add_typer(key, name="key")
admin.add_typer(subscription, name="subscription")


@admin.command()
def init(
    data_dir: DataDir = None,
    project_name: Annotated[
        str | None, typer.Option(help="Name of the first project; SDKs expect a region's.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make the first account, its user, project and key, unless there is one.

    A second call changes nothing, shows the ids without secrets and succeeds.
    """
    settings = load_settings(config, data_dir=data_dir, project_name=project_name)
    with closing(open_identity(settings)) as identity:
        account = initialize(identity, settings)
    note = _SHOWN_ONCE if account.created else "There is an account already; nothing was changed."
    secrets = () if account.created else ("password", "secret_key")
    record = {name: value for name, value in asdict(account).items() if name not in secrets}
    show_record(record, as_json=as_json, note=note)


@user.command("list")
def list_users(data_dir: DataDir = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show all users."""
    with _administration(data_dir, config) as accounts:
        records = [_user_record(found) for found in accounts.users()]
    show_records("users", _USER_FIELDS, records, as_json)


@user.command("create")
def create_user(
    name: Annotated[str, typer.Argument(help="Name of the new user.")],
    *,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.CALLER,
    password_file: PasswordFile = None,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make a user."""
    password = password_from(password_file)
    with _administration(data_dir, config) as accounts:
        made = accounts.create_user(name, role, password)
    _show_password(made, as_json)


@user.command("set-password")
def set_password(
    name: UserName,
    password_file: PasswordFile = None,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Set another password; the user's tokens and temporary keys end."""
    password = password_from(password_file)
    with _administration(data_dir, config) as accounts:
        changed = accounts.set_password(name, password)
    _show_password(changed, as_json)


@user.command("enable")
def enable_user(
    name: UserName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Let a disabled user in again."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.enable_user(name)
    show_record(_user_record(changed), as_json=as_json)


@user.command("disable")
def disable_user(
    name: UserName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Refuse a user's password and keys; tokens and temporary keys end."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.disable_user(name)
    show_record(_user_record(changed), as_json=as_json)


@user.command("delete")
def delete_user(
    name: UserName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Delete a user with all keys."""
    with _administration(data_dir, config) as accounts:
        gone = accounts.delete_user(name)
    show_record({**_user_record(gone), "deleted": True}, as_json=as_json)


@project.command("list")
def list_projects(data_dir: DataDir = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show all projects."""
    with _administration(data_dir, config) as accounts:
        records = [_project_record(found) for found in accounts.projects()]
    show_records("projects", _PROJECT_FIELDS, records, as_json)


@project.command("create")
def create_project(
    name: Annotated[str, typer.Argument(help="Name of the new project.")],
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make a project; enable the service for it with 'subscription enable'."""
    with _administration(data_dir, config) as accounts:
        made = accounts.create_project(name)
    show_record(_project_record(made), as_json=as_json)


@project.command("delete")
def delete_project(
    name: ProjectName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Delete a project with its subscriptions."""
    with _administration(data_dir, config) as accounts:
        gone = accounts.delete_project(name)
    show_record({**_project_record(gone), "deleted": True}, as_json=as_json)


@key.command("list")
def list_keys(
    of_user: Annotated[
        str | None, typer.Option("--user", help="Only the keys of this user (name or id).")
    ] = None,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show all access keys, without their secrets."""
    with _administration(data_dir, config) as accounts:
        records = [_key_record(found) for found in accounts.access_keys(of_user)]
    show_records("keys", _KEY_FIELDS, records, as_json)


@key.command("create")
def create_key(
    owner: UserName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Make an access key for a user."""
    with _administration(data_dir, config) as accounts:
        made = accounts.create_key(owner)
    record = {"access_key": made.access, "secret_key": made.secret, "user_id": made.user_id}
    show_record(record, as_json=as_json, note=_SHOWN_ONCE)


@key.command("import")
def import_key(
    owner: UserName,
    access: Access,
    *,
    secret_file: Annotated[Path, typer.Option(help="File whose first line is the secret half.")],
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Take over a key that clients have already, for instance from the cloud."""
    secret = secret_from(secret_file)
    with _administration(data_dir, config) as accounts:
        taken = accounts.import_key(owner, access, secret)
    show_record(_key_record(taken), as_json=as_json)


@key.command("enable")
def enable_key(
    access: Access, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Accept a disabled key again."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.enable_key(access)
    show_record(_key_record(changed), as_json=as_json)


@key.command("disable")
def disable_key(
    access: Access, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Refuse a key as if it did not exist."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.disable_key(access)
    show_record(_key_record(changed), as_json=as_json)


@key.command("delete")
def delete_key(
    access: Access, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Delete a key."""
    with _administration(data_dir, config) as accounts:
        gone = accounts.delete_key(access)
    show_record({**_key_record(gone), "deleted": True}, as_json=as_json)


@subscription.command("list")
def list_subscriptions(
    data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Show which services the projects have enabled."""
    with _administration(data_dir, config) as accounts:
        records = [_subscription_record(found) for found in accounts.subscriptions()]
    show_records("subscriptions", _SUBSCRIPTION_FIELDS, records, as_json)


@subscription.command("enable")
def enable_subscription(
    name: ProjectName,
    api: Api = API_NAME,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Enable a service for a project."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.enable(name, api)
    show_record({**_subscription_record(changed), "enabled": True}, as_json=as_json)


@subscription.command("disable")
def disable_subscription(
    name: ProjectName,
    api: Api = API_NAME,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Switch a service off for a project."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.disable(name, api)
    show_record({**_subscription_record(changed), "enabled": False}, as_json=as_json)


@contextmanager
def _administration(data_dir: Path | None, config: Path | None) -> Iterator[Administration]:
    with closing(open_identity(load_settings(config, data_dir=data_dir))) as identity:
        yield identity.administration


def _show_password(changed: NewPassword, as_json: bool) -> None:
    record = _user_record(changed.user)
    if changed.password is None:
        show_record(record, as_json=as_json)
    else:
        show_record({**record, "password": changed.password}, as_json=as_json, note=_SHOWN_ONCE)


def _user_record(shown: User) -> Record:
    return {
        "id": shown.id,
        "name": shown.name,
        "domain": shown.domain.name,
        "role": shown.role.value,
        "enabled": shown.enabled,
    }


def _project_record(shown: Project) -> Record:
    return {"id": shown.id, "name": shown.name, "domain": shown.domain.name}


def _key_record(shown: AccessKey) -> Record:
    return {
        "access_key": shown.access,
        "user": shown.user_name,
        "user_id": shown.user_id,
        "enabled": shown.enabled,
        "created_at": wire_time(shown.created_at),
    }


def _subscription_record(shown: Subscription) -> Record:
    return {"project_id": shown.project_id, "project_name": shown.project_name, "api": shown.api}
