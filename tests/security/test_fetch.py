"""Test the guarded fetcher against scripted servers on the loopback address."""

from __future__ import annotations

import asyncio
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.certificates import self_signed
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources import ssrf_guard
from web_image_ocr.sources.config import FetchConfig
from web_image_ocr.sources.downloader import Downloader
from web_image_ocr.sources.guarded_fetch import GuardedFetcher
from web_image_ocr.sources.ssrf_guard import Resolve

pytestmark = pytest.mark.slow

BODY = b"the bytes of some image"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 23\r\n\r\n" + BODY

Reply = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """Send the reply for each path and record the requests."""

    port: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head)
            reply = self.replies[head.split(" ")[1]]
            if callable(reply):
                await reply(writer)
            else:
                writer.write(reply)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the fetcher closed the connection, as expected
        finally:
            writer.close()

    def url(self, path: str = "/a.png", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server(replies={"/a.png": OK})
    listener = await asyncio.start_server(server.respond, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    yield server
    listener.close()
    await asyncio.sleep(0)


def config_for(server: Server) -> FetchConfig:
    return FetchConfig(
        allowed_ports=(server.port,),
        allowed_networks=("127.0.0.0/8",),
        connect_s=1.0,
        read_s=0.5,
        total_s=1.0,
    )


def create_fetcher(config: FetchConfig, resolve: Resolve | None = None) -> GuardedFetcher:
    return GuardedFetcher(config, Downloader(config, resolve=resolve))


async def fetch(config: FetchConfig, url: str, deadline: Deadline | None = None) -> bytes:
    fetcher = create_fetcher(config)
    return await fetcher.fetch(url, "project", deadline or Deadline.after(20))


@contextmanager
def raises_kind(kind: ErrorKind) -> Iterator[pytest.ExceptionInfo[ServiceError]]:
    with pytest.raises(ServiceError) as caught:
        yield caught
    assert caught.value.kind is kind


def redirect(location: str, status: str = "302 Found") -> bytes:
    return f"HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


class TestResponses:
    async def test_body_is_returned(self, server: Server) -> None:
        assert await fetch(config_for(server), server.url()) == BODY

    async def test_request_reveals_little(self, server: Server) -> None:
        await fetch(config_for(server), server.url())
        head = server.requests[0].lower()
        assert head.startswith("get /a.png http/1.1\r\n")
        assert f"host: 127.0.0.1:{server.port}\r\n" in head
        assert "accept-encoding: identity\r\n" in head
        assert "cookie" not in head
        assert "authorization" not in head

    async def test_signed_query_arrives_byte_for_byte(self, server: Server) -> None:
        path = "/a%2Fb%2f%E5%9B%BE?X-Sig=a%2Fb%2fc%3D&t=1+2&e==/?:@!$'()*,;~"
        server.replies[path] = OK
        assert await fetch(config_for(server), server.url(path)) == BODY

    async def test_raw_spaces_and_non_ascii_are_encoded(self, server: Server) -> None:
        server.replies["/%E5%9B%BE%20a.png"] = OK
        assert await fetch(config_for(server), server.url("/图 a.png")) == BODY

    @pytest.mark.parametrize(
        "content_type",
        ["image/jpeg", "IMAGE/PNG; q=1", "image/x-unheard-of", "application/octet-stream", None],
    )
    async def test_type_is_accepted(self, server: Server, content_type: str | None) -> None:
        line = f"Content-Type: {content_type}\r\n" if content_type else ""
        server.replies["/a.png"] = (
            f"HTTP/1.1 200 OK\r\n{line}Content-Length: 23\r\n\r\n".encode() + BODY
        )
        assert await fetch(config_for(server), server.url()) == BODY

    @pytest.mark.parametrize("content_type", ["text/html", "application/json", "imagery/png"])
    async def test_other_type_is_refused(self, server: Server, content_type: str) -> None:
        server.replies["/a.png"] = OK.replace(b"image/png", content_type.encode())
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetch(config_for(server), server.url())

    @pytest.mark.parametrize("status", ["201 Created", "204 No Content", "304 Not Modified"])
    async def test_only_status_200_is_accepted(self, server: Server, status: str) -> None:
        server.replies["/a.png"] = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetch(config_for(server), server.url())

    @pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "500 Oops"])
    async def test_failure_is_unreachable(self, server: Server, status: str) -> None:
        server.replies["/a.png"] = OK.replace(b"200 OK", status.encode())
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetch(config_for(server), server.url())

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"not http at all\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 23\r\n\r\n" + BODY,
        ],
        ids=["empty", "no http", "negative", "short", "bad chunk", "long header", "compressed"],
    )
    async def test_malformed_response_is_unreachable(self, server: Server, raw: bytes) -> None:
        server.replies["/a.png"] = raw
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetch(config_for(server), server.url())

    async def test_closed_port_is_unreachable(self, server: Server) -> None:
        listener = await asyncio.start_server(server.respond, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        listener.close()
        await listener.wait_closed()
        config = replace(config_for(server), allowed_ports=(port,))
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetch(config, f"http://127.0.0.1:{port}/")

    async def test_plain_response_to_tls_is_unreachable(self, server: Server) -> None:
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetch(config_for(server), server.url().replace("http:", "https:"))

    async def test_proxy_and_netrc_variables_are_not_read(
        self, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1/")
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login name password secret\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        assert await fetch(config_for(server), server.url()) == BODY
        assert "authorization" not in server.requests[0].lower()


class TestSize:
    async def test_declared_size_above_the_limit_is_refused(self, server: Server) -> None:
        server.replies["/a.png"] = OK
        with raises_kind(ErrorKind.IMAGE_SIZE):
            await fetch(replace(config_for(server), max_bytes=22), server.url())

    async def test_exactly_the_limit_passes(self, server: Server) -> None:
        assert await fetch(replace(config_for(server), max_bytes=23), server.url()) == BODY

    async def test_endless_response_is_cut_off(self, server: Server) -> None:
        async def endless(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()

        server.replies["/a.png"] = endless
        with raises_kind(ErrorKind.IMAGE_SIZE):
            await fetch(replace(config_for(server), max_bytes=1_000_000), server.url())

    @pytest.mark.parametrize(
        ("head", "again"),
        [
            (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
            (b"HTTP/1.1 200 OK\r\nA: ", b"b"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", b"A: b\r\n"),
            (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        ],
        ids=["headers", "one header", "trailers", "interim responses"],
    )
    async def test_endless_headers_are_cut_off(
        self, server: Server, head: bytes, again: bytes
    ) -> None:
        async def endless(writer: asyncio.StreamWriter) -> None:
            writer.write(head)
            while True:
                writer.write(again * 500)
                await writer.drain()

        server.replies["/a.png"] = endless
        tracemalloc.start()
        try:
            with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
                await fetch(replace(config_for(server), total_s=0.5), server.url())
            # One read of 256 KB is parsed at once: 5 MB of interim responses.
            assert tracemalloc.get_traced_memory()[1] < 8_000_000
        finally:
            tracemalloc.stop()

    async def test_default_limit_is_ten_megabytes_of_base64(self, server: Server) -> None:
        for size, kind in ((7_864_320, None), (7_864_321, ErrorKind.IMAGE_SIZE)):
            server.replies["/a.png"] = (
                f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * size
            )
            if kind is None:
                assert len(await fetch(config_for(server), server.url())) == size
            else:
                with raises_kind(kind):
                    await fetch(config_for(server), server.url())

    async def test_total_of_concurrent_bodies_is_limited(self, server: Server) -> None:
        async def half(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 80000\r\n\r\n" + b"x" * 50_000)
            await writer.drain()
            await asyncio.sleep(0.2)
            writer.write(b"x" * 30_000)
            await writer.drain()

        server.replies["/a.png"] = half
        config = replace(config_for(server), max_bytes=100_000, max_total_bytes=120_000)
        fetcher = create_fetcher(config)
        results = await asyncio.gather(
            *(fetcher.fetch(server.url(), "project", Deadline.after(9)) for _ in range(2)),
            return_exceptions=True,
        )
        kinds = [r.kind for r in results if isinstance(r, ServiceError)]
        assert kinds == [ErrorKind.OVERLOADED]
        assert len(await fetcher.fetch(server.url(), "project", Deadline.after(9))) == 80_000

    async def test_fetch_above_the_concurrency_limit_is_refused(self, server: Server) -> None:
        async def silent(writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.3)
            writer.write(OK)

        server.replies["/a.png"] = silent
        fetcher = create_fetcher(replace(config_for(server), max_concurrent=1))
        first = asyncio.create_task(fetcher.fetch(server.url(), "project", Deadline.after(9)))
        await asyncio.sleep(0.05)
        with raises_kind(ErrorKind.OVERLOADED):
            await fetcher.fetch(server.url(), "project", Deadline.after(9))
        assert await first == BODY

    async def test_a_project_gets_at_most_as_many_slots_as_it_leaves_free(
        self, server: Server
    ) -> None:
        respond = asyncio.Event()

        async def silent(writer: asyncio.StreamWriter) -> None:
            await respond.wait()
            writer.write(OK)

        server.replies["/slow.png"] = silent
        fetcher = create_fetcher(replace(config_for(server), max_concurrent=6))

        def slow(project: str) -> list[asyncio.Task[bytes]]:
            url = server.url("/slow.png")
            calls = (fetcher.fetch(url, project, Deadline.after(9)) for _ in range(6))
            return [asyncio.create_task(call) for call in calls]

        calls = slow("one") + slow("another")
        for _ in range(2):
            await asyncio.sleep(0)
        assert [task.done() for task in calls] == [
            *[False] * 3,
            *[True] * 3,
            *[False] * 2,
            *[True] * 4,
        ]
        assert await fetcher.fetch(server.url(), "third", Deadline.after(9)) == BODY
        respond.set()
        results = await asyncio.gather(*calls, return_exceptions=True)
        refused = [result.kind for result in results if isinstance(result, ServiceError)]
        assert refused == [ErrorKind.OVERLOADED] * 7
        calls = slow("another")
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert results[:3] == [BODY] * 3, "the slots were not released"


class TestTime:
    async def test_silent_server_times_out(self, server: Server) -> None:
        """``read_s`` ends it: the server never responds, and the other limits are much longer."""

        async def silent(_: asyncio.StreamWriter) -> None:
            await asyncio.Event().wait()

        server.replies["/a.png"] = silent
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetch(replace(config_for(server), total_s=60), server.url())

    async def test_slow_trickling_server_times_out(self, server: Server) -> None:
        """``total_s`` ends it: the server sends too often for ``read_s``, without end.

        The deadline of the call would raise another kind.
        """

        async def drip(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.1)

        server.replies["/a.png"] = drip
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetch(config_for(server), server.url())

    async def test_never_beyond_the_deadline_of_the_call(self, server: Server) -> None:
        async def silent(_: asyncio.StreamWriter) -> None:
            await asyncio.sleep(3)

        server.replies["/a.png"] = silent
        with raises_kind(ErrorKind.DEADLINE_EXCEEDED):
            await fetch(config_for(server), server.url(), Deadline.after(0.2))

    async def test_nothing_is_sent_after_the_deadline(self, server: Server) -> None:
        with raises_kind(ErrorKind.DEADLINE_EXCEEDED):
            await fetch(config_for(server), server.url(), Deadline.after(0))
        assert server.requests == []

    async def test_hanging_lookup_times_out(self, server: Server) -> None:
        async def hang(_: str) -> Sequence[str]:
            await asyncio.sleep(5)
            return []

        fetcher = create_fetcher(config_for(server), resolve=hang)
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetcher.fetch(server.url(host="slow.example"), "project", Deadline.after(9))


class TestRedirects:
    @pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
    async def test_is_followed(self, server: Server, status: str) -> None:
        server.replies["/from"] = redirect("/a.png", status)
        assert await fetch(config_for(server), server.url("/from")) == BODY

    async def test_five_are_followed_and_six_are_not(self, server: Server) -> None:
        for step in range(6):
            server.replies[f"/{step}"] = redirect(f"/{step + 1}")
        server.replies["/6"] = OK
        config = replace(config_for(server), total_s=10)  # six requests, on a loaded machine
        assert await fetch(config, server.url("/1")) == BODY
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetch(config, server.url("/0"))

    async def test_each_uses_a_new_connection(self, server: Server) -> None:
        server.replies["/from"] = redirect("/a.png")
        await fetch(config_for(server), server.url("/from"))
        assert len(server.requests) == 2

    async def test_body_of_a_redirect_is_not_read(self, server: Server) -> None:
        async def endless(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /a.png\r\n\r\n")
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()

        server.replies["/from"] = endless
        assert await fetch(config_for(server), server.url("/from")) == BODY

    async def test_raw_characters_are_encoded(self, server: Server) -> None:
        server.replies["/from"] = redirect("/图 a.png")
        server.replies["/%E5%9B%BE%20a.png"] = OK
        assert await fetch(config_for(server), server.url("/from")) == BODY

    async def test_cookies_are_not_sent(self, server: Server) -> None:
        server.replies["/from"] = redirect("/a.png\r\nSet-Cookie: a=b")
        await fetch(config_for(server), server.url("/from"))
        assert "cookie" not in server.requests[1].lower()

    async def test_without_location_is_unreachable(self, server: Server) -> None:
        server.replies["/a.png"] = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetch(config_for(server), server.url())

    @pytest.mark.parametrize(
        "location",
        [
            "http://10.0.0.1:{port}/",
            "http://169.254.169.254:{port}/latest/meta-data/",
            "http://[::1]:{port}/",
            "http://[::ffff:10.0.0.1]:{port}/",
            "http://0x7f.1:{port}/",
            "http://u:p@127.0.0.1:{port}/a.png",
            "http://127.0.0.1:1/",
            "file:///etc/passwd",
            "ftp://127.0.0.1/",
        ],
    )
    async def test_to_a_forbidden_target_is_refused(self, server: Server, location: str) -> None:
        server.replies["/from"] = redirect(location.format(port=server.port))
        with raises_kind(ErrorKind.SOURCE_FORBIDDEN):
            await fetch(config_for(server), server.url("/from"))
        assert len(server.requests) == 1


class TestNames:
    """Callers must not learn how internal names resolve."""

    @pytest.mark.parametrize("addresses", [(), ("10.0.0.1",), ("8.8.8.8", "::1"), ("x",)])
    async def test_no_address_and_a_private_one_look_and_take_the_same(
        self, monkeypatch: pytest.MonkeyPatch, addresses: Sequence[str]
    ) -> None:
        waits: list[float] = []

        async def wait(started: float) -> None:
            waits.append(started)

        async def resolve(_: str) -> Sequence[str]:
            if not addresses:
                raise OSError("no such name")
            return addresses

        monkeypatch.setattr(ssrf_guard, "_wait_for_next_step", wait)
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await create_fetcher(FetchConfig(), resolve=resolve).fetch(
                "http://db.corp/", "project", Deadline.after(9)
            )
        assert len(waits) == 1

    @pytest.mark.parametrize(
        ("elapsed", "rest"), [(0.0, 1.0), (0.001, 0.999), (0.3, 0.7), (1.0, 1.0), (2.4, 0.6)]
    )
    def test_failed_lookups_end_with_a_step(self, elapsed: float, rest: float) -> None:
        assert ssrf_guard.seconds_to_next_step(elapsed) == pytest.approx(rest)

    async def test_allowed_names_fail_without_delay(self, server: Server) -> None:
        async def resolve(_: str) -> Sequence[str]:
            raise OSError("no such name")

        config = FetchConfig(
            allowed_ports=(server.port,), allowed_hosts=("files.example",), total_s=0.5
        )
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE) as caught:
            await create_fetcher(config, resolve=resolve).fetch(
                server.url(host="files.example"), "project", Deadline.after(9)
            )
        assert caught.value.detail == "the download failed: ClientConnectorDNSError"


class TestAddresses:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "１２７.0.0.1"]
    )
    async def test_loopback_is_refused_by_default(self, server: Server, host: str) -> None:
        config = FetchConfig(allowed_ports=(server.port,))
        with raises_kind(ErrorKind.SOURCE_FORBIDDEN):
            await fetch(config, server.url(host=host))
        assert server.requests == []

    async def test_port_is_refused_by_default(self, server: Server) -> None:
        with raises_kind(ErrorKind.SOURCE_FORBIDDEN):
            await fetch(FetchConfig(allowed_networks=("127.0.0.0/8",)), server.url())
        assert server.requests == []

    @pytest.mark.parametrize(
        "addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["fe80::1%eth0"], ["nonsense"]]
    )
    async def test_every_address_of_a_name_must_be_public(
        self, server: Server, addresses: list[str]
    ) -> None:
        async def resolve(_: str) -> Sequence[str]:
            return addresses

        config = FetchConfig(allowed_ports=(server.port,))
        fetcher = create_fetcher(config, resolve=resolve)
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetcher.fetch(server.url(host="rebind.example"), "project", Deadline.after(9))
        assert server.requests == []

    async def test_dns_rebinding_between_requests_is_refused(self, server: Server) -> None:
        """DNS rebinding: an allowed name resolves to another address after the redirect."""
        answers = iter([["127.0.0.1"], ["10.0.0.1"]])

        async def resolve(_: str) -> Sequence[str]:
            return next(answers)

        server.replies["/from"] = redirect("/a.png")
        fetcher = create_fetcher(config_for(server), resolve=resolve)
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetcher.fetch(
                server.url("/from", host="rebind.example"), "project", Deadline.after(9)
            )
        assert len(server.requests) == 1

    async def test_unknown_name_is_unreachable(self, server: Server) -> None:
        async def resolve(_: str) -> Sequence[str]:
            raise OSError("no such name")

        fetcher = create_fetcher(config_for(server), resolve=resolve)
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetcher.fetch(server.url(host="nowhere.example"), "project", Deadline.after(9))

    async def test_allowed_host_may_be_private(self, server: Server) -> None:
        async def resolve(_: str) -> Sequence[str]:
            return ["127.0.0.1"]

        config = FetchConfig(allowed_ports=(server.port,), allowed_hosts=("FILES.example",))
        fetcher = create_fetcher(config, resolve=resolve)
        url = server.url(host="Files.example")
        assert await fetcher.fetch(url, "project", Deadline.after(9)) == BODY
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetcher.fetch(server.url(host="other.example"), "project", Deadline.after(9))
        assert f"Host: files.example:{server.port}\r\n" in server.requests[0]

    async def test_localhost_is_resolved(self, server: Server) -> None:
        config = replace(config_for(server), allowed_networks=("127.0.0.0/8", "::1/128"))
        assert await fetch(config, server.url(host="localhost")) == BODY


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """Return a server's TLS context with a self-signed certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path, "files.example"))
    return context


class TestTls:
    async def test_host_name_is_sent_and_the_certificate_checked(self, tls: ssl.SSLContext) -> None:
        """The connection goes to the checked address, but SNI and certificate use the host name."""
        names: list[str | None] = []
        tls.sni_callback = lambda _socket, name, _context: names.append(name)
        server = Server(replies={"/a.png": OK})
        listener = await asyncio.start_server(server.respond, "127.0.0.1", 0, ssl=tls)
        port = listener.sockets[0].getsockname()[1]

        async def resolve(_: str) -> Sequence[str]:
            return ["127.0.0.1"]

        config = FetchConfig(allowed_ports=(port,), allowed_hosts=("files.example",))
        fetcher = create_fetcher(config, resolve=resolve)
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetcher.fetch(f"https://files.example:{port}/a.png", "project", Deadline.after(9))
        listener.close()
        assert names == ["files.example"]
        assert server.requests == []

    async def test_name_with_a_trusted_certificate_is_fetched(
        self, tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The certificate is trusted by the system and valid for one name only."""
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls.crt"))
        server = Server(replies={"/a.png": OK})
        listener = await asyncio.start_server(server.respond, "127.0.0.1", 0, ssl=tls)
        port = listener.sockets[0].getsockname()[1]

        async def resolve(_: str) -> Sequence[str]:
            return ["127.0.0.1"]

        config = FetchConfig(allowed_ports=(port,), allowed_networks=("127.0.0.0/8",))
        fetcher = create_fetcher(config, resolve=resolve)
        url = f"https://files.example:{port}/a.png"
        assert await fetcher.fetch(url, "project", Deadline.after(9)) == BODY
        with raises_kind(ErrorKind.SOURCE_UNREACHABLE):
            await fetcher.fetch(url.replace("files", "other"), "project", Deadline.after(9))
        listener.close()
        assert [f"Host: files.example:{port}\r\n" in head for head in server.requests] == [True]
