"""Send calls as bytes on a socket, to know exactly what was sent and received."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

RESPONSE_TIMEOUT_S = 90.0
"""The server's deadline is 60 s; a call that takes longer than this hangs."""

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER value that makes close() reset the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Hold a request and the expected response.

    Attributes:
        kind: Name in the summary.
        request: Complete request.
        status: Expected HTTP status; 0 for no response.
        code: Expected error code; "" for none.
        same: Calls with the same name must get identical responses; "" for any response.
        aborts: When the client aborts the call; "" for never.
    """

    kind: str
    request: bytes
    status: int = 200
    code: str = ""
    same: str = ""
    aborts: Literal["", "during the body", "before the response"] = ""


class Fate(Enum):
    """Classify how a call ended."""

    ANSWERED = "answered"
    ABORTED = "aborted by the client"
    REFUSED = "connection refused"
    NOT_SENT = "connection closed while sending"
    LOST = "sent without a complete response"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold the outcome of a call.

    Attributes:
        fate: How it ended.
        status: HTTP status; 0 without a response.
        body: Response body.
        detail: Exception instead of a response.
    """

    fate: Fate
    status: int = 0
    body: bytes = field(default=b"", repr=False)
    detail: str = ""

    @property
    def code(self) -> str:
        """Return ``error_code`` of the response; "" if it has none."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return ""
        return str(said.get("error_code", "")) if isinstance(said, dict) else ""


class Client:
    """Call a server on one connection, reopened after either side closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def call(self, call: Call, *, fresh: bool = False) -> Outcome:
        """Send a call and return its outcome; ``fresh`` forces a new connection."""
        if fresh:
            self.close()
        try:
            connection = self._connected()
        except OSError as error:
            return Outcome(Fate.REFUSED, detail=type(error).__name__)
        try:
            if call.aborts:
                return self._abort(connection, call)
            return self._ask(connection, call.request)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def _connected(self) -> socket.socket:
        if not self._socket:
            self._socket = socket.create_connection(self._address, timeout=RESPONSE_TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _ask(self, connection: socket.socket, request: bytes) -> Outcome:
        fate = Fate.NOT_SENT
        try:
            connection.sendall(request)
            fate = Fate.LOST
            response = http.client.HTTPResponse(connection)
            response.begin()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Outcome(fate, detail=type(error).__name__)
        if response.will_close:
            self.close()
        return Outcome(Fate.ANSWERED, response.status, body)

    def _abort(self, connection: socket.socket, call: Call) -> Outcome:
        whole = len(call.request)
        sent = whole // 2 if call.aborts == "during the body" else whole
        connection.sendall(call.request[:sent])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close()
        return Outcome(Fate.ABORTED)


def request_of(
    path: str,
    body: bytes,
    headers: dict[str, str],
    *,
    method: str = "POST",
    length: int | None = None,
) -> bytes:
    """Return an HTTP/1.1 request; ``length`` overrides the Content-Length."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body
