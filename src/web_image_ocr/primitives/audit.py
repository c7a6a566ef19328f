"""Record the audit trail: sign-ins, changes of accounts and refused attempts, one record each.

A record says what happened (``event``), who did it (``actor``), to what (``target``), from which
network (``client``) and how it ended (``outcome``). Rule: ids only; no secrets, and no names,
which a stranger may have invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import structlog

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

AUDIT_LOGGER = "web_image_ocr.audit"
OPERATOR = "operator"
"""The actor of commands: anyone who may read the data folder."""
CHANGE_REFUSED = "change_refused"

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_log = structlog.stdlib.get_logger(AUDIT_LOGGER)


@dataclass(slots=True)
class AuditContext:
    """Where a call or a command comes from; at most one record is made for it.

    Attributes:
        actor: id of the user, once known, or ``OPERATOR``.
        client: returns the network of the caller.
        target: id of what the attempt is about, if it fails.
        recorded: whether its record is made.
    """

    actor: str = ""
    client: Callable[[], str] = str
    target: str = ""
    recorded: bool = False

    def record(self, event: str, outcome: str, **fields: object) -> None:
        """Make the record, unless there is one."""
        if self.recorded:
            return
        self.recorded = True
        known = {"actor": self.actor, "target": self.target, **fields}
        _log.info(event, outcome=outcome, client=self.client(), **known)


_origin: ContextVar[AuditContext | None] = ContextVar("origin", default=None)


@contextmanager
def audit_scope(origin: AuditContext) -> Iterator[None]:
    """Have what the body does, in threads as well, come from this origin."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def set_actor(actor: str) -> None:
    """Remember who is calling."""
    if origin := _origin.get():
        origin.actor = actor


def set_target(target: str) -> None:
    """Remember what the attempt is about."""
    if origin := _origin.get():
        origin.target = target


def record(event: str, outcome: str, **fields: object) -> None:
    """Record what no call of an audited function stands for."""
    (_origin.get() or AuditContext()).record(event, outcome, **fields)


def audited(
    event: str | None,
    *,
    fields: Callable[[Any], Mapping[str, Any] | None],
    refusals: Mapping[ErrorKind, str] | None = None,
) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """Have calls of the function recorded, the innermost such function's first.

    Args:
        event: name of a success; None records failures only.
        fields: reads the record's fields out of the result; None if nothing has changed.
        refusals: name of a failure by its kind; failures of other kinds are not recorded.
            None records all failures of a known actor as ``CHANGE_REFUSED`` of the event.
    """

    def decorate(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        @wraps(function)
        def recorded(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
            origin = _origin.get() or AuditContext()
            with audit_scope(origin):
                try:
                    result = function(*args, **kwargs)
                except ServiceError as error:
                    if refusals is None and origin.actor:
                        origin.record(CHANGE_REFUSED, error.kind.value, change=event)
                    elif refusals and error.kind in refusals:
                        origin.record(refusals[error.kind], error.kind.value)
                    raise
            said = fields(result)
            if event is not None and said is not None:
                origin.record(event, "success", **said)
            return result

        return recorded

    return decorate
