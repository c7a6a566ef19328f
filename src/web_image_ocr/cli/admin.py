"""Implement ``web-image-ocr admin``: the account, its users, projects, keys and subscriptions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from functools import update_wrapper
from pathlib import Path
from typing import Annotated, Any

import typer

from web_image_ocr.cli.first_start import initialize, open_identity
from web_image_ocr.cli.options import (
    AccessKeyId,
    ApiName,
    AsJson,
    BeyondQuota,
    Config,
    DataDir,
    FirstProjectName,
    PasswordFile,
    ProjectRef,
    UserRef,
    read_secret,
)
from web_image_ocr.cli.records import (
    KEY_FIELDS,
    PROJECT_FIELDS,
    SUBSCRIPTION_FIELDS,
    USER_FIELDS,
    Listing,
    Record,
    key_record,
    project_record,
    show_listing,
    show_record,
    subscription_record,
    user_record,
)
from web_image_ocr.cli.rotation import rotate_master_key
from web_image_ocr.identity import API_NAME, Administration, NewPassword, Role, iterate_pages
from web_image_ocr.primitives.audit import OPERATOR, AuditContext, audit_scope
from web_image_ocr.settings import load_settings
from web_image_ocr.telemetry.logging import configure

_SHOWN_ONCE = "The secrets above are shown only now; store them in a safe place."
_SECRETS = frozenset({"password", "secret_key"})
_ROLES = (
    "administrator: call the service and manage the account; caller: call the service; "
    "viewer: sign in and list projects only."
)

Action = Callable[..., Record | Listing]
"""Change or read the accounts, the first argument, and return what to print."""

admin = typer.Typer(help="Manage users, projects, keys and subscriptions.", no_args_is_help=True)
user = typer.Typer(help="Manage users.", no_args_is_help=True)
project = typer.Typer(help="Manage projects.", no_args_is_help=True)
key = typer.Typer(help="Manage access keys (AK/SK).", no_args_is_help=True)
subscription = typer.Typer(help="Manage the services of each project.", no_args_is_help=True)
admin.add_typer(user, name="user")
admin.add_typer(project, name="project")
admin.add_typer(key, name="key")
admin.add_typer(subscription, name="subscription")


@admin.command()
def migrate(data_dir: DataDir = None, config: Config = None, as_json: AsJson = False) -> None:
    """Migrate the database to this version.

    The file of an SQLite database is backed up before. PostgreSQL is not backed up: run 'pg_dump'
    before. 'serve' also migrates when it starts; the other commands refuse an older database.
    """
    settings = load_settings(config, data_dir=data_dir)
    with closing(open_identity(settings, may_create=False, may_migrate=True)) as identity:
        done = identity.migration
    record = {
        "migrated": done.before != done.after,
        "from": done.before,
        "to": done.after,
        "backup": str(done.backup) if done.backup else None,
    }
    show_record(record, as_json=as_json)


admin.command("rotate-master-key")(rotate_master_key)


@admin.command()
def init(
    data_dir: DataDir = None,
    project_name: FirstProjectName = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Create the first account, user, project and key.

    A second call changes nothing, prints the ids without secrets and succeeds.
    """
    settings = load_settings(config, data_dir=data_dir, project_name=project_name)
    configure(settings.logging)
    with closing(open_identity(settings)) as identity, audit_scope(AuditContext(actor=OPERATOR)):
        account = initialize(identity, settings)
    hidden = frozenset() if account.created else _SECRETS
    record = {name: value for name, value in asdict(account).items() if name not in hidden}
    note = _SHOWN_ONCE if account.created else "An account exists already; nothing was changed."
    show_record(record, as_json=as_json, note=note)


def _command(
    group: typer.Typer, name: str, *, quota: bool = False
) -> Callable[[Action], Callable[..., None]]:
    """Add an action to a group as a command on an existing database, which it never creates.

    The command gets the shared options, and prints the result of the action.

    Args:
        group: the group to add to.
        name: of the command.
        quota: whether a quota applies, which an option lifts.
    """

    def add(action: Action) -> Callable[..., None]:
        def command(
            *,
            beyond_quota: BeyondQuota = False,
            data_dir: DataDir = None,
            config: Config = None,
            as_json: AsJson = False,
            **arguments: Any,
        ) -> None:
            settings = load_settings(config, data_dir=data_dir)
            configure(settings.logging)
            with (
                closing(open_identity(settings, may_create=False)) as identity,
                audit_scope(AuditContext(actor=OPERATOR)),
            ):
                accounts = identity.administration
                result = action(
                    accounts.without_quotas() if beyond_quota else accounts, **arguments
                )
                if isinstance(result, Listing):  # reads page by page
                    show_listing(result, as_json=as_json)
                    return
            note = "" if _SECRETS.isdisjoint(result) else _SHOWN_ONCE
            show_record(result, as_json=as_json, note=note)

        _set_options(command, action, quota=quota)
        return group.command(name)(command)

    return add


def _set_options(command: Callable[..., None], action: Action, *, quota: bool) -> None:
    """Give a command the options of an action, then the shared ones: Typer reads its signature."""
    own = inspect.signature(action, eval_str=True).parameters
    shared = inspect.signature(command, eval_str=True).parameters
    options = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in [*list(own.values())[1:], *list(shared.values())[not quota : -1]]
    ]
    update_wrapper(command, action)
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in options}


@_command(user, "list")
def list_users(accounts: Administration) -> Listing:
    """List all users."""
    return Listing("users", USER_FIELDS, map(user_record, iterate_pages(accounts.users)))


@_command(user, "create", quota=True)
def create_user(
    accounts: Administration,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new user.")],
    role: Annotated[Role, typer.Option(metavar="ROLE", help=_ROLES)] = Role.CALLER,
    password_file: PasswordFile = None,
) -> Record:
    """Create a user."""
    return _with_password(accounts.create_user(name, role, _password(password_file)))


@_command(user, "set-password")
def set_password(
    accounts: Administration, user_ref: UserRef, password_file: PasswordFile = None
) -> Record:
    """Set a password and revoke the user's tokens.

    Temporary keys are revoked too.
    """
    return _with_password(accounts.set_password(user_ref, _password(password_file)))


@_command(user, "set-role")
def set_role(
    accounts: Administration,
    user_ref: UserRef,
    role: Annotated[Role, typer.Argument(metavar="ROLE", help=_ROLES)],
) -> Record:
    """Change a user's role; the last administrator keeps it."""
    return user_record(accounts.change_user(user_ref, role=role))


@_command(user, "enable")
def enable_user(accounts: Administration, user_ref: UserRef) -> Record:
    """Enable a disabled user."""
    return user_record(accounts.enable_user(user_ref))


@_command(user, "disable")
def disable_user(accounts: Administration, user_ref: UserRef) -> Record:
    """Disable a user and revoke the user's tokens.

    The server also refuses the user's password, keys and temporary keys.
    """
    return user_record(accounts.disable_user(user_ref))


@_command(user, "delete")
def delete_user(accounts: Administration, user_ref: UserRef) -> Record:
    """Delete a user with all keys."""
    return {**user_record(accounts.delete_user(user_ref)), "deleted": True}


@_command(project, "list")
def list_projects(accounts: Administration) -> Listing:
    """List all projects."""
    found = map(project_record, iterate_pages(accounts.projects))
    return Listing("projects", PROJECT_FIELDS, found)


@_command(project, "create", quota=True)
def create_project(
    accounts: Administration,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new project.")],
) -> Record:
    """Create a project; enable the service for it with 'subscription enable'."""
    return project_record(accounts.create_project(name))


@_command(project, "delete")
def delete_project(accounts: Administration, project_ref: ProjectRef) -> Record:
    """Delete a project with its subscriptions."""
    return {**project_record(accounts.delete_project(project_ref)), "deleted": True}


@_command(key, "list")
def list_keys(
    accounts: Administration,
    of_user: Annotated[
        str | None,
        typer.Option(
            "--user", metavar="USER", help="List only the keys of this user (name or id)."
        ),
    ] = None,
) -> Listing:
    """List all access keys, without their secrets."""
    found = iterate_pages(lambda page: accounts.access_keys(of_user, page))
    return Listing("keys", KEY_FIELDS, map(key_record, found))


@_command(key, "create", quota=True)
def create_key(accounts: Administration, owner: UserRef) -> Record:
    """Create an access key for a user."""
    made = accounts.create_key(owner)
    return {"access_key": made.access, "secret_key": made.secret, "user_id": made.user_id}


@_command(key, "import", quota=True)
def import_key(
    accounts: Administration,
    owner: UserRef,
    access: AccessKeyId,
    secret_file: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Read the secret half from the first line of this file."),
    ],
) -> Record:
    """Import a key that clients use already, for instance with the cloud API."""
    return key_record(accounts.import_key(owner, access, read_secret(secret_file)))


@_command(key, "enable")
def enable_key(accounts: Administration, access: AccessKeyId) -> Record:
    """Enable a disabled key."""
    return key_record(accounts.enable_key(access))


@_command(key, "disable")
def disable_key(accounts: Administration, access: AccessKeyId) -> Record:
    """Disable a key: the server answers as if it did not exist."""
    return key_record(accounts.disable_key(access))


@_command(key, "delete")
def delete_key(accounts: Administration, access: AccessKeyId) -> Record:
    """Delete a key."""
    return {**key_record(accounts.delete_key(access)), "deleted": True}


@_command(subscription, "list")
def list_subscriptions(accounts: Administration) -> Listing:
    """List the services that projects have enabled."""
    found = map(subscription_record, iterate_pages(accounts.subscriptions))
    return Listing("subscriptions", SUBSCRIPTION_FIELDS, found)


@_command(subscription, "enable")
def enable_subscription(
    accounts: Administration, project_ref: ProjectRef, api: ApiName = API_NAME
) -> Record:
    """Enable a service for a project."""
    return {**subscription_record(accounts.enable(project_ref, api)), "enabled": True}


@_command(subscription, "disable")
def disable_subscription(
    accounts: Administration, project_ref: ProjectRef, api: ApiName = API_NAME
) -> Record:
    """Disable a service for a project."""
    return {**subscription_record(accounts.disable(project_ref, api)), "enabled": False}


def _password(file: Path | None) -> str | None:
    return None if file is None else read_secret(file)


def _with_password(changed: NewPassword) -> Record:
    """Return the record of a user, with the password if it was generated."""
    record = user_record(changed.user)
    return record if changed.password is None else {**record, "password": changed.password}
