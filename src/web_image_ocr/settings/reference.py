"""Describe all settings from the ``Attributes:`` sections of their docstrings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import get_args, get_origin, get_type_hints

from pydantic import BaseModel

Entry = tuple[str, object, str]
"""Name, default and description."""


def describe(settings: type[BaseModel]) -> Iterator[Entry]:
    """Yield every setting by its path, such as ``server.port``."""
    for name, field in settings.model_fields.items():
        if dataclasses.is_dataclass(field.annotation):
            section = field.annotation
            texts = _attributes(section.__doc__)
            for part in dataclasses.fields(section):
                yield f"{name}.{part.name}", getattr(field.default, part.name), texts[part.name]
        else:
            yield name, field.default, _attributes(settings.__doc__)[name]


def describe_tables(settings: type[BaseModel]) -> Iterator[tuple[str, list[Entry]]]:
    """Yield each setting that is a list of tables, with the values of such a table.

    The default of a required value is ``dataclasses.MISSING``.
    """
    for name, field in settings.model_fields.items():
        if not dataclasses.is_dataclass(field.annotation):
            continue
        for part, kind in get_type_hints(field.annotation).items():
            table = next(iter(get_args(kind)), None)
            if get_origin(kind) is tuple and dataclasses.is_dataclass(table):
                texts = _attributes(table.__doc__)
                rows = [(x.name, x.default, texts[x.name]) for x in dataclasses.fields(table)]
                yield f"{name}.{part}", rows


def _attributes(docstring: str | None) -> dict[str, str]:
    """Return the entries of a docstring's ``Attributes:`` section, each on one line."""
    entries: dict[str, str] = {}
    name = ""
    for line in (docstring or "").partition("Attributes:")[2].splitlines():
        indent = len(line) - len(line.lstrip())
        if indent == 8 and ":" in line:
            name, _, text = line.strip().partition(":")
            entries[name] = text.strip()
        elif indent > 8 and name:
            entries[name] += " " + line.strip()
    return entries
