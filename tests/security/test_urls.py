from __future__ import annotations

import pytest

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.urls import parse_redirect, parse_target

PORTS = (80, 443)

REFUSED = [
    # Numbers that system libraries accept as addresses.
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0X7F.0.0.1/",
    "http://0x7f.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
    "http://127.0.0.0x1/",
    "http://127.0.0.1./",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://0/",
    "http://0x/",
    "http://example.0x7f/",
    # Brackets.
    "http://[::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::1/",
    "http://::1/",
    "http://[127.0.0.1]/",
    "http://[v1.fe80::a]/",
    "http://[::1]x/",
    # Credentials, and text that looks like a host.
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://:@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://example.com%40127.0.0.1/",
    "http://127.0.0.1%2f@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http://example.com\\.evil.example/",
    "http:\\\\example.com/",
    "http://ex%61mple.com/",
    # Control characters.
    "http://example.com\r\n.evil.example/",
    "http://exam\tple.com/",
    "http://example.com/\0",
    "http://example.com/a\nHost: evil.example",
    "\x01http://example.com/",
    # Schemes and forms.
    "",
    "example.com/a.png",
    "//example.com/a.png",
    "ftp://example.com/a.png",
    "file:///etc/passwd",
    "gopher://example.com/",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "http:example.com",
    "http:///a.png",
    "http://?a",
    "http://./",
    "http://exa mple.com/",
    "http://" + "a" * 9000,
    "http://example.com/\ud800",
    # Ports.
    "http://example.com:22/",
    "http://example.com:8080/",
    "http://example.com:0/",
    "http://example.com:65616/",
    "http://example.com:99999999999/",
    "http://example.com:-1/",
    "http://example.com:http/",
    "http://example.com:80:80/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_is_refused(url: str) -> None:
    with pytest.raises(ServiceError) as caught:
        parse_target(url, PORTS)
    assert caught.value.kind is ErrorKind.SOURCE_FORBIDDEN


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://EXAMPLE.com:443/A.png", "https://example.com/A.png"),
        ("  http://example.com/a  ", "http://example.com/a"),
        ("http://example.com:/a", "http://example.com/a"),
        ("http://example.com./a", "http://example.com./a"),
        ("http://example.com/a#part", "http://example.com/a"),
        ("http://93.184.216.34/a", "http://93.184.216.34/a"),
        ("http://[2606:4700::1111]/a", "http://[2606:4700::1111]/a"),
        (
            "http://例え.jp/图 片.png?q=é",
            "http://xn--r8jz45g.jp/%E5%9B%BE%20%E7%89%87.png?q=%C3%A9",
        ),
        ("http://example.com/%E5%9B%BE%20a", "http://example.com/%E5%9B%BE%20a"),
        (
            "https://b.example.com/o?X-Sig=a%2Fb%2fc%3D&Expires=1+2&a==/?:@",
            "https://b.example.com/o?X-Sig=a%2Fb%2fc%3D&Expires=1+2&a==/?:@",
        ),
        ("http://example.com/100%", "http://example.com/100%"),
        ('http://example.com/a"<b>', "http://example.com/a%22%3Cb%3E"),
    ],
)
def test_is_sent_as(url: str, sent: str) -> None:
    assert str(parse_target(url, PORTS).url) == sent


def test_full_width_digits_are_read_as_an_address() -> None:
    assert str(parse_target("http://１２７.0.0.1/", PORTS).address) == "127.0.0.1"
    assert str(parse_target("http://①②⑦。0。0。1/", PORTS).address) == "127.0.0.1"


@pytest.mark.parametrize(
    ("location", "sent"),
    [
        ("/b.png", "http://example.com/b.png"),
        ("b.png?x=1", "http://example.com/dir/b.png?x=1"),
        ("//other.example/b.png", "http://other.example/b.png"),
        ("https://other.example/b.png", "https://other.example/b.png"),
    ],
)
def test_redirect_is_resolved(location: str, sent: str) -> None:
    base = parse_target("http://example.com/dir/a.png", PORTS)
    assert str(parse_redirect(base, location, PORTS).url) == sent


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "http://example.com:22/", "http://u:p@example.com/", "http://[::1"],
)
def test_redirect_is_checked_like_any_target(location: str) -> None:
    base = parse_target("http://example.com/", PORTS)
    with pytest.raises(ServiceError) as caught:
        parse_redirect(base, location, PORTS)
    assert caught.value.kind is ErrorKind.SOURCE_FORBIDDEN
