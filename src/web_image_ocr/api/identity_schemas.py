"""Wire models of the identity API. Private to ``api``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from web_image_ocr.api.schemas import Wire
from web_image_ocr.identity import PasswordLogin, Reference, Scope
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class Named(Wire):
    """Something by its `id` or its `name`; the id wins."""

    id: str | None = None
    name: str | None = None

    def reference(self) -> Reference:
        """The same as identity's value.

        Raises:
            ValueError: neither is given.
        """
        return Reference(id=self.id, name=self.name)


class PasswordUser(Named):
    """Who signs in; by name together with the account (`domain`)."""

    password: str
    domain: Named | None = None


class PasswordMethod(Wire):
    """For the method `password`."""

    user: PasswordUser


class TokenMethod(Wire):
    """For the method `token`; without `id` the token of `X-Auth-Token` is meant."""

    id: str | None = None
    duration_seconds: int | Annotated[str, StringConstraints(pattern=r"^\d{1,6}$")] | None = Field(
        default=None, description="Of a temporary key, 900 to 86400; absent means 900."
    )


class IdentityPart(Wire):
    """How the caller proves to be itself."""

    methods: list[str] = Field(min_length=1, max_length=1, description="`password` or `token`.")
    password: PasswordMethod | None = None
    token: TokenMethod | None = None


class ScopePart(Wire):
    """What the token shall be good for; the project wins."""

    project: Named | None = None
    domain: Named | None = None

    def scope(self) -> Scope:
        """The same as identity's value.

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
        """How the caller proves to be itself."""
        return self.auth.identity.methods[0]

    @property
    def token(self) -> TokenMethod:
        """The part for the method ``token``; empty if absent."""
        return self.auth.identity.token or TokenMethod()

    def scope(self) -> Scope:
        """What the token shall be good for.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID``.
        """
        try:
            return self.auth.scope.scope() if self.auth.scope else Scope()
        except ValueError as error:
            raise _invalid(str(error)) from None

    def password_login(self) -> PasswordLogin:
        """The sign-in.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID``.
        """
        password = self.auth.identity.password
        if password is None:
            raise _invalid("the method password needs the part password")
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
        """How long a temporary key shall live, 900 if the body does not say."""
        seconds = self.token.duration_seconds
        return 900 if seconds is None else int(seconds)


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
    """A token's owner."""

    id: str
    name: str
    password_expires_at: str = Field(description="Empty: never.")
    domain: DomainAnswer


class RoleAnswer(Wire):
    """What the owner may do."""

    id: str
    name: str


class TokenPart(Wire):
    """What a token says."""

    methods: list[str]
    catalog: list[str] = Field(max_length=0, description="Always empty.")
    roles: list[RoleAnswer]
    issued_at: str = Field(examples=["2026-01-03T09:05:22.000000Z"])
    expires_at: str = Field(examples=["2026-01-04T09:05:22.000000Z"])
    project: ProjectAnswer | SkipJsonSchema[None] = Field(
        default=None, description="Of a project's token."
    )
    domain: DomainAnswer | SkipJsonSchema[None] = Field(
        default=None, description="Of an account's token."
    )
    user: UserAnswer


class TokenAnswer(Wire):
    """What a token says; the token itself is in the header `X-Subject-Token`."""

    token: TokenPart


class CredentialPart(Wire):
    """A temporary key."""

    access: str
    secret: str
    securitytoken: str = Field(description="For `X-Security-Token`.")
    expires_at: str


class TemporaryKeyAnswer(Wire):
    """A temporary key."""

    credential: CredentialPart


class Links(Wire):
    """Addresses around a list or a record."""

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
    """Projects of the caller's account."""

    projects: list[ListedProject]
    links: Links


def _invalid(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.IDENTITY_REQUEST_INVALID, detail)
