"""Fixtures: the application in this process with a real identity and a fake recognizer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from tests.support.api_assertions import web_image_path
from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.identity import (
    FirstAccount,
    Identity,
    IdentityConfig,
    PasswordLogin,
    Reference,
    Scope,
)
from web_image_ocr.serving.cache import ResultCache


@dataclass(frozen=True, kw_only=True)
class Account:
    """Hold the first account and tokens for its project and its domain."""

    first: FirstAccount
    project_id: str
    path: str
    token: str
    domain_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Auth-Token": self.token}


Clients = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Identity]:
    service = Identity(IdentityConfig(), tmp_path_factory.mktemp("identity"))
    yield service
    service.close()


@pytest.fixture(scope="session")
def account(identity: Identity) -> Account:
    return account_of(identity)


def account_of(identity: Identity) -> Account:
    """Create the first account in an empty database."""
    first = identity.initialize(password="correct-horse-battery")
    assert first.project_id
    assert first.project_name

    def token(scope: Scope) -> str:
        login = PasswordLogin(
            user=Reference(name=first.user),
            domain=Reference(name=first.domain),
            password="correct-horse-battery",
            scope=scope,
        )
        return identity.sign_in.log_in(login, "127.0.0.1").token

    return Account(
        first=first,
        project_id=first.project_id,
        path=web_image_path(first.project_id),
        token=token(Scope(project=Reference(name=first.project_name))),
        domain_token=token(Scope(domain=Reference(name=first.domain))),
    )


@pytest.fixture
def recognizer() -> FakeRecognizer:
    return FakeRecognizer()


@pytest.fixture
def fetcher() -> FakeImageSource:
    return FakeImageSource()


@pytest.fixture
def clients(recognizer: FakeRecognizer, fetcher: FakeImageSource) -> Clients:
    """Return a function that opens a client of an application with the given settings."""

    @asynccontextmanager
    async def client(
        identity: Identity | None = None,
        *,
        peer: str = "127.0.0.1",
        trusted_proxies: tuple[str, ...] = (),
        cache: ResultCache | None = None,
        **settings: object,
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(
            Dependencies(
                recognizer=cache or recognizer,
                fetcher=fetcher,
                identity=identity,
                trusted_proxies=trusted_proxies,
            ),
            ApiConfig(**settings),  # type: ignore[arg-type]
        )
        transport = httpx.ASGITransport(app, client=(peer, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as made:
            yield made

    return client


@pytest.fixture
async def anonymous(clients: Clients) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a server without authentication."""
    async with clients() as made:
        yield made


@pytest.fixture
async def client(clients: Clients, identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a server with authentication."""
    async with clients(identity) as made:
        yield made
