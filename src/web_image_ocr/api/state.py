"""Hold the objects that the routes of one application share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.types import Scope

from web_image_ocr.api.authentication import Authenticator
from web_image_ocr.api.client_addresses import ClientAddresses
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.api.identity_gateway import IdentityGateway
from web_image_ocr.api.limits.bodies import Body
from web_image_ocr.api.limits.body_budget import BodyBudget, unauthenticated
from web_image_ocr.api.limits.management_rate_limit import ManagementRateLimit
from web_image_ocr.api.limits.rate_limit import RateLimit
from web_image_ocr.api.sign_ins import SignIns
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.networks import client_network

IDENTITY_BODY_BYTES = 32 * 1024
"""Largest body of the identity API and the management API."""

_BASE64_THREADS = 2
"""Large Base64 texts decoded at once; each takes about four times its size for a moment."""

_PROBE_TIMEOUT_S = 1.0
"""Seconds until a database that does not answer counts as unavailable."""


class DatabaseProbe:
    """Check the database in a dedicated thread; simultaneous probes share one check.

    Args:
        check: raises ``ServiceError`` unless the database answers.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._thread = CapacityLimiter(1)
        self._running: asyncio.Future[bool] | None = None

    async def answers(self) -> bool:
        """Return whether the database answers within a second."""
        running = self._running
        if running is None or running.done():
            running = self._running = asyncio.ensure_future(self._run())
        # Not cancelled at the timeout: a thread cannot be, and the next probe shares it.
        await asyncio.wait([running], timeout=_PROBE_TIMEOUT_S)
        return running.done() and running.result()

    async def _run(self) -> bool:
        try:
            await to_thread.run_sync(self._check, limiter=self._thread)
        except ServiceError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class IdentityServices:
    """Hold what routes use of identity."""

    gateway: IdentityGateway
    authenticator: Authenticator
    sign_ins: SignIns
    probe: DatabaseProbe


class State:
    """Hold the objects behind the routes of one application."""

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
        self.identity = self._identity_services(identity) if identity else None
        self.base64_threads = CapacityLimiter(_BASE64_THREADS)
        self.budget = BodyBudget(
            config.max_bodies_bytes,
            unauthenticated=max(config.max_bodies_bytes // 2, config.max_body_bytes),
            floor=config.max_body_bytes,
        )

    def network(self, scope: Scope) -> str:
        """Return the client network of a call."""
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
            unauthenticated(self.network(request.scope)),
            limit=limit,
            too_large=too_large,
            seconds=self.config.body_s,
            rate=self.config.body_bytes_per_s,
        )

    def _identity_services(self, identity: Identity) -> IdentityServices:
        gateway = IdentityGateway(identity)
        return IdentityServices(
            gateway,
            Authenticator(gateway, self._addresses),
            SignIns(gateway, self._addresses),
            DatabaseProbe(identity.check),
        )


def state_of(request: Request) -> State:
    """Return the state of the application that serves this request."""
    state: State = request.app.state.shared
    return state


def identity_of(request: Request) -> IdentityServices:
    """Return the identity services of the application that serves this request.

    Raises:
        ServiceError: ``ROUTE_UNKNOWN`` on a server without authentication.
    """
    services = state_of(request).identity
    if services is None:
        raise ServiceError(ErrorKind.ROUTE_UNKNOWN, "this server has no identity API")
    return services
