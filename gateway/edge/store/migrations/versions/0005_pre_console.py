"""The log answers by what happened, how it went, and what for, at a million entries as at ten."""

from alembic import op

revision = "0005_pre_console"
down_revision = "0005_pre_absences"


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("ix_audit_action", "audit", ["action", "outcome", "seq"])
    op.create_index("ix_audit_purpose", "audit", ["purpose", "seq"])
