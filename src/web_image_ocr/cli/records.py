"""Print records of the identity database: as a table for people, as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from web_image_ocr.api.wire.codec import wire_time
from web_image_ocr.identity import AccessKey, Project, Subscription, User

Record = Mapping[str, str | bool | None]
"""Values to print, by field name, in this order."""

USER_FIELDS = ("name", "role", "enabled", "id")
PROJECT_FIELDS = ("name", "id")
KEY_FIELDS = ("access_key", "user", "enabled", "created_at")
SUBSCRIPTION_FIELDS = ("project_name", "api", "project_id")
"""Fields in a table of each kind of record."""

_WIDTH = 300
"""Columns. Nothing is cut off, since people copy ids and keys."""


class Listing(NamedTuple):
    """Hold a list of records to print.

    Attributes:
        name: key of the list in the JSON object, a plural.
        fields: columns of the table.
        records: read while they are printed.
    """

    name: str
    fields: Sequence[str]
    records: Iterable[Record]


def show_record(record: Record, *, as_json: bool, note: str = "") -> None:
    """Print one record.

    Args:
        record: values to print.
        as_json: print one JSON object and nothing else.
        note: sentence for people, not part of the JSON.
    """
    if as_json:
        typer.echo(orjson.dumps(record))
        return
    table = Table(show_header=False, box=None)
    for name, value in record.items():
        table.add_row(Text(_heading(name)), _cell(value))
    Console(width=_WIDTH).print(table)
    if note:
        typer.echo(note)


def show_listing(listing: Listing, *, as_json: bool) -> None:
    """Print a list of records, as a table or as one JSON object."""
    if as_json:
        _print_json_list(listing)
        return
    table = Table(box=None)
    for field in listing.fields:
        table.add_column(_heading(field))
    for record in listing.records:
        table.add_row(*(_cell(record[field]) for field in listing.fields))
    Console(width=_WIDTH).print(table)


def user_record(of: User) -> Record:
    """Return the record of a user."""
    return {
        "id": of.id,
        "name": of.name,
        "domain": of.domain.name,
        "role": of.role.value,
        "enabled": of.enabled,
    }


def project_record(of: Project) -> Record:
    """Return the record of a project."""
    return {"id": of.id, "name": of.name, "domain": of.domain.name}


def key_record(of: AccessKey) -> Record:
    """Return the record of an access key, without its secret."""
    return {
        "access_key": of.access,
        "user": of.user_name,
        "user_id": of.user_id,
        "enabled": of.enabled,
        "created_at": wire_time(of.created_at),
        "last_used_at": wire_time(of.last_used_at) if of.last_used_at else None,
    }


def subscription_record(of: Subscription) -> Record:
    """Return the record of a subscription."""
    return {"project_id": of.project_id, "project_name": of.project_name, "api": of.api}


def _print_json_list(listing: Listing) -> None:
    """Print an object with one list, record by record: the list may be long."""
    lead = b"{%b:[" % orjson.dumps(listing.name)
    for record in listing.records:  # prints nothing if reading the first record fails
        typer.echo(lead + orjson.dumps(record), nl=False)
        lead = b","
    typer.echo(b"]}" if lead == b"," else lead + b"]}")


def _heading(field: str) -> str:
    return field.replace("_", " ")


def _cell(value: str | bool | None) -> Text:
    # Text, not markup: names may contain brackets.
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text("-" if value is None else value)
