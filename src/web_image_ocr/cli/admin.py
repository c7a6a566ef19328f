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
from web_image_ocr.cli.migration import migrate
from web_image_ocr.cli.options import (
    AccessKeyName,
    ApiName,
    AsJson,
    BeyondQuota,
    Config,
    DataDir,
    FirstProjectName,
    PasswordFile,
    ProjectName,
    UserName,
)
from web_image_ocr.cli.records import (
    KEY_FIELDS,
    PROJECT_FIELDS,
    SUBSCRIPTION_FIELDS,
    USER_FIELDS,
    key_record,
    project_record,
    show_record,
    show_records,
    subscription_record,
    user_record,
)
from web_image_ocr.cli.rotation import rotate_master_key
from web_image_ocr.cli.secrets_in_files import password_from, secret_from
from web_image_ocr.identity import (
    API_NAME,
    Administration,
    NewPassword,
    Role,
    iterate_pages,
)
from web_image_ocr.primitives.audit import OPERATOR, AuditContext, audit_scope
from web_image_ocr.settings import load_settings
from web_image_ocr.telemetry.logging import configure

_SHOWN_ONCE = "The secrets above are shown only now; keep them in a safe place."

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
admin.command()(migrate)
admin.command("rotate-master-key")(rotate_master_key)


@admin.command()
def init(
    data_dir: DataDir = None,
    project_name: FirstProjectName = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make the first account, its user, project and key, unless there is one.

    A second call changes nothing, shows the ids without secrets and succeeds.
    """
    settings = load_settings(config, data_dir=data_dir, project_name=project_name)
    configure(settings.logging)
    with closing(open_identity(settings)) as identity, audit_scope(AuditContext(actor=OPERATOR)):
        account = initialize(identity, settings)
    note = _SHOWN_ONCE if account.created else "There is an account already; nothing was changed."
    secrets = () if account.created else ("password", "secret_key")
    record = {name: value for name, value in asdict(account).items() if name not in secrets}
    show_record(record, as_json=as_json, note=note)


@user.command("list")
def list_users(data_dir: DataDir = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show all users."""
    with _administration(data_dir, config) as accounts:
        show_records("users", USER_FIELDS, map(user_record, iterate_pages(accounts.users)), as_json)


@user.command("create")
def create_user(
    name: Annotated[str, typer.Argument(help="Name of the new user.")],
    *,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.CALLER,
    password_file: PasswordFile = None,
    beyond_quota: BeyondQuota = False,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make a user."""
    with _administration(data_dir, config, beyond_quota=beyond_quota) as accounts:
        made = accounts.create_user(name, role, password_from(password_file))
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
    with _administration(data_dir, config) as accounts:
        changed = accounts.set_password(name, password_from(password_file))
    _show_password(changed, as_json)


@user.command("set-role")
def set_role(
    name: UserName,
    role: Annotated[Role, typer.Argument(help="What the user may do from now on.")],
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Give a user another role; the last administrator keeps it."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.change_user(name, role=role)
    show_record(user_record(changed), as_json=as_json)


@user.command("enable")
def enable_user(
    name: UserName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Let a disabled user in again."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.enable_user(name)
    show_record(user_record(changed), as_json=as_json)


@user.command("disable")
def disable_user(
    name: UserName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Refuse a user's password and keys; tokens and temporary keys end."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.disable_user(name)
    show_record(user_record(changed), as_json=as_json)


@user.command("delete")
def delete_user(
    name: UserName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Delete a user with all keys."""
    with _administration(data_dir, config) as accounts:
        gone = accounts.delete_user(name)
    show_record({**user_record(gone), "deleted": True}, as_json=as_json)


@project.command("list")
def list_projects(data_dir: DataDir = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show all projects."""
    with _administration(data_dir, config) as accounts:
        show_records(
            "projects",
            PROJECT_FIELDS,
            map(project_record, iterate_pages(accounts.projects)),
            as_json,
        )


@project.command("create")
def create_project(
    name: Annotated[str, typer.Argument(help="Name of the new project.")],
    *,
    beyond_quota: BeyondQuota = False,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make a project; enable the service for it with 'subscription enable'."""
    with _administration(data_dir, config, beyond_quota=beyond_quota) as accounts:
        made = accounts.create_project(name)
    show_record(project_record(made), as_json=as_json)


@project.command("delete")
def delete_project(
    name: ProjectName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Delete a project with its subscriptions."""
    with _administration(data_dir, config) as accounts:
        gone = accounts.delete_project(name)
    show_record({**project_record(gone), "deleted": True}, as_json=as_json)


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
        found = iterate_pages(lambda page: accounts.access_keys(of_user, page))
        show_records("keys", KEY_FIELDS, map(key_record, found), as_json)


@key.command("create")
def create_key(
    owner: UserName,
    *,
    beyond_quota: BeyondQuota = False,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make an access key for a user."""
    with _administration(data_dir, config, beyond_quota=beyond_quota) as accounts:
        made = accounts.create_key(owner)
    record = {"access_key": made.access, "secret_key": made.secret, "user_id": made.user_id}
    show_record(record, as_json=as_json, note=_SHOWN_ONCE)


@key.command("import")
def import_key(
    owner: UserName,
    access: AccessKeyName,
    *,
    secret_file: Annotated[Path, typer.Option(help="File whose first line is the secret half.")],
    beyond_quota: BeyondQuota = False,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Take over a key that clients have already, for instance from the cloud."""
    with _administration(data_dir, config, beyond_quota=beyond_quota) as accounts:
        taken = accounts.import_key(owner, access, secret_from(secret_file))
    show_record(key_record(taken), as_json=as_json)


@key.command("enable")
def enable_key(
    access: AccessKeyName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Accept a disabled key again."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.enable_key(access)
    show_record(key_record(changed), as_json=as_json)


@key.command("disable")
def disable_key(
    access: AccessKeyName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Refuse a key as if it did not exist."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.disable_key(access)
    show_record(key_record(changed), as_json=as_json)


@key.command("delete")
def delete_key(
    access: AccessKeyName, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Delete a key."""
    with _administration(data_dir, config) as accounts:
        gone = accounts.delete_key(access)
    show_record({**key_record(gone), "deleted": True}, as_json=as_json)


@subscription.command("list")
def list_subscriptions(
    data_dir: DataDir = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Show which services the projects have enabled."""
    with _administration(data_dir, config) as accounts:
        found = map(subscription_record, iterate_pages(accounts.subscriptions))
        show_records("subscriptions", SUBSCRIPTION_FIELDS, found, as_json)


@subscription.command("enable")
def enable_subscription(
    name: ProjectName,
    api: ApiName = API_NAME,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Enable a service for a project."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.enable(name, api)
    show_record({**subscription_record(changed), "enabled": True}, as_json=as_json)


@subscription.command("disable")
def disable_subscription(
    name: ProjectName,
    api: ApiName = API_NAME,
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Switch a service off for a project."""
    with _administration(data_dir, config) as accounts:
        changed = accounts.disable(name, api)
    show_record({**subscription_record(changed), "enabled": False}, as_json=as_json)


@contextmanager
def _administration(
    data_dir: Path | None, config: Path | None, *, beyond_quota: bool = False
) -> Iterator[Administration]:
    """Yield the accounts of an existing store; only ``init`` makes one."""
    settings = load_settings(config, data_dir=data_dir)
    configure(settings.logging)
    with (
        closing(open_identity(settings, may_create=False)) as identity,
        audit_scope(AuditContext(actor=OPERATOR)),
    ):
        accounts = identity.administration
        yield accounts.without_quotas() if beyond_quota else accounts


def _show_password(changed: NewPassword, as_json: bool) -> None:
    record = user_record(changed.user)
    if changed.password is None:
        show_record(record, as_json=as_json)
    else:
        show_record({**record, "password": changed.password}, as_json=as_json, note=_SHOWN_ONCE)
