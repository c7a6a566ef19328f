"""Records of identity on standard output: a table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from web_image_ocr.api.wire.codec import wire_time
from web_image_ocr.identity import AccessKey, Project, Subscription, User

Record = Mapping[str, str | bool | None]
"""What is shown of one thing, by field name, in the order shown."""

USER_FIELDS = ("name", "role", "enabled", "id")
PROJECT_FIELDS = ("name", "id")
KEY_FIELDS = ("access_key", "user", "enabled", "created_at")
SUBSCRIPTION_FIELDS = ("project_name", "api", "project_id")
"""The fields of each that a list for people shows."""

# Wide enough that nothing is cut off: ids and keys are there to be copied.
_WIDTH = 300


def show_record(record: Record, *, as_json: bool, note: str = "") -> None:
    """Print one record.

    Args:
        record: what is shown.
        as_json: print one JSON object and nothing else.
        note: a sentence for people.
    """
    if as_json:
        _print_json(record)
        return
    table = Table(show_header=False, box=None)
    for name, value in record.items():
        table.add_row(Text(_heading(name)), _cell(value))
    _print_table(table)
    if note:
        typer.echo(note)


def show_records(
    name: str, fields: Sequence[str], records: Iterable[Record], as_json: bool
) -> None:
    """Print a list of records.

    Args:
        name: what they are, in the plural; the key of the list in the JSON object.
        fields: the names of their fields, for the heading of an empty table, too.
        records: what is shown.
        as_json: print one JSON object and nothing else.
    """
    if as_json:
        _print_json_list(name, records)
        return
    table = Table(box=None)
    for field in fields:
        table.add_column(_heading(field))
    for record in records:
        table.add_row(*(_cell(record[field]) for field in fields))
    _print_table(table)


def user_record(shown: User) -> Record:
    """What is shown of a user."""
    return {
        "id": shown.id,
        "name": shown.name,
        "domain": shown.domain.name,
        "role": shown.role.value,
        "enabled": shown.enabled,
    }


def project_record(shown: Project) -> Record:
    """What is shown of a project."""
    return {"id": shown.id, "name": shown.name, "domain": shown.domain.name}


def key_record(shown: AccessKey) -> Record:
    """What is shown of an access key; never its secret."""
    return {
        "access_key": shown.access,
        "user": shown.user_name,
        "user_id": shown.user_id,
        "enabled": shown.enabled,
        "created_at": wire_time(shown.created_at),
        "last_used_at": wire_time(shown.last_used_at) if shown.last_used_at else None,
    }


def subscription_record(shown: Subscription) -> Record:
    """What is shown of a subscription."""
    return {"project_id": shown.project_id, "project_name": shown.project_name, "api": shown.api}


def _print_json(value: object) -> None:
    typer.echo(orjson.dumps(value))


def _print_json_list(name: str, records: Iterable[Record]) -> None:
    """Print an object with one list, record by record: a list may be long."""
    lead = b"{%b:[" % orjson.dumps(name)
    for record in records:  # nothing is printed unless the first record can be read
        typer.echo(lead + orjson.dumps(record), nl=False)
        lead = b","
    typer.echo(b"]}" if lead == b"," else lead + b"]}")


def _print_table(table: Table) -> None:
    Console(width=_WIDTH).print(table)


def _heading(field: str) -> str:
    return field.replace("_", " ")


def _cell(value: str | bool | None) -> Text:
    # Text, not markup: names may hold brackets.
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text("-" if value is None else value)
