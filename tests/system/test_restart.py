"""Restart without downtime (SIGUSR2, socket activation), and reload files (SIGHUP)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from tests.soak.restart import restarted, successors_stopped
from tests.support.certificates import self_signed
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import COMMAND, Server, running_server, started_server

pytestmark = [pytest.mark.server, pytest.mark.models]

ROOT = Path(__file__).parents[2]
PATH = f"/v2/{'0' * 32}/ocr/web-image"
BODY = json.dumps({"image": to_base64(encode_image(draw_image(size=(40, 24))))})
CLIENTS = 4
_ACTIVATED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="web.socket")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Start a command with a listening socket as descriptor 3, as systemd does."""


def _place(server: Server) -> tuple[str, int]:
    host, _, port = server.url.partition("://")[2].partition(":")
    return host, int(port)


@contextmanager
def _calls(place: tuple[str, int], *, tls: bool = False) -> Iterator[list[str]]:
    """Call all the time on new connections; yield the outcome of each call."""
    ended, outcomes = threading.Event(), list[str]()

    def connect() -> HTTPConnection:
        if tls:
            return HTTPSConnection(*place, timeout=90, context=ssl._create_unverified_context())  # noqa: S323
        return HTTPConnection(*place, timeout=90)

    def loop() -> None:
        while not ended.wait(0.02):  # leaves CPU time to start servers
            try:
                with closing(connect()) as connection:
                    connection.request("POST", PATH, BODY, {"Content-Type": "application/json"})
                    answer = connection.getresponse()
                    answer.read()
                    outcomes.append(str(answer.status))
            except (OSError, HTTPException) as error:
                outcomes.append(repr(error))

    with ThreadPoolExecutor(CLIENTS) as threads:
        running_ = [threads.submit(loop) for _ in range(CLIENTS)]
        try:
            yield outcomes
        finally:
            ended.set()
    for one in running_:
        one.result()


def _wait_for(seen: Callable[[], object], server: Server) -> None:
    end = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < end, server.log_tail()
        time.sleep(0.05)


def _wait_for_more(outcomes: list[str], server: Server) -> None:
    before = len(outcomes)
    _wait_for(lambda: len(outcomes) > before + 2 * CLIENTS, server)


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_rolling_restart_loses_no_call(tmp_path: Path, tls: bool) -> None:
    files = self_signed(tmp_path)
    flags = ("--tls-cert", str(files[0]), "--tls-key", str(files[1])) if tls else ()
    with (
        running_server(tmp_path, "--no-auth", *flags) as server,
        successors_stopped(server),
        _calls(_place(server), tls=tls) as outcomes,
    ):
        _wait_for_more(outcomes, server)
        successor = restarted(server, server.process.pid)
        assert server.process.returncode == 0
        _wait_for_more(outcomes, server)
        restarted(server, successor)
        _wait_for_more(outcomes, server)
    assert set(outcomes) == {"200"}
    assert "Traceback" not in server.log.read_text()


def test_a_successor_that_does_not_start_changes_nothing(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("[api]\nopenapi = true\n")
    with (
        running_server(tmp_path, "--no-auth", "--config", str(config)) as server,
        successors_stopped(server),
        _calls(_place(server)) as outcomes,
    ):
        config.write_text("[api]\nopenapi = 'perhaps'\n")
        server.process.send_signal(signal.SIGUSR2)
        event = "successor failed to start; this server continues"
        _wait_for(lambda: server.records(event), server)
        assert server.records(event)[0]["status"] == 4
        _wait_for_more(outcomes, server)
        config.write_text("[api]\nopenapi = false\n")
        restarted(server, server.process.pid)
    assert set(outcomes) == {"200"}


def _documented(start: str) -> str:
    """Return the command of the upgrade guide that starts like this."""
    lines = (ROOT / "docs/operations.md").read_text(encoding="utf-8").splitlines()
    (command,) = {line.strip() for line in lines if line.strip().startswith(start)}
    return command


def test_an_upgrade_as_documented_starts_the_new_version(tmp_path: Path) -> None:
    installed = Path(COMMAND[0]).read_text(encoding="utf-8")
    for version in ("OLD", "NEW"):
        script = tmp_path / f"web-image-ocr-{version}" / ".venv/bin/web-image-ocr"
        script.parent.mkdir(parents=True)
        said = json.dumps({"event": "version", "version": version})
        script.write_text(f"{installed.partition(chr(10))[0]}\nprint('{said}', flush=True)\n")
        with script.open("a", encoding="utf-8") as out:
            out.write(installed)
        script.chmod(0o755)
    link = tmp_path / "web-image-ocr"
    link.symlink_to("web-image-ocr-OLD")
    command = [f"{link}/.venv/bin/web-image-ocr", "serve", "--no-auth", "--port", "0"]
    data_dir = ("--data-dir", str(tmp_path / "data"))
    with _started([*command, *data_dir], tmp_path / "log") as server, successors_stopped(server):
        server.wait_until_ready()
        point = (
            _documented("ln -sfn").replace("/opt/", f"{tmp_path}/").replace("NEW-VERSION", "NEW")
        )
        subprocess.run(point.split(), check=True)
        kill = _documented("kill -USR2").replace("PID", str(server.records("listening")[0]["pid"]))
        subprocess.run(kill.split(), check=True)
        _wait_for(lambda: server.process.poll() is not None, server)
        assert [record["version"] for record in server.records("version")] == ["OLD", "NEW"]
        old, new = server.records("listening")
        assert new["url"] == old["url"]
        assert server.is_ready()


def test_stopping_a_server_stops_its_starting_successor(tmp_path: Path) -> None:
    with running_server(tmp_path, "--no-auth") as server, successors_stopped(server):
        server.process.send_signal(signal.SIGUSR2)
        _wait_for(lambda: server.records("successor started"), server)
        place = _place(server)
        assert server.stop() == 0
        assert not server.records("successor ready")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place)


@contextmanager
def _started(command: Sequence[str], log: Path, **options: Any) -> Iterator[Server]:
    """Run the command as a server, which must exit with status 0."""
    environment = {**os.environ, "WEB_IMAGE_OCR_SERVING__WORKERS": "1"}
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out, env=environment, **options) as process,
    ):
        server = Server(process, log)
        try:
            yield server
            if process.poll() is None:
                assert server.stop() == 0, server.log_tail()
        finally:
            process.kill()


def _activated(
    data_dir: Path, listener: socket.socket, number: int
) -> AbstractContextManager[Server]:
    """Run a server that inherits the socket."""
    command = [*COMMAND, "serve", "--no-auth", "--data-dir", str(data_dir)]
    starter = [sys.executable, "-c", _ACTIVATED, str(listener.fileno()), *command]
    return _started(starter, data_dir / f"activated-{number}.log", pass_fds=[listener.fileno()])


def test_clients_between_two_servers_of_one_socket_wait(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=128) as listener,
        ExitStack() as calling,
    ):
        outcomes = calling.enter_context(_calls(listener.getsockname()))
        for number in range(3):
            with _activated(tmp_path, listener, number) as server:
                _wait_for_more(outcomes, server)
                assert _place(server) == listener.getsockname()
                if number == 2:
                    calling.close()  # while a server answers the waiting calls
    assert set(outcomes) == {"200"}


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="comes with systemd")
def test_systemd_gives_the_socket(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        place = probe.getsockname()
    command = [*COMMAND, "serve", "--no-auth", "--data-dir", str(tmp_path)]
    # The tool passes on only the variables given to it.
    settings = ("--setenv=PATH", "--setenv=HOME", "--setenv=WEB_IMAGE_OCR_SERVING__WORKERS=1")
    starter = ["systemd-socket-activate", f"--listen={place[0]}:{place[1]}", *settings, *command]
    with _started(starter, tmp_path / "activated.log") as server:
        _wait_for(lambda: "Listening on" in server.log.read_text(), server)
        with _calls(place) as outcomes:  # the first of them starts the server
            _wait_for_more(outcomes, server)
        assert set(outcomes) == {"200"}
        assert server.url == f"http://127.0.0.1:{place[1]}"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="comes with systemd")
def test_systemd_takes_the_socket_unit(tmp_path: Path) -> None:
    unit = Path(shutil.copy(ROOT / "deploy/systemd/web-image-ocr.socket", tmp_path))
    unit.with_suffix(".service").write_text("[Service]\nExecStart=/bin/true\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_socket_that_others_can_reach_is_refused_without_authentication(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:  # noqa: S104 - never accepts
        command = [*COMMAND, "serve", "--no-auth", "--data-dir", str(tmp_path)]
        done = subprocess.run(
            [sys.executable, "-c", _ACTIVATED, str(listener.fileno()), *command],
            pass_fds=[listener.fileno()],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 4
    assert "the host must be a loopback address, not 0.0.0.0" in done.stderr


def _certificate(server: Server) -> str:
    return ssl.get_server_certificate(_place(server))


def test_sighup_replaces_the_certificate(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    flags = ("--no-auth", "--tls-cert", str(cert), "--tls-key", str(key))
    with running_server(tmp_path, *flags) as server:
        first = cert.read_text()
        context = ssl._create_unverified_context()  # noqa: S323 - self-signed
        kept = HTTPSConnection(*_place(server), timeout=30, context=context)
        kept.request("GET", "/healthz")
        assert kept.getresponse().read()
        assert _certificate(server) == first

        second, _ = self_signed(tmp_path)  # over the first
        server.process.send_signal(signal.SIGHUP)
        _wait_for(lambda: server.records("certificate reloaded"), server)
        assert _certificate(server) == second.read_text() != first

        good = cert.read_text()
        (tmp_path / "other").mkdir()
        shutil.copy(self_signed(tmp_path / "other")[0], cert)  # does not match the key
        server.process.send_signal(signal.SIGHUP)
        failed = "certificate not reloaded; the previous one stays"
        _wait_for(lambda: server.records(failed), server)
        assert "key values mismatch" in server.records(failed)[0]["detail"]
        assert _certificate(server) == good

        kept.request("GET", "/healthz")  # a connection with the first certificate
        assert kept.getresponse().status == 200
        kept.close()


def test_sighup_opens_the_log_file_again(tmp_path: Path) -> None:
    log, moved = tmp_path / "server.log", tmp_path / "server.log.1"
    settings = {"WEB_IMAGE_OCR_LOGGING__FILE": str(log)}
    with started_server(tmp_path, "--no-auth", environment=settings) as started:
        server = Server(started.process, log)
        _wait_for(lambda: log.exists() and server.records("worker ready"), server)
        log.rename(moved)
        server.process.send_signal(signal.SIGHUP)
        _wait_for(log.exists, server)
        server.process.send_signal(signal.SIGTERM)
        _wait_for(lambda: server.process.poll() is not None, server)
        assert server.records("Shutting down")
        assert not Server(server.process, moved).records("Shutting down")


def test_a_closed_terminal_stops_the_server_that_was_started_there(tmp_path: Path) -> None:
    window, terminal = os.openpty()
    command = [*COMMAND, "serve", "--no-auth", "--port", "0", "--data-dir", str(tmp_path)]
    with _started(command, tmp_path / "log", stdin=terminal) as server:
        os.close(terminal)
        _wait_for(lambda: server.records("worker ready"), server)
        server.process.send_signal(signal.SIGHUP)  # the terminal is open: only files are reloaded
        assert server.is_ready()
        os.close(window)
        server.process.send_signal(signal.SIGHUP)  # the kernel sends it when the shell ends
        assert server.process.wait(timeout=60) == 0


def test_sighup_ends_nothing(tmp_path: Path) -> None:
    with started_server(tmp_path, "--no-auth") as server:
        ended = threading.Event()
        _wait_for(lambda: _catches(server.process.pid, signal.SIGHUP), server)

        def hang_up() -> None:
            while not ended.wait(0.02) and server.process.poll() is None:
                server.process.send_signal(signal.SIGHUP)

        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            server.wait_until_ready()
            pids = server.workers()
            for pid in pids:
                os.kill(pid, signal.SIGHUP)
            assert server.stop() == 0, server.log_tail()
            assert not server.records("worker ended")
        finally:
            ended.set()
            thread.join()


def _catches(pid: int, number: int) -> bool:
    """Return whether the process ignores or handles the signal."""
    masks = [
        int(line.split()[1], 16)
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        if line.startswith(("SigIgn", "SigCgt"))
    ]
    return any(mask >> (number - 1) & 1 for mask in masks)
