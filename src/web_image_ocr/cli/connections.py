"""How the server's connections end when it is told to stop."""

from __future__ import annotations

from uvicorn.protocols.http.h11_impl import H11Protocol

_FAREWELL_S = 1.0
"""What an idle client gets to end TLS with us; asyncio would wait for it for 30 s."""


class PromptlyClosing(H11Protocol):
    """HTTP/1.1 whose idle connections hold up the end of the server for a second at most."""

    def shutdown(self) -> None:
        """Close the connection, if idle, or have it closed after the answer under way."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(_FAREWELL_S, self.transport.abort)
