"""Calls as bytes on a socket, so that what was sent and what came back is known exactly."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

ANSWER_LIMIT_S = 90.0
"""The server answers within its deadline of 60 s; a call beyond this one hangs."""

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER by which closing a socket resets the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request and what must come back.

    Attributes:
        kind: its name in the summary.
        request: head and body, whole.
        status: of the answer; 0 where none can come.
        code: of the error, "" for none.
        same: calls of the same name must have answers of the same bytes; "" for any answer.
        leaves: the client goes in the middle of its body, or before the answer.
    """

    kind: str
    request: bytes
    status: int = 200
    code: str = ""
    same: str = ""
    leaves: Literal["", "in the body", "before the answer"] = ""


class Fate(Enum):
    """What became of a call."""

    ANSWERED = "answered"
    LEFT = "left by its client"
    REFUSED = "no connection"
    NOT_SENT = "connection closed before all was sent"
    LOST = "sent, and no whole answer"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call.

    Attributes:
        fate: of the call.
        status: of the answer, 0 without one.
        body: of the answer.
        detail: the error in place of an answer.
    """

    fate: Fate
    status: int = 0
    body: bytes = field(default=b"", repr=False)
    detail: str = ""

    @property
    def code(self) -> str:
        """``error_code`` of the answer, "" where it has none."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return ""
        return str(said.get("error_code", "")) if isinstance(said, dict) else ""


class Client:
    """One client, which keeps its connection until it or the server closes it."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._socket: socket.socket | None = None

    def call(self, call: Call, *, fresh: bool = False) -> Outcome:
        """Send a call and wait for its answer, on a new connection if that is wanted."""
        if fresh:
            self.close()
        try:
            connection = self._connected()
        except OSError as error:
            return Outcome(Fate.REFUSED, detail=type(error).__name__)
        try:
            if call.leaves:
                return self._leave(connection, call)
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
            self._socket = socket.create_connection(self._place, timeout=ANSWER_LIMIT_S)
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

    def _leave(self, connection: socket.socket, call: Call) -> Outcome:
        whole = len(call.request)
        sent = whole // 2 if call.leaves == "in the body" else whole
        connection.sendall(call.request[:sent])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.close()
        return Outcome(Fate.LEFT)


def request_of(
    path: str,
    body: bytes,
    headers: dict[str, str],
    *,
    method: str = "POST",
    length: int | None = None,
) -> bytes:
    """A whole HTTP/1.1 request; ``length`` in place of the body's own."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body
