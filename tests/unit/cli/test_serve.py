"""Run ``serve`` with a fake server: the steps before and after it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from web_image_ocr.cli import serve as module
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.errors import ServiceError
from web_image_ocr.server import lifecycle
from web_image_ocr.server.signals import ShutdownRequest


@pytest.fixture(autouse=True)
def _handlers_restored() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the steps in order, without loading models or serving."""
    done: list[str] = []

    async def serve_nothing(*_: object, **__: object) -> None:
        done.append("served")

    monkeypatch.setattr(module, "configure_server", lambda _: None)
    monkeypatch.setattr(lifecycle, "check_models", lambda _: done.append("loaded"))
    monkeypatch.setattr(module, "create_first_account", lambda *_, **__: done.append("account"))
    monkeypatch.setattr(lifecycle, "run_server", serve_nothing)
    close = Identity.close

    def closed(identity: Identity) -> None:
        close(identity)
        done.append("closed")

    monkeypatch.setattr(Identity, "close", closed)
    return done


def test_the_database_is_closed_when_the_server_ends(tmp_path: Path, events: list[str]) -> None:
    module.serve(data_dir=tmp_path, port=0)
    assert events == ["loaded", "account", "served", "closed"]


def test_the_log_names_the_folder_in_full(
    tmp_path: Path, events: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with capture_logs() as logged:
        module.serve(data_dir=Path("data"), port=0)
    assert "served" in events
    assert [record["data_dir"] for record in logged] == [f"{tmp_path}/data"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_ends_it_after_the_current_step(
    tmp_path: Path, events: list[str], monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr(lifecycle, "check_models", lambda _: os.kill(os.getpid(), number))
    module.serve(data_dir=tmp_path, port=0)
    assert events == ["account", "closed"]


def test_a_second_signal_has_its_default_action() -> None:
    stop = ShutdownRequest()
    before = stop.requested
    os.kill(os.getpid(), signal.SIGTERM)
    assert (before, stop.requested) == (False, True)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_preflight_checks_tls_files(tmp_path: Path, events: list[str]) -> None:
    missing = tmp_path / "missing.pem"
    with pytest.raises(ServiceError, match=r"missing\.pem"):
        module.serve(data_dir=tmp_path / "data", port=0, tls_cert=missing, tls_key=missing)
    assert events == []
    assert not (tmp_path / "data").exists()


def test_preflight_checks_storage_secrets(tmp_path: Path, events: list[str]) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(
        '[[storage.entries]]\nendpoint = "https://obs.example.com"\naccess_key = "AK"\n'
        f'secret_key_file = "{tmp_path}/missing"\nbuckets = ["bills"]\nprojects = ["*"]\n'
    )
    with pytest.raises(ServiceError, match="missing must hold a secret in its first line"):
        module.serve(data_dir=tmp_path / "data", port=0, config=config)
    assert events == []
