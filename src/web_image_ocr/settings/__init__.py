"""Read all settings: the only reader of our environment variables and of TOML files.

Precedence: command-line flag, environment (``WEB_IMAGE_OCR_`` and the setting's path, levels joined
by ``__``), TOML file named by ``--config``, default.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import logging
import math
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import ValidationError, ValidatorFunctionWrapHandler, field_validator, model_validator
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
from web_image_ocr.serving.config import ServingConfig
from web_image_ocr.settings.environment import ENV_PREFIX, environment_name, unknown_variables
from web_image_ocr.settings.errors import (
    error_messages,
    unknown_setting,
    validate_section,
    validation_error,
)
from web_image_ocr.settings.reference import describe
from web_image_ocr.sources.config import FetchConfig, StorageConfig
from web_image_ocr.telemetry.logging import LoggingConfig

_RENAMED = {"engine.min_clarity": "engine.min_confidence"}
"""Old names of settings, accepted with a warning for one release."""

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Configure where the server listens, and which proxies it trusts.

    Attributes:
        host: address to listen on.
        port: TCP port, 0 to 65535. 0 takes a free one, which the log names.
        trusted_proxies: addresses or networks of proxies whose ``X-Forwarded-For`` is trusted.
        tls_cert: file of the certificate chain (PEM). With ``tls_key``, the server speaks HTTPS.
        tls_key: file of the certificate's private key (PEM).
        keep_alive_s: seconds an idle connection stays open, 0 or more.
        shutdown_s: seconds running calls have to finish after SIGTERM, at least
            ``api.deadline_s``. Unset: two seconds more than that.
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
        """Raise ``ValueError`` for values out of range."""
        if not 0 <= self.port <= 65535:
            raise ValueError("port must be 0 to 65535")
        if self.keep_alive_s < 0:
            raise ValueError("keep_alive_s must be 0 or more")
        if self.shutdown_s is not None and self.shutdown_s < 0:
            raise ValueError("shutdown_s must be 0 or more")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key must be set together")
        for proxy in self.trusted_proxies:
            ipaddress.ip_network(proxy)


class Settings(BaseSettings):
    """Hold the whole configuration of a server or a command.

    Attributes:
        data_dir: folder of the database, the master key and other state.
        admin_password_file: file whose first line is the first user's password. Unset: the first
            start generates one.
        project_name: name of the project that the first start creates. The official SDK looks
            projects up by the name of their region.
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
        """Parse ``a,b`` as a list, so that the environment needs no JSON."""
        return {name: _with_lists(cls, name, value) for name, value in values.items()}

    @field_validator("*", mode="wrap")
    @classmethod
    def _report_all_errors(cls, value: object, section: ValidatorFunctionWrapHandler) -> object:
        return validate_section(cls, value, section)

    @model_validator(mode="after")
    def _require_shutdown_above_deadline(self) -> Settings:
        """Refuse a shutdown that cancels calls before their own deadline."""
        given = self.server.shutdown_s
        if given is None or given >= self.api.deadline_s:
            return self
        deadline = f"{self.api.deadline_s:g}"
        message = f"{given} is below api.deadline_s, {deadline}: raise it or leave it out"
        raise validation_error(type(self), (("server", "shutdown_s"), message, given))

    @property
    def shutdown_s(self) -> int:
        """Return the seconds that running calls have to finish after SIGTERM."""
        if self.server.shutdown_s is not None:
            return self.server.shutdown_s
        # A hung worker is killed one second after the deadline, and only then its call is answered.
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
        """Return flags, environment, TOML; without ``.env`` files and secret folders."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(config: Path | None = None, **flags: Any) -> Settings:
    """Return the settings in force.

    Args:
        config: TOML file, or none.
        flags: values from the command line, by setting name (a nested one as a mapping); ``None``
            if the flag was not given.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID``, with every wrong value and every unknown name
            in one line.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    known = {name for name, _, _ in describe(Settings)} | set(Settings.model_fields) | set(_RENAMED)
    messages = {
        path: unknown_setting(Settings, path)
        for path in unknown_variables(set(map(environment_name, known)))
    }
    try:
        settings = _settings_from(config)(**given)
    except ValidationError as error:
        for path, message in error_messages(Settings, error).items():
            messages.setdefault(path, message)
    except SettingsError as error:
        raise ServiceError(ErrorKind.CONFIGURATION_INVALID, str(error)) from None
    except OSError as error:
        raise ServiceError(ErrorKind.CONFIGURATION_INVALID, f"{config}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID, f"{config} is not a TOML file: {error}"
        ) from None
    if messages:
        raise ServiceError(ErrorKind.CONFIGURATION_INVALID, "; ".join(messages.values()))
    return settings


def _settings_from(config: Path | None) -> type[Settings]:
    if config is None:
        return Settings
    # Pydantic would ignore a file that is missing or not regular.
    if not stat.S_ISREG(config.stat().st_mode):
        raise ServiceError(ErrorKind.CONFIGURATION_INVALID, f"{config} is not a regular file")
    return type("Settings", (Settings,), {"model_config": {"toml_file": config}})


def _with_lists(settings: type[Settings], name: str, value: object) -> object:
    field = settings.model_fields.get(name)
    section = field and field.annotation
    if not dataclasses.is_dataclass(section) or not isinstance(value, Mapping):
        return value
    types = get_type_hints(section)
    return {
        key: _parse_list(part, types[key])
        if isinstance(part, str) and get_origin(types.get(key)) is tuple
        else part
        for key, part in value.items()
    }


def _parse_list(text: str, kind: Any) -> object:
    """Return the list in a text: JSON if its items are tables, otherwise comma-separated."""
    if not dataclasses.is_dataclass(get_args(kind)[0]):
        return tuple(filter(None, map(str.strip, text.split(","))))
    try:
        return json.loads(text)
    except ValueError:
        return text  # not a list, and refused as such
