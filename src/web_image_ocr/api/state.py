"""What the routes of one application share."""

from __future__ import annotations

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.types import Scope

from web_image_ocr.api.clients import ClientAddresses
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.credentials import Callers
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.api.limits.bodies import Body
from web_image_ocr.api.limits.body_budget import BodyBudget, unauthenticated
from web_image_ocr.api.limits.management_rate_limit import ManagementRateLimit
from web_image_ocr.api.limits.rate_limit import RateLimit
from web_image_ocr.api.readiness import DatabaseProbe
from web_image_ocr.primitives.errors import ErrorKind
from web_image_ocr.primitives.networks import client_network

IDENTITY_BODY_BYTES = 32 * 1024
"""Largest body the identity API and the management API take."""

_DECODING = 2
"""Large Base64 texts decoded at once; each takes some four times its size for a moment."""


class State:
    """The objects behind the routes of one application.

    Args:
        dependencies: what the application is given.
        config: its limits.
    """

    def __init__(self, dependencies: Dependencies, config: ApiConfig) -> None:
        self.config = config
        self.recognizer = dependencies.recognizer
        self.fetcher = dependencies.fetcher
        self.engine = dependencies.engine
        self.stopping = dependencies.stopping
        self.rate_limit = RateLimit(config.rate_limit, dependencies.shared_rate_counters)
        self._addresses = ClientAddresses(dependencies.trusted_proxies)
        self.management_rate_limit = ManagementRateLimit(
            RateLimit(config.management_rate_limit, dependencies.shared_rate_counters),
            self._addresses,
        )
        identity = dependencies.identity
        self.callers = Callers(identity, self._addresses) if identity else None
        self.store = DatabaseProbe(identity.check) if identity else None
        self.decoding = CapacityLimiter(_DECODING)
        self.budget = BodyBudget(
            config.max_bodies_bytes,
            unauthenticated=max(config.max_bodies_bytes // 2, config.max_body_bytes),
            floor=config.max_body_bytes,
        )

    def network(self, scope: Scope) -> str:
        """Return the network that a call comes from."""
        return client_network(self._addresses.of(scope))

    def service_body(self, request: Request) -> Body:
        """Return the body of a call of the service."""
        return self._body(request, self.config.max_body_bytes, ErrorKind.BODY_TOO_LARGE)

    def identity_body(self, request: Request) -> Body:
        """Return the body of a call of the identity API or the management API."""
        return self._body(request, IDENTITY_BODY_BYTES, ErrorKind.IDENTITY_REQUEST_INVALID)

    def _body(self, request: Request, limit: int, too_large: ErrorKind) -> Body:
        return Body(
            request.scope,
            request.receive,
            self.budget,
            unauthenticated(client_network(self._addresses.of(request.scope))),
            limit=limit,
            too_large=too_large,
            seconds=self.config.body_s,
            rate=self.config.body_bytes_per_s,
        )


def state_of(request: Request) -> State:
    """The state of the application that serves this request."""
    state: State = request.app.state.services
    return state
