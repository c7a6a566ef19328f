"""Check, load and reload the certificate and key."""

from __future__ import annotations

import contextlib
import shutil
import ssl
from pathlib import Path
from typing import Literal

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from structlog.testing import capture_logs

from tests.support.certificates import self_signed
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.server.tls import Certificate, tls_context
from web_image_ocr.settings import ServerConfig


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return self_signed(tmp_path)


@pytest.fixture
def cert_file(files: tuple[Path, Path]) -> Path:
    return files[0]


@pytest.fixture
def key_file(files: tuple[Path, Path]) -> Path:
    return files[1]


def test_without_files_there_is_no_tls() -> None:
    assert tls_context(ServerConfig()) is None


def test_a_certificate_and_its_key_are_loaded(cert_file: Path, key_file: Path) -> None:
    assert tls_context(ServerConfig(tls_cert=cert_file, tls_key=key_file)) is not None


@pytest.mark.parametrize(
    ("version", "taken"),
    [
        (ssl.TLSVersion.TLSv1, False),
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_tls_1_2_is_the_oldest(
    cert_file: Path, key_file: Path, version: ssl.TLSVersion, taken: bool
) -> None:
    ours = tls_context(ServerConfig(tls_cert=cert_file, tls_key=key_file))
    assert ours is not None
    assert ours.minimum_version is ssl.TLSVersion.TLSv1_2
    theirs = ssl.create_default_context(cafile=str(cert_file))
    theirs.minimum_version = theirs.maximum_version = version
    theirs.set_ciphers("ALL:@SECLEVEL=0")  # a client that offers old versions
    if taken:
        assert _handshake(ours, theirs) == version.name.replace("_", ".")
    else:
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol|version"):
            _handshake(ours, theirs)


def _handshake(ours: ssl.SSLContext, theirs: ssl.SSLContext) -> str | None:
    """Return the negotiated version, None if the handshake fails."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = ours.wrap_bio(up, down, server_side=True)
    client = theirs.wrap_bio(down, up, server_hostname="127.0.0.1")
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return server.version()


@pytest.mark.parametrize("kinds", [("EC", "EC"), ("EC", "RSA"), ("RSA", "EC")])
def test_a_reloaded_certificate_replaces_the_old_one(
    tmp_path: Path, kinds: tuple[Literal["EC", "RSA"], Literal["EC", "RSA"]]
) -> None:
    cert, key = self_signed(tmp_path, kind=kinds[0])
    server = ServerConfig(tls_cert=cert, tls_key=key)
    first = tls_context(server)
    assert first
    certificate = Certificate(server, first)
    assert _served(certificate) == cert.read_text()
    self_signed(tmp_path, kind=kinds[1])
    assert _served(certificate) != cert.read_text()
    certificate.reload()
    assert _served(certificate) == cert.read_text()


def test_an_unusable_certificate_leaves_the_previous_one(
    tmp_path: Path, cert_file: Path, key_file: Path
) -> None:
    server = ServerConfig(tls_cert=cert_file, tls_key=key_file)
    first = tls_context(server)
    assert first
    certificate = Certificate(server, first)
    before = cert_file.read_text()
    for unusable in ("", before[:300], before):
        cert_file.write_text(unusable)
        if unusable == before:
            (tmp_path / "other").mkdir()
            shutil.copy(self_signed(tmp_path / "other")[1], key_file)
        with capture_logs() as logged:
            certificate.reload()
        assert [record["log_level"] for record in logged] == ["error"]
        assert _served(certificate) == before


def _served(certificate: Certificate) -> str:
    """Return the certificate that a client gets; it prefers RSA and sends no host name."""
    theirs = ssl.create_default_context()
    theirs.check_hostname = False
    theirs.verify_mode = ssl.CERT_NONE
    theirs.maximum_version = ssl.TLSVersion.TLSv1_2
    theirs.set_ciphers("ECDHE+aRSA:ECDHE+ECDSA")
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = certificate.context.wrap_bio(up, down, server_side=True)
    client = theirs.wrap_bio(down, up)
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    shown = client.getpeercert(binary_form=True)
    assert shown
    return ssl.DER_cert_to_PEM_cert(shown)


def test_a_missing_file_is_named(tmp_path: Path, cert_file: Path, key_file: Path) -> None:
    missing = tmp_path / "missing.pem"
    assert refusal(missing, key_file) == f"server.tls_cert {missing}: No such file or directory"
    assert refusal(cert_file, missing) == f"server.tls_key {missing}: No such file or directory"


def test_a_folder_is_not_a_certificate(tmp_path: Path, key_file: Path) -> None:
    assert refusal(tmp_path, key_file) == f"server.tls_cert {tmp_path}: Is a directory"


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, cert_file: Path) -> None:
    (tmp_path / "other").mkdir()
    _, other = self_signed(tmp_path / "other")
    assert "key values mismatch" in refusal(cert_file, other)


def test_a_file_that_is_not_pem_is_refused(tmp_path: Path, key_file: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    detail = refusal(text, key_file)
    assert str(text) in detail
    assert "not a certificate and its key" in detail


def test_an_encrypted_key_is_refused_without_a_prompt(cert_file: Path, key_file: Path) -> None:
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    sealing = BestAvailableEncryption(b"password")
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing))
    assert refusal(cert_file, key_file) == (
        "server.tls_key must not be encrypted: store it without a passphrase"
    )


def refusal(cert: Path, key: Path) -> str:
    with pytest.raises(ServiceError) as caught:
        tls_context(ServerConfig(tls_cert=cert, tls_key=key))
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    return caught.value.detail
