"""All settings in one tree; the only reader of the environment and of TOML files.

A value is taken from the first of: a command-line flag, the environment
(``WEB_IMAGE_OCR_`` and the setting's path, levels joined by ``__``), the TOML file
named by ``--config``, the default.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import logging
import math
import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import (
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from web_image_ocr.api.config import ApiConfig
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.identity.config import IdentityConfig
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.service_links import is_service_link
from web_image_ocr.primitives.text import closest_name
from web_image_ocr.serving.config import ServingConfig
from web_image_ocr.sources.config import FetchConfig, StorageConfig
from web_image_ocr.telemetry.logging import LoggingConfig

ENV_PREFIX = "WEB_IMAGE_OCR_"
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
"""What the library calls a name that is not a setting."""
_UNKNOWN_NAME = "unknown setting"
"""What we call it until its whole path is known."""
_RENAMED = {"engine.min_clarity": "engine.min_confidence"}
"""Old names of settings, accepted with a warning for one release."""

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Where the server listens, and which proxies in front of it are trusted.

    Attributes:
        host: address to listen on.
        port: TCP port, 0 to 65535; 0 takes a free one, the log names it.
        trusted_proxies: addresses or networks whose ``X-Forwarded-For`` is believed.
        tls_cert: file of the certificate chain (PEM); with ``tls_key``, HTTPS is served.
        tls_key: file of the certificate's private key (PEM).
        keep_alive_s: seconds an idle connection is kept, 0 or more.
        shutdown_s: seconds that running calls have to end after SIGTERM, at least
            ``api.deadline_s``; none means two more than that.
        console: serve the browser console at ``/``.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    trusted_proxies: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    keep_alive_s: int = 75
    shutdown_s: int | None = None
    console: bool = True

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        if not 0 <= self.port <= 65535:
            raise ValueError("port must be 0 to 65535")
        if self.keep_alive_s < 0:
            raise ValueError("keep_alive_s must be 0 or more")
        if self.shutdown_s is not None and self.shutdown_s < 0:
            raise ValueError("shutdown_s must be 0 or more")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        for proxy in self.trusted_proxies:
            ipaddress.ip_network(proxy)


class Settings(BaseSettings):
    """The whole configuration of a server or a command.

    Attributes:
        data_dir: folder of the database, the master key and other state.
        admin_password_file: file whose first line is the first user's password; without
            it one is made up on the first start.
        project_name: name of the project that the first start creates; the official SDK
            looks projects up by the name of their region.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = Path("data")
    admin_password_file: Path | None = None
    project_name: str = "cn-north-4"
    server: ServerConfig = ServerConfig()
    api: ApiConfig = ApiConfig()
    fetch: FetchConfig = FetchConfig()
    storage: StorageConfig = StorageConfig()
    engine: EngineConfig = EngineConfig()
    serving: ServingConfig = ServingConfig()
    identity: IdentityConfig = IdentityConfig()
    logging: LoggingConfig = LoggingConfig()

    @model_validator(mode="before")
    @classmethod
    def _accept_old_names(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Move the value of a renamed setting to its new name, unless that is given too."""
        for old, new in _RENAMED.items():
            (section, name), (_, new_name) = old.split("."), new.split(".")
            given = values.get(section)
            if isinstance(given, Mapping) and name in given:
                _log.warning("setting %s is deprecated: rename it to %s", old, new)
                rest = {key: value for key, value in given.items() if key != name}
                values = {**values, section: {new_name: given[name], **rest}}
        return values

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take ``a,b`` for a list, so that the environment needs no JSON."""
        return {name: _with_lists(cls, name, value) for name, value in values.items()}

    @field_validator("*", mode="wrap")
    @classmethod
    def _name_all_faults(cls, value: object, section: ValidatorFunctionWrapHandler) -> object:
        """Name every wrong value of a section, which alone would stop at the first."""
        try:
            return section(value)
        except ValidationError:
            if not isinstance(value, Mapping):
                raise
            faults = _faults(value, section)
        details = [
            InitErrorDetails(
                type=PydanticCustomError("setting", "{message}", {"message": message}),
                loc=(name,) if name else (),
                input=value.get(name),
            )
            for name, message in faults.items()
        ]
        raise ValidationError.from_exception_data(cls.__name__, details)

    @model_validator(mode="after")
    def _outlast_calls(self) -> Settings:
        """Refuse a shutdown that gives up calls before their own deadline does."""
        given = self.server.shutdown_s
        if given is None or given >= self.api.deadline_s:
            return self
        message = (
            f"{given} is below api.deadline_s, {self.api.deadline_s:g}: raise it or leave it out"
        )
        fault = InitErrorDetails(
            type=PydanticCustomError("setting", "{message}", {"message": message}),
            loc=("server", "shutdown_s"),
            input=given,
        )
        raise ValidationError.from_exception_data(type(self).__name__, [fault])

    @property
    def shutdown_s(self) -> int:
        """Return the seconds that running calls have to end after SIGTERM."""
        if self.server.shutdown_s is not None:
            return self.server.shutdown_s
        # A hung worker is ended one second after the deadline, and its call is answered then.
        return math.ceil(min(self.api.deadline_s, 1e9)) + 2

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return flag, then environment, then TOML; no ``.env`` file, no secrets folder."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(config: Path | None = None, **flags: Any) -> Settings:
    """Return the settings in force.

    Args:
        config: TOML file, or none.
        flags: values from the command line, by setting name (a nested one as a mapping);
            ``None`` means that the flag was not given.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID``, with every wrong value and every unknown name
            in one line.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    faults = {place: _unknown(place) for place in _unknown_variables()}
    try:
        settings = _settings_from(config)(**given)
    except ValidationError as error:
        for item in error.errors():
            place = ".".join(str(part) for part in item["loc"]) or "settings"
            faults.setdefault(place, _fault(place, item))
    except SettingsError as error:
        raise ServiceError(ErrorKind.CONFIGURATION_INVALID, str(error)) from None
    except OSError as error:
        raise ServiceError(ErrorKind.CONFIGURATION_INVALID, f"{config}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID, f"{config} is no TOML file: {error}"
        ) from None
    if faults:
        raise ServiceError(ErrorKind.CONFIGURATION_INVALID, "; ".join(faults.values()))
    return settings


def describe() -> Iterator[tuple[str, object, str]]:
    """Yield every setting as (path such as ``server.port``, default, its description)."""
    for name, field in Settings.model_fields.items():
        if dataclasses.is_dataclass(field.annotation):
            section = field.annotation
            meanings = _attributes(section.__doc__ or "")
            for part in dataclasses.fields(section):
                yield f"{name}.{part.name}", getattr(field.default, part.name), meanings[part.name]
        else:
            yield name, field.default, _attributes(Settings.__doc__ or "")[name]


def describe_tables() -> Iterator[tuple[str, list[tuple[str, object, str]]]]:
    """Yield each setting that is a list of tables, with the values of a table.

    A value is (name, default, its description); the default is ``dataclasses.MISSING`` where
    there is none.
    """
    for name, field in Settings.model_fields.items():
        if not dataclasses.is_dataclass(field.annotation):
            continue
        for part, kind in get_type_hints(field.annotation).items():
            table = next(iter(get_args(kind)), None)
            if get_origin(kind) is tuple and dataclasses.is_dataclass(table):
                meanings = _attributes(table.__doc__ or "")
                rows = [(x.name, x.default, meanings[x.name]) for x in dataclasses.fields(table)]
                yield f"{name}.{part}", rows


def environment_name(setting: str) -> str:
    """Return the environment variable of a setting, for instance ``WEB_IMAGE_OCR_SERVER__PORT``."""
    return ENV_PREFIX + setting.replace(".", "__").upper()


def _settings_from(config: Path | None) -> type[Settings]:
    if config is None:
        return Settings
    # The library would ignore a missing file and one that is not regular.
    if not stat.S_ISREG(config.stat().st_mode):
        raise ServiceError(ErrorKind.CONFIGURATION_INVALID, f"{config} is not a regular file")
    return type("Settings", (Settings,), {"model_config": {"toml_file": config}})


def _with_lists(settings: type[Settings], name: str, value: object) -> object:
    field = settings.model_fields.get(name)
    if field is None or not dataclasses.is_dataclass(field.annotation):
        return value
    if not isinstance(value, Mapping):
        return value
    types = get_type_hints(field.annotation)
    return {
        key: _list_in(part, types[key])
        if isinstance(part, str) and get_origin(types.get(key)) is tuple
        else part
        for key, part in value.items()
    }


def _list_in(text: str, kind: Any) -> object:
    """Return the list that a text means: JSON where its items are tables, else between commas."""
    if not dataclasses.is_dataclass(get_args(kind)[0]):
        return tuple(filter(None, map(str.strip, text.split(","))))
    try:
        return json.loads(text)
    except ValueError:
        return text  # which is no list, and is refused as such


def _faults(values: Mapping[str, Any], section: ValidatorFunctionWrapHandler) -> dict[str, str]:
    """Return what is wrong with each value of a section, by its name.

    A section's own check ends at its first fault and gives no name. The fault belongs to the value
    that has it alone, or else (``""``) to several values together.
    """
    faults: dict[str, str] = {}
    left = dict(values)
    while (complaints := _complaints(left, section)) and "" not in faults:
        for place, message in complaints.items():
            names = [place] if place else _at_fault(message, left, section)
            faults.update(dict.fromkeys(names or [""], message))
        left = {name: value for name, value in left.items() if name not in faults}
    return faults


def _at_fault(
    message: str, values: Mapping[str, Any], section: ValidatorFunctionWrapHandler
) -> list[str]:
    return [
        name
        for name, value in values.items()
        if message in _complaints({name: value}, section).values()
    ]


def _complaints(values: Mapping[str, Any], section: ValidatorFunctionWrapHandler) -> dict[str, str]:
    """Return what the section says about the values, by name; about itself, by ``""``."""
    complaints: dict[str, str] = {}
    try:
        section(values)
    except ValidationError as error:
        for item in error.errors():
            name, *inside = [str(part) for part in item["loc"]] or [""]
            message = item["msg"].removeprefix("Value error, ")
            if item["type"] in _UNKNOWN:
                message = _unknown_in_table(inside[-1]) if inside else _UNKNOWN_NAME
            if inside:  # an item of a list, or a value of that item
                message = f"{'.'.join(inside)}: {message}"
            complaints[name] = ", ".join(filter(None, (complaints.get(name), message)))
    return complaints


def _fault(place: str, item: Mapping[str, Any]) -> str:
    if item["type"] in _UNKNOWN or item["msg"] == _UNKNOWN_NAME:
        return _unknown(place)
    return f"{place} ({environment_name(place)}): {item['msg']}"


def _unknown_variables() -> Iterator[str]:
    """Yield the unknown names in variables with our prefix, of which the library ignores some."""
    known = {environment_name(name) for name, _, _ in describe()}
    known |= {environment_name(name) for name in Settings.model_fields}  # sections, as JSON
    known |= {environment_name(name) for name in _RENAMED}
    for variable, value in sorted(os.environ.items()):
        name = variable.upper()
        rest = name.removeprefix(ENV_PREFIX)
        if name in known or name == rest or is_service_link(rest, value):
            continue
        yield rest.lower().replace("__", ".")


def _unknown(place: str) -> str:
    """Say that the place is not a setting, as its source spells it."""
    variables = {variable.upper() for variable in os.environ}
    shown = environment_name if environment_name(place) in variables else str
    meant = closest_name(place, (name for name, _, _ in describe()))
    hint = f"; did you mean {shown(meant)}?" if meant else ""
    return f"unknown setting {shown(place)}{hint}"


def _unknown_in_table(name: str) -> str:
    values = {value for _, rows in describe_tables() for value, _, _ in rows}
    meant = closest_name(name, sorted(values))
    return "unknown" + (f"; did you mean {meant}?" if meant else "")


def _attributes(docstring: str) -> dict[str, str]:
    """Return the entries of a docstring's ``Attributes:`` section, each as one line of text."""
    entries: dict[str, str] = {}
    name = ""
    for line in docstring.partition("Attributes:")[2].splitlines():
        indent = len(line) - len(line.lstrip())
        if indent == 8 and ":" in line:
            name, _, text = line.strip().partition(":")
            entries[name] = text.strip()
        elif indent > 8 and name:
            entries[name] += " " + line.strip()
    return entries
