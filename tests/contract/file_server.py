"""Serve files on this machine, for ``url``."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class FileServer:
    """Hold the address and the files of a web server.

    Attributes:
        port: of the server.
        closed_port: where nobody listens, now or later.
        files: content type and bytes by path; the path ``/silent`` never answers, every
            other path is a page that is not found.
        over: set when silent answers shall end.
    """

    port: int
    closed_port: int
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def put(self, path: str, content_type: str, content: bytes) -> str:
        """Serve a file; return its URL."""
        self.files[path] = (content_type, content)
        return self.url(path)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def serving_files() -> Iterator[FileServer]:
    """Run the server until the end of the block."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # reserved, and without a listener
        served = FileServer(port=server.server_port, closed_port=closed.getsockname()[1])
        _Handler.served = served
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield served
        finally:
            served.over.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    served: FileServer

    def do_GET(self) -> None:
        if self.path == "/silent":
            self.served.over.wait()
            return
        content_type, content = self.served.files.get(self.path, ("", b""))
        if not content_type:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Log nothing."""
