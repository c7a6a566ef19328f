"""Record the audit trail: sign-ins, changes of accounts and refused attempts, one record each.

A record has the ``event``, the user who caused it (``actor``), the affected record (``target``),
the ``client`` network and the ``outcome``. Rule: ids only. No secrets, and no names, because
unauthenticated clients can invent them.

Records go through the standard library's logging, so a program that does not configure logging
gets none of them.
"""

from __future__ import annotations

import logging
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
"""Actor of commands: anyone who may read the data folder."""
CHANGE_REFUSED = "change_refused"

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    logging.getLogger(AUDIT_LOGGER), wrapper_class=structlog.stdlib.BoundLogger
)
# Not get_logger: without configuration, structlog prints to standard output.


@dataclass(slots=True)
class AuditContext:
    """Hold the origin of a call or a command; it gets at most one record.

    Attributes:
        actor: id of the user, once known, or ``OPERATOR``.
        client: returns the network of the caller.
        target: id of the affected record, for a failure.
        recorded: whether the record is made.
    """

    actor: str = ""
    client: Callable[[], str] = str
    target: str = ""
    recorded: bool = False

    def record(self, event: str, outcome: str, **fields: object) -> None:
        """Make the record unless there is one."""
        if self.recorded:
            return
        self.recorded = True
        known = {"actor": self.actor, "target": self.target, **fields}
        _log.info(event, outcome=outcome, client=self.client(), **known)


_context: ContextVar[AuditContext | None] = ContextVar("audit_context", default=None)


@contextmanager
def audit_scope(context: AuditContext) -> Iterator[None]:
    """Attribute records of the body, also of its threads, to this context."""
    token = _context.set(context)
    try:
        yield
    finally:
        _context.reset(token)


def set_actor(actor: str) -> None:
    """Set the actor of the current context."""
    if context := _context.get():
        context.actor = actor


def set_target(target: str) -> None:
    """Set the target of the current context."""
    if context := _context.get():
        context.target = target


def record(event: str, outcome: str, **fields: object) -> None:
    """Record an event outside of an audited function."""
    (_context.get() or AuditContext()).record(event, outcome, **fields)


def audited(
    event: str | None,
    *,
    fields: Callable[[Any], Mapping[str, Any] | None],
    refusals: Mapping[ErrorKind, str] | None = None,
) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """Decorate a function so that its calls are recorded; of nested ones, only the innermost.

    Args:
        event: event of a success; None records failures only.
        fields: returns the fields of the record from the result; None if nothing has changed.
        refusals: event of a failure by its kind; other kinds are not recorded. None records all
            failures of a known actor as ``CHANGE_REFUSED`` of the event.
    """

    def decorate(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        @wraps(function)
        def recorded(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
            context = _context.get() or AuditContext()
            with audit_scope(context):
                try:
                    result = function(*args, **kwargs)
                except ServiceError as error:
                    if refusals is None and context.actor:
                        context.record(CHANGE_REFUSED, error.kind.value, change=event)
                    elif refusals and error.kind in refusals:
                        context.record(refusals[error.kind], error.kind.value)
                    raise
            values = fields(result)
            if event is not None and values is not None:
                context.record(event, "success", **values)
            return result

        return recorded

    return decorate
