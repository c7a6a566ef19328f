from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.config import FetchConfig, StorageConfig, StorageEntry
from web_image_ocr.sources.object_storage import load_signers

VALID: dict[str, Any] = {
    "endpoint": "https://obs.example.com",
    "access_key": "the-access-key",
    "secret_key": "the-secret-key",
    "buckets": ("images",),
    "projects": ("*",),
}


@pytest.mark.parametrize(
    "wrong",
    [
        *({"endpoint": text} for text in ("", "obs.example.com", "ftp://a.example", "https://")),
        {"endpoint": "https://user:password@obs.example.com"},
        {"endpoint": "https://obs.example.com/images"},
        {"endpoint": "https://obs.example.com?a"},
        {"endpoint": "https://obs.example.com:0"},
        {"region": ""},
        {"region": "a b"},
        {"access_key": ""},
        {"access_key": "two\nlines"},
        {"secret_key": ""},
        {"secret_key_file": Path("secret")},
        {"buckets": ()},
        {"buckets": ("images", "")},
        {"buckets": ("a/b",)},
        {"buckets": ("..",)},
        {"buckets": ("%2e%2e",)},
        {"projects": ()},
        {"projects": ("",)},
    ],
)
def test_invalid_entry_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"endpoint|must|one of|bucket") as caught:
        StorageEntry(**{**VALID, **wrong})
    assert "the-secret-key" not in str(caught.value)
    assert "the-access-key" not in str(caught.value)


def test_all_faults_of_an_entry_are_reported_at_once() -> None:
    with pytest.raises(ValueError, match=r"endpoint.*access_key.*exactly one.*projects"):
        StorageEntry(endpoint="x", access_key=" ", secret_key="", buckets=("images",), projects=())


def test_keys_are_not_in_the_repr() -> None:
    text = repr(StorageConfig(entries=(StorageEntry(**VALID),)))
    assert "obs.example.com" in text
    assert "the-access-key" not in text
    assert "the-secret-key" not in text


def test_the_secret_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    entry = StorageEntry(**{**VALID, "secret_key": "", "secret_key_file": file})
    config = StorageConfig(entries=(entry,))
    for content in (None, b"", b"\n", b" \nsecond", b"\xff"):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(ServiceError, match="must hold a secret") as caught:
            load_signers(config)
        assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID

    def signed(config: StorageConfig) -> str:
        (signer,) = load_signers(config).values()
        url = signer.sign("https://obs.example.com/images", "images", "a")
        return url.rpartition("X-Amz-Date=")[0]

    file.write_text("the-secret-key \nand a comment\n")
    assert signed(config) == signed(StorageConfig(entries=(StorageEntry(**VALID),)))


def test_without_obstore_the_server_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "web_image_ocr.sources.signing.find_spec",
        lambda name: None if name == "obstore" else find(name),
    )
    with pytest.raises(ServiceError, match="obstore, which is not installed") as caught:
        load_signers(StorageConfig(entries=(StorageEntry(**VALID),)))
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    assert "\n" not in caught.value.detail
    assert load_signers(StorageConfig()) == {}


def test_only_the_standard_ports_are_allowed_by_default() -> None:
    assert FetchConfig().allowed_ports == (80, 443)
    assert not FetchConfig().allowed_hosts
    assert not FetchConfig().allowed_networks


@pytest.mark.parametrize(
    "wrong",
    [
        {"allowed_ports": (0,)},
        {"allowed_ports": (65_536,)},
        {"allowed_networks": ("10.0.0.0/33",)},
        {"allowed_networks": ("intranet",)},
        {"connect_s": 0.0},
        {"read_s": -1.0},
        {"total_s": 0.0},
        {"max_bytes": 0},
        {"max_redirects": -1},
        {"max_concurrent": 0},
        {"max_bytes": 100, "max_total_bytes": 99},
    ],
)
def test_invalid_fetch_limits_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|network"):
        FetchConfig(**wrong)
