"""Open or inherit the listening sockets."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.server import listeners as module
from web_image_ocr.server.listeners import READY_NAME, open_listeners
from web_image_ocr.settings import ServerConfig

NOT_USED = ServerConfig(host="192.0.2.1", port=1)
"""Cannot be listened on."""


def test_tcp_nodelay_is_set() -> None:
    """Otherwise an answer in two packets waits 40 ms on a kept-alive connection."""
    with (
        open_listeners(ServerConfig(host="127.0.0.1", port=0)) as listeners,
        socket.create_connection(listeners.sockets[0].getsockname()),
        listeners.sockets[0].accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_the_url_names_the_host_as_configured() -> None:
    with open_listeners(ServerConfig(host="localhost", port=0)) as listeners:
        port = listeners.sockets[0].getsockname()[1]
        assert listeners.url("https") == f"https://localhost:{port}"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


class Activation:
    """Pass descriptors on as a parent process does, but not from 3 on, which pytest uses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def inherits(self, *descriptors: int, names: str = "", pid: int | None = None) -> list[int]:
        first = 200
        for number, descriptor in enumerate(descriptors, first):
            os.dup2(descriptor, number)
        self._monkeypatch.setattr(module, "FIRST_FD", first)
        self._monkeypatch.setenv("LISTEN_PID", str(pid or os.getpid()))
        self._monkeypatch.setenv("LISTEN_FDS", str(len(descriptors)))
        self._monkeypatch.setenv("LISTEN_FDNAMES", names)
        return list(range(first, first + len(descriptors)))


@pytest.fixture
def activation(monkeypatch: pytest.MonkeyPatch) -> Activation:
    return Activation(monkeypatch)


def test_inherited_sockets_replace_the_configured_address(
    activation: Activation, listener: socket.socket
) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        given = activation.inherits(listener.fileno(), other.fileno(), names="a:b")
        with open_listeners(NOT_USED) as listeners:
            assert [one.fileno() for one in listeners.sockets] == given
            assert listeners.sockets[0].getsockname() == listener.getsockname()
            assert listeners.url("http") == f"http://127.0.0.1:{listener.getsockname()[1]}"
            assert listeners.all_on_loopback()
            assert not any(map(os.get_inheritable, given))
    assert not [name for name in os.environ if name.startswith("LISTEN_")]


def test_descriptors_for_another_process_are_ignored(
    activation: Activation, listener: socket.socket
) -> None:
    (given,) = activation.inherits(listener.fileno(), pid=1)
    with open_listeners(ServerConfig(host="127.0.0.1", port=0)) as listeners:
        assert listeners.sockets[0].getsockname() != listener.getsockname()
    os.close(given)


def test_the_predecessor_is_notified_once(activation: Activation, listener: socket.socket) -> None:
    reading, writing = os.pipe()
    activation.inherits(listener.fileno(), writing, names=f"web:{READY_NAME}")
    os.close(writing)
    with open_listeners(NOT_USED) as listeners:
        assert len(listeners.sockets) == 1
        listeners.notify_ready()
        assert os.read(reading, 10) == b"1"
        assert os.read(reading, 10) == b""  # closed
        listeners.notify_ready()
    os.close(reading)


def test_a_predecessor_notices_that_its_successor_ended(
    activation: Activation, listener: socket.socket
) -> None:
    reading, writing = os.pipe()
    activation.inherits(listener.fileno(), writing, names=f"web:{READY_NAME}")
    os.close(writing)
    with open_listeners(NOT_USED):
        pass
    assert os.read(reading, 10) == b""
    os.close(reading)


def refusal(activation: Activation, descriptor: int) -> str:
    (given,) = activation.inherits(descriptor)
    with pytest.raises(ServiceError) as caught:
        open_listeners(NOT_USED)
    os.close(given)
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    return caught.value.detail


def test_unusable_descriptors_are_refused(activation: Activation, tmp_path: Path) -> None:
    with tempfile.TemporaryFile() as file:
        assert refusal(activation, file.fileno()).endswith("Socket operation on non-socket")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        assert "it does not listen" in refusal(activation, one.fileno())
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        assert "it is not a TCP socket" in refusal(activation, one.fileno())
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        one.listen()
        assert "it is not a TCP socket" in refusal(activation, one.fileno())
