"""Add the last use of a key, revoked tokens and counted calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("access_keys", sa.Column("last_used_at", sa.DateTime(timezone=True)))
    op.create_table(
        "ended_tokens",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("void_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    op.create_table(
        "usage",
        sa.Column(
            "project_id",
            sa.String(32),
            sa.ForeignKey("projects.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("span", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("minute", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("status", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(32), primary_key=True),
        sa.Column("bucket", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        # Stores the rows of a project in the order of time.
        sqlite_with_rowid=False,
    )
