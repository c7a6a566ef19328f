"""Describe the identity API: models of requests and answers, encoders of answers."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from web_image_ocr.api.wire.codec import Wire, wire_time
from web_image_ocr.identity import (
    MAX_TEMPORARY_KEY_SECONDS,
    MIN_TEMPORARY_KEY_SECONDS,
    PasswordLogin,
    Project,
    Reference,
    ResultPage,
    Role,
    Scope,
    TemporaryKey,
    TokenGrant,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_ROLE_NAMES = {
    Role.ADMINISTRATOR: "te_admin",
    Role.CALLER: "OCR ReadOnlyAccess",
    Role.VIEWER: "readonly",
}
"""Names that the cloud API uses for roles with about the same permissions."""


class Named(Wire):
    """A record by its `id` or its `name`; `id` takes precedence."""

    id: str | None = None
    name: str | None = None

    def reference(self) -> Reference:
        """Return the reference that identity resolves; raise ``ValueError`` if neither is given."""
        return Reference(id=self.id, name=self.name)


class PasswordUser(Named):
    """The user who signs in; a name needs the account (`domain`)."""

    password: str
    domain: Named | None = None


class PasswordMethod(Wire):
    """Parameters of the method `password`."""

    user: PasswordUser


class TokenMethod(Wire):
    """Parameters of the method `token`; without `id`, the token of `X-Auth-Token` is used."""

    id: str | None = None
    duration_seconds: int | Annotated[str, StringConstraints(pattern=r"^\d{1,6}$")] | None = Field(
        default=None,
        description=f"Lifetime of a temporary key, {MIN_TEMPORARY_KEY_SECONDS} to "
        f"{MAX_TEMPORARY_KEY_SECONDS}; absent means {MIN_TEMPORARY_KEY_SECONDS}.",
    )


class IdentityPart(Wire):
    """Authentication method and its parameters."""

    methods: list[str] = Field(min_length=1, max_length=1, description="`password` or `token`.")
    password: PasswordMethod | None = None
    token: TokenMethod | None = None


class ScopePart(Wire):
    """Scope of the token; `project` takes precedence."""

    project: Named | None = None
    domain: Named | None = None

    def scope(self) -> Scope:
        """Return the scope that identity checks.

        Raises:
            ValueError: a part has neither id nor name.
        """
        return Scope(
            project=self.project.reference() if self.project else None,
            domain=self.domain.reference() if self.domain else None,
        )


class Auth(Wire):
    """The only key of the body."""

    identity: IdentityPart
    scope: ScopePart | None = None


class AuthRequest(Wire):
    """Body of the calls for tokens and temporary keys."""

    auth: Auth

    @property
    def method(self) -> str:
        """Return the authentication method."""
        return self.auth.identity.methods[0]

    @property
    def token(self) -> TokenMethod:
        """Return the parameters of the method ``token``; empty if absent."""
        return self.auth.identity.token or TokenMethod()

    def scope(self) -> Scope:
        """Return the requested scope; raise ``IDENTITY_REQUEST_INVALID`` if it is invalid."""
        try:
            return self.auth.scope.scope() if self.auth.scope else Scope()
        except ValueError as error:
            raise _invalid(str(error)) from None

    def password_login(self) -> PasswordLogin:
        """Return the sign-in; raise ``IDENTITY_REQUEST_INVALID`` if it is invalid."""
        password = self.auth.identity.password
        if password is None:
            raise _invalid("the method password needs identity.password")
        user = password.user
        try:
            return PasswordLogin(
                user=user.reference(),
                domain=user.domain.reference() if user.domain else None,
                password=user.password,
                scope=self.scope(),
            )
        except ValueError as error:
            raise _invalid(str(error)) from None

    def duration_seconds(self) -> int:
        """Return the lifetime of a temporary key, seconds; the shortest if absent."""
        seconds = self.token.duration_seconds
        return MIN_TEMPORARY_KEY_SECONDS if seconds is None else int(seconds)


class DomainAnswer(Wire):
    """An account."""

    id: str
    name: str


class ProjectAnswer(Wire):
    """A project inside a token."""

    id: str
    name: str
    domain: DomainAnswer


class UserAnswer(Wire):
    """The owner of a token."""

    id: str
    name: str
    password_expires_at: str = Field(description="Always empty: passwords do not expire.")
    domain: DomainAnswer


class RoleAnswer(Wire):
    """A role of the owner."""

    id: str
    name: str


class TokenPart(Wire):
    """Content of a token."""

    methods: list[str]
    catalog: list[str] = Field(max_length=0, description="Always empty.")
    roles: list[RoleAnswer]
    issued_at: str = Field(examples=["2026-01-03T09:05:22.000000Z"])
    expires_at: str = Field(examples=["2026-01-04T09:05:22.000000Z"])
    project: ProjectAnswer | SkipJsonSchema[None] = Field(
        default=None, description="In the token of a project."
    )
    domain: DomainAnswer | SkipJsonSchema[None] = Field(
        default=None, description="In the token of an account."
    )
    user: UserAnswer


class TokenAnswer(Wire):
    """Content of a token; the token itself is in the header `X-Subject-Token`."""

    token: TokenPart


class CredentialPart(Wire):
    """A temporary access key."""

    access: str
    secret: str
    securitytoken: str = Field(description="Value for `X-Security-Token`.")
    expires_at: str


class TemporaryKeyAnswer(Wire):
    """A temporary access key."""

    credential: CredentialPart


class Links(Wire):
    """Links to a list or a record."""

    self: str
    previous: str | None = None
    next: str | None = None


class ListedProject(Wire):
    """A project in a list."""

    id: str
    name: str
    domain_id: str
    parent_id: str
    is_domain: bool
    enabled: bool
    description: str
    links: Links


class ProjectsAnswer(Wire):
    """A page of the projects of the caller's account."""

    projects: list[ListedProject]
    links: Links


def encode_token(grant: TokenGrant) -> dict[str, object]:
    """Return the body that describes a token; its catalog is always empty."""
    user, project = grant.user, grant.project
    domain = {"id": user.domain.id, "name": user.domain.name}
    scope: dict[str, object] = (
        {"project": {"id": project.id, "name": project.name, "domain": domain}}
        if project
        else {"domain": domain}
    )
    return {
        "token": {
            "methods": list(grant.methods),
            "catalog": [],
            "roles": [{"id": user.role.value, "name": _ROLE_NAMES[user.role]}],
            "issued_at": wire_time(grant.issued_at),
            "expires_at": wire_time(grant.expires_at),
            **scope,
            "user": {"id": user.id, "name": user.name, "password_expires_at": "", "domain": domain},
        }
    }


def encode_temporary_key(key: TemporaryKey) -> dict[str, object]:
    """Return the body with a temporary key."""
    return {
        "credential": {
            "access": key.access,
            "secret": key.secret,
            "securitytoken": key.security_token,
            "expires_at": wire_time(key.expires_at),
        }
    }


def encode_projects(projects: ResultPage[Project], url: str, limit: int) -> dict[str, object]:
    """Return the body that lists projects."""
    base = url.partition("?")[0]
    following = None
    if projects.next_marker is not None:
        following = f"{base}?{urlencode({'limit': limit, 'marker': projects.next_marker})}"
    return {
        "projects": [
            {
                "id": project.id,
                "name": project.name,
                "domain_id": project.domain.id,
                "parent_id": project.domain.id,
                "is_domain": False,
                "enabled": True,
                "description": "",
                "links": {"self": f"{base}/{project.id}"},
            }
            for project in projects
        ],
        "links": {"self": url, "previous": None, "next": following},
    }


def _invalid(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.IDENTITY_REQUEST_INVALID, detail)
