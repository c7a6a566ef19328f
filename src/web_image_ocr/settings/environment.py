"""Name the environment variables of settings, and find variables that name none.

Kubernetes adds variables for each Service of the namespace, and Docker for each ``--link``. They
start with the service's name in capitals, which may equal our prefix. Those are not settings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

ENV_PREFIX = "WEB_IMAGE_OCR_"

_SERVICE = r"(?:[A-Z0-9]+_)*"
"""Rest of the service's name; ``__`` names a setting in a section."""
_ADDRESS = r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
_URL = r"(?:tcp|udp|sctp)://.+:[0-9]+"
_PORT = r"PORT_[0-9]+_(?:TCP|UDP|SCTP)"
_SERVICE_LINKS = tuple(
    (re.compile(_SERVICE + name), re.compile(value))
    for name, value in (
        ("SERVICE_HOST", _ADDRESS),
        ("SERVICE_PORT(?:_[A-Z0-9]+)*", "[0-9]+"),
        ("PORT", _URL),
        (f"{_PORT}(?:_START|_END)?", _URL),
        (f"{_PORT}_PROTO", "tcp|udp|sctp"),
        (f"{_PORT}_PORT(?:_START|_END)?", "[0-9]+"),
        (f"{_PORT}_ADDR", _ADDRESS),
        ("NAME", "/[^/]+/[^/]+"),
        (r"ENV_\w+", "(?s:.*)"),
    )
)


def environment_name(setting: str) -> str:
    """Return the environment variable of a setting, such as ``WEB_IMAGE_OCR_SERVER__PORT``."""
    return ENV_PREFIX + setting.replace(".", "__").upper()


def unknown_variables(known: set[str]) -> Iterator[str]:
    """Yield the setting path of each variable with our prefix that is not known.

    Pydantic reports only some of them.
    """
    for variable, value in sorted(os.environ.items()):
        name = variable.upper()
        rest = name.removeprefix(ENV_PREFIX)
        if name in known or name == rest or _is_service_link(rest, value):
            continue
        yield rest.lower().replace("__", ".")


def _is_service_link(name: str, value: str) -> bool:
    """Return whether the variable was added for another container.

    The value must match, too: ``PORT=8000`` may be a misspelled setting, and
    ``PORT=tcp://10.0.0.1:8000`` is not.
    """
    return any(key.fullmatch(name) and form.fullmatch(value) for key, form in _SERVICE_LINKS)
