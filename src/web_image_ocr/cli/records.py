"""Records of identity on standard output: a table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

Record = Mapping[str, str | bool | None]
"""What is shown of one thing, by field name, in the order shown."""

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
    name: str, fields: Sequence[str], records: Sequence[Record], as_json: bool
) -> None:
    """Print a list of records.

    Args:
        name: what they are, in the plural; the key of the list in the JSON object.
        fields: the names of their fields, for the heading of an empty table, too.
        records: what is shown.
        as_json: print one JSON object and nothing else.
    """
    if as_json:
        _print_json({name: records})
        return
    table = Table(box=None)
    for field in fields:
        table.add_column(_heading(field))
    for record in records:
        table.add_row(*(_cell(record[field]) for field in fields))
    _print_table(table)


def _print_json(value: object) -> None:
    typer.echo(orjson.dumps(value))


def _print_table(table: Table) -> None:
    Console(width=_WIDTH).print(table)


def _heading(field: str) -> str:
    return field.replace("_", " ")


def _cell(value: str | bool | None) -> Text:
    # Text, not markup: names may hold brackets.
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text("-" if value is None else value)
