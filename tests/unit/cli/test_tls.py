"""The certificate and key are checked before anything is started."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from web_image_ocr.cli.tls import tls_context
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import ServerConfig


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def cert_file(tmp_path: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return _written(tmp_path / "cert.pem", cert.public_bytes(Encoding.PEM))


@pytest.fixture
def key_file(tmp_path: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    return _written(tmp_path / "key.pem", _pem(key))


def test_without_files_there_is_no_tls() -> None:
    assert tls_context(ServerConfig()) is None


def test_a_certificate_with_its_key_is_taken(cert_file: Path, key_file: Path) -> None:
    assert tls_context(ServerConfig(tls_cert=cert_file, tls_key=key_file)) is not None


def test_a_missing_file_is_named(tmp_path: Path, cert_file: Path, key_file: Path) -> None:
    missing = tmp_path / "missing.pem"
    assert refusal(missing, key_file) == f"server.tls_cert {missing}: No such file or directory"
    assert refusal(cert_file, missing) == f"server.tls_key {missing}: No such file or directory"


def test_a_folder_is_no_certificate(tmp_path: Path, key_file: Path) -> None:
    assert refusal(tmp_path, key_file) == f"server.tls_cert {tmp_path}: Is a directory"


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, cert_file: Path) -> None:
    other = _written(tmp_path / "other.pem", _pem(ec.generate_private_key(ec.SECP256R1())))
    assert "key values mismatch" in refusal(cert_file, other)


def test_what_is_not_pem_is_refused(tmp_path: Path, key_file: Path) -> None:
    text = _written(tmp_path / "text.pem", b"no certificate")
    detail = refusal(text, key_file)
    assert str(text) in detail
    assert "no certificate with its key" in detail


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(
    tmp_path: Path, cert_file: Path, key: ec.EllipticCurvePrivateKey
) -> None:
    sealed = _written(tmp_path / "sealed.pem", _pem(key, BestAvailableEncryption(b"password")))
    assert refusal(cert_file, sealed) == "server.tls_key must not be encrypted"


def refusal(cert: Path, key: Path) -> str:
    with pytest.raises(ServiceError) as caught:
        tls_context(ServerConfig(tls_cert=cert, tls_key=key))
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    return caught.value.detail


def _pem(
    key: ec.EllipticCurvePrivateKey, encryption: KeySerializationEncryption | None = None
) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
