"""Messages over EDI 2.0: what the service calls ours, and whose turn it is to fetch."""

import sqlalchemy as sa
from alembic import op

revision = "0017_pre_edi"
down_revision = "0012_pre_ebms"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "edi_sent",
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_edi_sent")),
        comment="messages that NHN's message service has, and what it calls them",
    )
    op.create_index("ix_edi_sent_sent_at", "edi_sent", ["sent_at"])
    op.create_table(
        "edi_turn",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_edi_turn")),
        comment="which node fetches unread messages, and until when",
    )
