"""Messages over ebMS: what was taken, and what we owe."""

import sqlalchemy as sa
from alembic import op

revision = "0012_pre_ebms"
down_revision = "0009_pre_replaced"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ebms_received",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("party", "message", name=op.f("pk_ebms_received")),
        comment="ebMS messages that were taken, each once, and the signal that answers them again",
    )
    op.create_index("ix_ebms_received_at", "ebms_received", ["received_at"])
    op.create_table(
        "ebms_owed",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("signal", sa.Boolean(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ebms_owed")),
        comment="ebMS signals and application receipts that we owe a party, until it has them",
    )
    op.create_index("ix_ebms_owed_due", "ebms_owed", ["due"])
