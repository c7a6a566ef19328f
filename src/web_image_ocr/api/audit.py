"""Tell the audit trail where a call comes from, and how it was refused."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from web_image_ocr.primitives.audit import CHANGE_REFUSED, AuditContext, audit_scope
from web_image_ocr.primitives.errors import ServiceError

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ACCOUNTS = ("/v1/", "/v3/", "/v3.0/")


class Audited:
    """Set each call's origin; a pure ASGI layer of the application.

    What identity does not record itself is recorded here: a change that an authenticated caller
    was refused before identity was asked for it, for instance for the role.

    Args:
        app: what is inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = AuditContext(client=lambda: scope["app"].state.services.network(scope))
        with audit_scope(origin):
            try:
                await self._app(scope, receive, send)
            except ServiceError as error:
                if origin.actor and _is_change(scope):
                    change = getattr(scope.get("route"), "name", "")
                    origin.record(CHANGE_REFUSED, error.kind.value, change=change)
                raise


def _is_change(scope: Scope) -> bool:
    return scope["method"] in _CHANGING and scope["path"].startswith(_ACCOUNTS)
