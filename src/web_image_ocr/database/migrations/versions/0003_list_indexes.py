"""Add indexes for the pagination of keys."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_access_keys_user_id", "access_keys")
    op.create_index("ix_access_keys_of_user", "access_keys", ["user_id", "created_at", "access"])
    op.create_index("ix_access_keys_by_age", "access_keys", ["created_at", "access"])
