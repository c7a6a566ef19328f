"""Open the listening sockets, or inherit them from the parent process (socket activation).

Inherited sockets follow systemd's protocol (``sd_listen_fds(3)``): file descriptors from 3 on,
announced by ``LISTEN_PID``, ``LISTEN_FDS`` and ``LISTEN_FDNAMES``. They outlive this process, so a
client that connects during a restart waits in their queue instead of being refused.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from dataclasses import dataclass

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import ServerConfig

BACKLOG = 2048
"""Clients that the kernel queues per socket until they are accepted."""
FIRST_FD = 3
READY_NAME = "web-image-ocr-ready"
"""Name of the pipe that a successor writes to when it is ready; see ``restart``."""


@dataclass(slots=True)
class Listeners:
    """Hold the listening sockets; ``with`` closes them.

    Attributes:
        sockets: at least one.
        host: of the first one, for its URL.
        ready: pipe to the server that this process is to replace; None without one.
    """

    sockets: list[socket.socket]
    host: str
    ready: int | None = None

    def __enter__(self) -> Listeners:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.sockets:
            one.close()
        self._close_ready()

    def url(self, scheme: str) -> str:
        """Return the URL of the first socket."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.sockets[0].getsockname()[1]}"

    def all_on_loopback(self) -> bool:
        """Return whether only this machine can connect."""
        return all(
            ipaddress.ip_address(one.getsockname()[0].partition("%")[0]).is_loopback
            for one in self.sockets
        )

    def notify_ready(self) -> None:
        """Tell the server that this process replaces, if any, to shut down."""
        if self.ready is not None:
            with contextlib.suppress(OSError):  # it has ended
                os.write(self.ready, b"1")
            self._close_ready()

    def _close_ready(self) -> None:
        if self.ready is not None:
            os.close(self.ready)
            self.ready = None


def open_listeners(server: ServerConfig) -> Listeners:
    """Return the inherited sockets, or one on the configured host and port.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when listening fails, or an inherited descriptor
            is not a listening TCP socket.
    """
    listeners = _inherited() or Listeners([_listen(server.host, server.port)], server.host)
    for one in listeners.sockets:
        # asyncio sets this only on sockets with an explicit protocol, and these have none. Without
        # it, an answer in two packets waits 40 ms for the client's delayed acknowledgement.
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listeners


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        # The text of an errno is shorter than the error's own; DNS errors have other numbers.
        is_dns = isinstance(error, socket.gaierror)
        reason = os.strerror(error.errno) if error.errno and not is_dns else error.strerror
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID, f"cannot listen on {host} port {port}: {reason}"
        ) from None


def _inherited() -> Listeners | None:
    # Removed from the environment, so that no child process claims them.
    pid, count, names = (
        os.environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
    )
    if pid != str(os.getpid()) or not count.isdecimal():
        return None
    descriptors = range(FIRST_FD, FIRST_FD + int(count))
    ready = None
    sockets = []
    for descriptor, name in zip(descriptors, [*names.split(":"), *[""] * int(count)], strict=False):
        if name == READY_NAME:
            ready = descriptor
            os.set_inheritable(descriptor, False)
        else:
            sockets.append(_listening(descriptor))
    if not sockets:
        return None
    return Listeners(sockets, sockets[0].getsockname()[0], ready)


def _listening(descriptor: int) -> socket.socket:
    """Return the socket of an inherited descriptor, and keep child processes from inheriting it."""
    try:
        one = socket.socket(fileno=descriptor)
    except OSError as error:
        raise _unusable(descriptor, error.strerror or "unknown error") from None
    if one.family not in {socket.AF_INET, socket.AF_INET6} or one.type != socket.SOCK_STREAM:
        one.detach()
        raise _unusable(descriptor, "it is not a TCP socket")
    if not one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        one.detach()
        raise _unusable(descriptor, "it does not listen; set Accept=no in the .socket unit")
    one.set_inheritable(False)
    return one


def _unusable(descriptor: int, reason: str) -> ServiceError:
    return ServiceError(
        ErrorKind.CONFIGURATION_INVALID,
        f"cannot use inherited file descriptor {descriptor} (LISTEN_FDS): {reason}",
    )
