"""Environment variables that Kubernetes and Docker add for services of other containers.

Kubernetes adds some for each Service of the namespace, Docker for each ``--link``. They begin
with the name of the service in capitals, which may be the prefix of our settings.
"""

from __future__ import annotations

import re

_NAME = r"(?:[A-Z0-9]+_)*"
"""Rest of the service's name; ``__`` names a setting in a section."""
_ADDRESS = r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
_URL = r"(?:tcp|udp|sctp)://.+:[0-9]+"
_PORT = r"PORT_[0-9]+_(?:TCP|UDP|SCTP)"
_FORMS = tuple(
    (re.compile(_NAME + name), re.compile(value))
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


def is_service_link(name: str, value: str) -> bool:
    """Return whether the variable was added for a service.

    Args:
        name: of the variable, in capitals, without what the service's name begins with.
        value: of the variable. It must have the form, too: ``PORT`` alone may be a misspelled
            setting, ``PORT=tcp://10.0.0.1:8000`` is not.
    """
    return any(form.fullmatch(name) and content.fullmatch(value) for form, content in _FORMS)
