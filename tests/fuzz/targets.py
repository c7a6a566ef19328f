"""Define the parsers of untrusted input as fuzz targets: seeds, tokens and properties.

A check returns, or raises ``ServiceError`` of an allowed kind. Anything else is a finding.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import socket
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from unittest import mock
from urllib.parse import urlsplit

from tests.fuzz.runner import Target
from tests.property.images.test_decode import SEEDS as IMAGES
from tests.support.images import FORMATS, encode_image, texture
from web_image_ocr.api.client_addresses import ClientAddresses
from web_image_ocr.api.limits.request_head import check_loopback
from web_image_ocr.api.wire.codec import parse_json, validate
from web_image_ocr.api.wire.identity import AuthRequest
from web_image_ocr.api.wire.web_image import WebImageRequest
from web_image_ocr.identity import signature
from web_image_ocr.identity.master_keys.keyring import Keyring
from web_image_ocr.identity.signature import SignedRequest
from web_image_ocr.identity.tokens import TemporaryClaims, TokenClaims, Tokens
from web_image_ocr.images import ImageFormat, ImageLimits, decode, decode_base64, inspect
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.config import FetchConfig
from web_image_ocr.sources.ssrf_guard import AddressPolicy
from web_image_ocr.sources.urls import parse_redirect, parse_target

_IMAGE_ERRORS = (ErrorKind.FORMAT_UNSUPPORTED, ErrorKind.IMAGE_SIZE)

LIMITS = ImageLimits(max_side=500, max_pixels=60_000, formats=frozenset(ImageFormat))
"""Narrow, so that a damaged header costs little time."""


def _base64(data: bytes) -> None:
    found = decode_base64(data)
    assert len(found) <= len(data) * 3 // 4 + 1
    assert decode_base64(data.decode("latin-1")) == found


def _json(data: bytes) -> None:
    value = parse_json(data)
    json.dumps(value)
    for model, kind in (
        (WebImageRequest, ErrorKind.PARAMETER_INVALID),
        (AuthRequest, ErrorKind.IDENTITY_REQUEST_INVALID),
    ):
        try:
            request = validate(model, value, kind)
        except ServiceError as error:
            assert error.kind is kind  # noqa: PT017 - both models are tried
        else:
            if isinstance(request, AuthRequest):
                _read_all(request)


def _read_all(request: AuthRequest) -> None:
    """Read all values of a valid body."""
    request.duration_seconds()
    request.scope()
    request.password_login()


_POLICY = AddressPolicy(FetchConfig())
_BASE = parse_target("http://example.com/dir/a.png", (80, 443))


def _url(data: bytes) -> None:
    """Assert that all parsers agree on the host of an accepted URL."""
    text = data.decode("utf-8", "surrogateescape" if data[:1] < b"\x90" else "replace")
    for target in (
        parse_target(text, (80, 443)),
        parse_redirect(_BASE, text, (80, 443)),
    ):
        sent = str(target.url)
        assert sent.isascii()
        assert not set(sent) & set(" \r\n\t\0\\")
        assert target.url.user is None
        assert target.url.password is None
        assert target.url.raw_host == target.host == urlsplit(sent).hostname
        assert target.url.port in {80, 443}
        assert target.url.scheme in {"http", "https"}
        assert (target.address is not None) == _is_a_number(target.host)
        if target.address is not None:
            assert ipaddress.ip_address(target.host) == target.address
            _POLICY.allows(target.host, target.address)


def _is_a_number(host: str) -> bool:
    """Return whether the system reads the host as an address, without a lookup."""
    try:
        socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    return True


def _signed_request(data: bytes) -> SignedRequest:
    """Parse the lines of an HTTP request as the server's library would."""
    head, _, body = data.partition(b"\n\n")
    lines = head.split(b"\n")
    method, _, target = lines[0].partition(b" ")
    path, _, query = target.partition(b"?")
    pairs = (line.partition(b":") for line in lines[1:])
    return SignedRequest(
        method=method.decode("latin-1"),
        path=path,
        query=query,
        headers=tuple((name.strip().lower(), value.strip()) for name, _, value in pairs),
        body=body,
    )


def _signature(data: bytes) -> None:
    request = _signed_request(data)
    authorization = signature.parse_authorization(request)
    signature.signing_time(request)
    assert not signature.is_signed_with("not the key", request, authorization)
    signature.string_to_sign(request, authorization.signed_headers)


_TOKENS = Tokens(Keyring.of(bytes(32)))
_NOW = datetime(2026, 1, 3, 9, 5, 22, tzinfo=UTC)
_CLAIMS = TokenClaims(
    id="t" * 32,
    user_id="u" * 32,
    generation=1,
    project_id="p" * 32,
    methods=("password",),
    issued_at=_NOW,
    expires_at=_NOW + timedelta(days=1),
)
_TEMPORARY = TemporaryClaims(
    access="A" * 20, secret="s" * 40, user_id="u" * 32, generation=1, expires_at=2_000_000_000
)
with mock.patch("secrets.token_bytes", bytes):  # the same nonce in every process
    _SECURITY_TOKEN = _TOKENS.encode_security_token(_TEMPORARY).encode()


def _token(data: bytes) -> None:
    sealed = _TOKENS.decode_security_token(data)
    assert sealed in (None, _TEMPORARY)
    assert _TOKENS.decode(data.decode("latin-1")) == _CLAIMS


_PROXIES = ClientAddresses(("10.0.0.0/8", "fd00::/8"))


def _head(data: bytes) -> None:
    """Check ``X-Forwarded-For``, and ``Host`` and ``Origin`` of a loopback-only server."""
    forwarded, _, rest = data.partition(b"\n")
    host, _, origin = rest.partition(b"\n")
    headers = [(b"x-forwarded-for", forwarded), (b"host", host), (b"origin", origin)]
    scope = {"client": ("10.0.0.9", 5), "headers": headers, "scheme": "http"}
    ipaddress.ip_address(_PROXIES.of(scope))
    check_loopback(scope)
    assert origin.lower() == b"http://" + host.lower()


def _header(data: bytes) -> None:
    header = inspect(data, LIMITS)
    assert LIMITS.min_side <= min(header.width, header.height)
    assert max(header.width, header.height) <= LIMITS.max_side
    assert 1 <= header.orientation <= 8


def _image(data: bytes) -> None:
    decoded = decode(data, LIMITS)
    header = inspect(data, LIMITS)
    assert {decoded.width, decoded.height} == {header.width, header.height}
    assert decoded.pixels.shape == (decoded.height, decoded.width, 3)


_TINY = texture(20, 17)
_TINY_IMAGES = (
    *IMAGES.values(),
    *(encode_image(_TINY, image_format) for image_format in (*FORMATS, "TGA", "PCX")),
    *(encode_image(_TINY.convert(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGBA", "I;16")),
    *(
        encode_image(_TINY, "TIFF", compression=kind)
        for kind in ("tiff_adobe_deflate", "packbits", "zstd", "lzma")
    ),
    *(
        encode_image(_TINY.convert("1"), "TIFF", compression=kind)
        for kind in ("group3", "tiff_ccitt")
    ),
    encode_image(_TINY.convert("CMYK"), "TIFF"),
    encode_image(_TINY, "PNG", save_all=True, append_images=[_TINY.rotate(90)]),
    encode_image(_TINY, "JPEG", restart_marker_blocks=1),
    encode_image(_TINY, "MPO", save_all=True, append_images=[_TINY]),
    encode_image(_TINY.convert("RGBA"), "TGA", compression="tga_rle"),
)
_IMAGE_TOKENS = (
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"zTXt", b"iTXt", b"eXIf", b"acTL"),
    *(b"fcTL", b"fdAT", b"gAMA", b"RIFF", b"WEBPVP8X", b"VP8L", b"VP8 ", b"ALPH", b"ANIM", b"ANMF"),
    *(b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xc0", b"\xff\xc2", b"\xff\xc9", b"\xff\xdd"),
    *(
        b"\xff\xe1\0\x10Exif\0\0",
        b"\xff\xe2\0\x10MPF\0",
        b"\xff\xeeAdobe",
        b"\xff\xdb",
        b"\xff\xc4",
    ),
    *(b"II*\0", b"MM\0*", b"II+\0", b"GIF89a", b"!\xff\x0bNETSCAPE2.0", b"!\xf9\4", b",", b";"),
    *(b"\0\1\3\0\1\0\0\0", b"\1\1\4\0\1\0\0\0", b"\3\1\3\0\1\0\0\0", b"\x42\1\4\0\1\0\0\0"),
    *(b"\x15\1\3\0\1\0\0\0", b"\2\1\3\0\1\0\0\0", b"\x53\1\3\0\1\0\0\0", b"\x11\1\4\0\1\0\0\0"),
)


def _with_checksums(data: bytes) -> bytes:
    """Return a PNG file with correct chunk checksums, and any other file unchanged."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    repaired, start = bytearray(data), 8
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4])
        repaired[end - 4 : end] = zlib.crc32(data[start + 4 : end - 4]).to_bytes(4)
        start = end
    return bytes(repaired[: len(data)])


def _signed(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def _auth(methods: str) -> bytes:
    identity = '{"methods":' + methods + "}"
    return f'{{"auth":{{"identity":{identity},"scope":{{"project":{{"id":"x"}}}}}}}}'.encode()


_AUTHORIZED = (
    "Authorization: SDK-HMAC-SHA256 Access=AK0123456789ABCDEFGH, "
    "SignedHeaders=content-type;host;x-sdk-date, Signature=" + "ab" * 32
)

TARGETS: Sequence[Target] = (
    Target(
        name="base64",
        check=_base64,
        seeds=[base64.b64encode(bytes(range(256))), base64.encodebytes(b"picture" * 20), b"YQ"],
        tokens=[b"=", b"==", b"\r\n", b" ", b"-_", b"data:image/png;base64,", b"\xc3\xa9", b"\0"],
        refusals=[ErrorKind.FORMAT_UNSUPPORTED],
        share=0.12,
    ),
    Target(
        name="json body",
        check=_json,
        seeds=[
            b'{"image":"/9j/4AAQ","detect_direction":true,"extract_type":["image_size"]}',
            b'{"url":"https://example.com/a.png","detect_font":false,"extra":[1,2.5e3,null]}',
            _auth(
                '["password"],"password":{"user":{"name":"a","password":"p","domain":{"id":"d"}}}'
            ),
            _auth('["token"],"token":{"id":"t","duration_seconds":"900"}'),
        ],
        tokens=[
            *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"null", b"true", b"NaN", b"-0", b"1e999"),
            *(
                b"\\u0000",
                b"\\ud800",
                b"\xef\xbb\xbf",
                b"\xff",
                b'"auth":',
                b'"image":',
                b"[" * 500,
            ),
            *(b"9" * 400, b'"duration_seconds":-1', b'"extract_type":["contact_info"]', b"\\"),
        ],
        refusals=[ErrorKind.JSON_INVALID, ErrorKind.IDENTITY_REQUEST_INVALID],
        share=0.16,
    ),
    Target(
        name="url",
        check=_url,
        seeds=[
            *(b"http://example.com/a.png", b"https://example.com:443/a/b.png?x=1&y=%2F#z"),
            *(b"http://127.0.0.1/", b"http://[::ffff:127.0.0.1]:80/", b"http://0x7f.1/"),
            *(
                b"http://2130706433/",
                "http://１２７。0。0。1/图".encode(),
                b"//host/a",
                b"../b.png",
            ),
            *("https://例え.jp/".encode(), b"http://xn--r8jz45g.jp/", b"http://8.8.8.8/a b"),
        ],
        tokens=[
            *(b"@", b":", b"/", b"\\", b"#", b"?", b"%", b"[", b"]", b".", b"//", b"%00", b"%2e"),
            *(b"\t", b"\n", b"\r", b" ", b"0x7f", b"0177", b"127.1", b"::1", b"%25eth0", b"\0"),
            *("。".encode(), "①".encode(), "／".encode(), "＠".encode(), "\u00ad".encode()),
            *(
                "\u200d".encode(),
                "ß".encode(),
                "İ".encode(),
                b"xn--",
                b"localhost",
                b":80",
                b"file:",
            ),
        ],
        refusals=[ErrorKind.SOURCE_FORBIDDEN],
        share=0.2,
    ),
    Target(
        name="signature",
        check=_signature,
        seeds=[
            _signed(
                "POST /v2/p/ocr/web-image?a=1&b=%20",
                "Host: example.com",
                "Content-Type: application/json",
                "X-Sdk-Date: 20260103T090522Z",
                _AUTHORIZED,
                "",
                '{"image":"x"}',
            ),
            _signed(
                "GET /v3/projects?name=cn-north-4",
                "Host: example.com",
                "X-Sdk-Date: 20260103T090522Z",
                "X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD",
                _AUTHORIZED.replace("content-type;host", "host;x-sdk-content-sha256"),
                "",
                "body",
            ),
        ],
        tokens=[
            *(b"SignedHeaders=", b"Access=", b"Signature=", b"SDK-HMAC-SHA256 ", b";", b"=", b","),
            *(b"x-sdk-date", b"X-Sdk-Date: 99991231T235959Z", b"X-Sdk-Date: 20260230T250000Z"),
            *(b"\n", b"%", b"%2F", b"%zz", b"\xff", b"&", b"+", b"\0", "İ".encode(), b"host;host"),
        ],
        refusals=[ErrorKind.SIGNATURE_INVALID],
        share=0.12,
    ),
    Target(
        name="token",
        check=_token,
        seeds=[
            _TOKENS.encode(_CLAIMS).encode(),
            _SECURITY_TOKEN,
            base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=") + b".e30.",
        ],
        tokens=[
            *(b".", b"..", b"=", b"eyJhbGciOiJub25lIn0", b"e30", b"\0", b"\xff", b"null", b"W10"),
            base64.urlsafe_b64encode(b'{"alg":"HS256","crit":["x"],"b64":false}').rstrip(b"="),
            base64.urlsafe_b64encode(b'{"alg":["HS256"],"kid":{}}').rstrip(b"="),
        ],
        refusals=[ErrorKind.TOKEN_UNREADABLE],
        share=0.08,
    ),
    Target(
        name="proxy and host",
        check=_head,
        seeds=[
            b"1.2.3.4, 10.0.0.1\nlocalhost:8000\nhttp://localhost:8000",
            b"2001:db8::1,fd00::1\n[::1]:80\nhttp://[::1]:80",
            b"\n127.0.0.1\nnull",
        ],
        tokens=[b",", b"unknown", b"::ffff:", b"%eth0", b"[", b"]", b":", b"0", b"\xff", b"127.1"],
        refusals=[ErrorKind.ORIGIN_FORBIDDEN],
        share=0.06,
    ),
    Target(
        name="image header",
        check=_header,
        seeds=_TINY_IMAGES,
        tokens=_IMAGE_TOKENS,
        refusals=_IMAGE_ERRORS,
        share=0.12,
    ),
    Target(
        name="image",
        check=_image,
        seeds=_TINY_IMAGES,
        tokens=_IMAGE_TOKENS,
        repair=_with_checksums,
        refusals=_IMAGE_ERRORS,
        share=0.14,
    ),
)
