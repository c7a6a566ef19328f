"""Report every wrong value and every unknown name of the settings at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError, ValidatorFunctionWrapHandler
from pydantic_core import InitErrorDetails, PydanticCustomError

from web_image_ocr.primitives.text import closest_name
from web_image_ocr.settings.environment import environment_name
from web_image_ocr.settings.reference import describe, describe_tables

Settings = type[BaseModel]

_UNKNOWN_TYPES = {"extra_forbidden", "unexpected_keyword_argument"}
"""Pydantic's error types for a name that is not a setting."""
_UNKNOWN = "unknown setting"
"""Placeholder message until the whole path is known."""


def validate_section(
    settings: Settings, value: object, section: ValidatorFunctionWrapHandler
) -> object:
    """Return the validated section.

    Raises:
        ValidationError: one error for each wrong value; a dataclass would report only the first.
    """
    try:
        return section(value)
    except ValidationError:
        if not isinstance(value, Mapping):
            raise
        messages = _section_errors(settings, value, section)
    raise validation_error(
        settings,
        *(((name,) if name else (), text, value.get(name)) for name, text in messages.items()),
    )


def validation_error(
    settings: Settings, *errors: tuple[tuple[str, ...], str, object]
) -> ValidationError:
    """Return an error with, for each wrong value, its location, a message and the value."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("setting", "{message}", {"message": message}),
            loc=location,
            input=value,
        )
        for location, message, value in errors
    ]
    return ValidationError.from_exception_data(settings.__name__, details)


def error_messages(settings: Settings, error: ValidationError) -> dict[str, str]:
    """Return one sentence for each error, by setting path."""
    messages: dict[str, str] = {}
    for item in error.errors():
        path = ".".join(str(part) for part in item["loc"]) or "settings"
        if item["type"] in _UNKNOWN_TYPES or item["msg"] == _UNKNOWN:
            message = unknown_setting(settings, path)
        else:
            message = f"{path} ({environment_name(path)}): {item['msg']}"
        messages.setdefault(path, message)
    return messages


def unknown_setting(settings: Settings, path: str) -> str:
    """Return the message for an unknown setting, spelled as in its source."""
    variables = {variable.upper() for variable in os.environ}
    shown = environment_name if environment_name(path) in variables else str
    suggestion = closest_name(path, (name for name, _, _ in describe(settings)))
    hint = f"; did you mean {shown(suggestion)}?" if suggestion else ""
    return f"{_UNKNOWN} {shown(path)}{hint}"


def _section_errors(
    settings: Settings, values: Mapping[str, Any], section: ValidatorFunctionWrapHandler
) -> dict[str, str]:
    """Return what is wrong with each value of a section, by name.

    Validation of a dataclass stops at its first error, which names no field. So it is repeated:
    with each value alone to find the wrong ones, then without those. An error of several values
    together has the name ``""``.
    """
    table_fields = {name for _, rows in describe_tables(settings) for name, _, _ in rows}

    def validate(some: Mapping[str, Any]) -> dict[str, str]:
        try:
            section(some)
        except ValidationError as error:
            return _by_name(error, sorted(table_fields))
        return {}

    errors: dict[str, str] = {}
    left = dict(values)
    while (found := validate(left)) and "" not in errors:
        for place, message in found.items():
            names = (
                [place]
                if place
                else [
                    name
                    for name, value in left.items()
                    if message in validate({name: value}).values()
                ]
            )
            errors.update(dict.fromkeys(names or [""], message))
        left = {name: value for name, value in left.items() if name not in errors}
    return errors


def _by_name(error: ValidationError, table_fields: Iterable[str]) -> dict[str, str]:
    """Return the messages of a section's error by field name; ``""`` for the whole section."""
    messages: dict[str, str] = {}
    for item in error.errors():
        name, *inside = [str(part) for part in item["loc"]] or [""]
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] in _UNKNOWN_TYPES and inside:
            suggestion = closest_name(inside[-1], table_fields)
            message = "unknown" + (f"; did you mean {suggestion}?" if suggestion else "")
        elif item["type"] in _UNKNOWN_TYPES:
            message = _UNKNOWN
        if inside:  # an item of a list, or a value of that item
            message = f"{'.'.join(inside)}: {message}"
        messages[name] = ", ".join(filter(None, (messages.get(name), message)))
    return messages
