"""Define the tables as of the newest migration.

Ids are 32 random hex digits, times are UTC. Deleting a row deletes the rows that belong to it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAME_LENGTH = 64
_ID = String(32)


class UtcDateTime(TypeDecorator[datetime]):
    """Store an aware time; in UTC for SQLite, which has no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Hold the metadata of all tables."""


class MetadataRow(Table):
    """Store one property of the database, such as the master key in use."""

    __tablename__ = "facts"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(String(128))


class DomainRow(Table):
    """Store one account."""

    __tablename__ = "domains"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UserRow(Table):
    """Store one user; incrementing ``generation`` revokes all tokens issued before."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("domain_id", "name"),)

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    domain_id: Mapped[str] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    password_hash: Mapped[str] = mapped_column(String(256))
    role: Mapped[str] = mapped_column(String(32))
    enabled: Mapped[bool]
    generation: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    domain: Mapped[DomainRow] = relationship(lazy="joined", innerjoin=True)


class ProjectRow(Table):
    """Store one project of an account."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("domain_id", "name"),)

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    domain_id: Mapped[str] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    domain: Mapped[DomainRow] = relationship(lazy="joined", innerjoin=True)


class AccessKeyRow(Table):
    """Store one permanent key; its secret is encrypted, bound to ``access``."""

    __tablename__ = "access_keys"
    __table_args__ = (
        Index("ix_access_keys_of_user", "user_id", "created_at", "access"),
        Index("ix_access_keys_by_age", "created_at", "access"),
    )

    access: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    encrypted_secret: Mapped[bytes] = mapped_column("sealed_secret", LargeBinary)
    enabled: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)


class SubscriptionRow(Table):
    """Store one service that a project has enabled."""

    __tablename__ = "subscriptions"

    project_id: Mapped[str] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True
    )
    api: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FailureRow(Table):
    """Count consecutive failures of one subject from one network."""

    __tablename__ = "failures"

    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    client: Mapped[str] = mapped_column(String(64), primary_key=True)
    failed: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column("void_at", UtcDateTime, index=True)


class RevokedTokenRow(Table):
    """Store the id of one revoked token until the token would have expired."""

    __tablename__ = "ended_tokens"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column("void_at", UtcDateTime, index=True)


class UsageRow(Table):
    """Count calls of one project in one minute or hour, by outcome and duration.

    ``span`` is 1 or 60 minutes: every call is counted in both, so that a month is read fast.
    ``minute`` is the start of the span, counted from 1970 UTC. ``code`` is empty for a success.
    ``bucket`` is that of ``usage.values.bucket_of``.
    """

    __tablename__ = "usage"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: Mapped[str] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True
    )
    span: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    minute: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    calls: Mapped[int] = mapped_column(BigInteger)
