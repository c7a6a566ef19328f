"""What the routes of one application share."""

from __future__ import annotations

from anyio import CapacityLimiter
from starlette.requests import Request

from web_image_ocr.api.bodies import Body, BodyBudget
from web_image_ocr.api.clients import ClientAddresses
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.credentials import Callers
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.api.throttle import Throttle
from web_image_ocr.primitives.errors import ErrorKind

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
        self.throttle = Throttle(config.rate_limit, dependencies.shared_windows)
        addresses = ClientAddresses(dependencies.trusted_proxies)
        self.callers = Callers(dependencies.identity, addresses) if dependencies.identity else None
        self.decoding = CapacityLimiter(_DECODING)
        self._budget = BodyBudget(
            config.max_bodies_bytes,
            unproved=max(config.max_bodies_bytes // 2, config.max_body_bytes),
        )

    def service_body(self, request: Request) -> Body:
        """The body of a call of the service."""
        return Body(
            request.scope,
            request.receive,
            self._budget,
            limit=self.config.max_body_bytes,
            seconds=self.config.body_s,
        )

    def identity_body(self, request: Request) -> Body:
        """The body of a call of the identity API or the management API."""
        return Body(
            request.scope,
            request.receive,
            self._budget,
            limit=IDENTITY_BODY_BYTES,
            too_large=ErrorKind.IDENTITY_REQUEST_INVALID,
            seconds=self.config.body_s,
        )


def state_of(request: Request) -> State:
    """The state of the application that serves this request."""
    state: State = request.app.state.services
    return state
