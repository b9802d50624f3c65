"""The officers' queue, notices to patients, and messages that go once more when an officer has cleared them."""

import sqlalchemy as sa
from alembic import op

revision = "0003_pre_review"
down_revision = "0002_pre_log_tree"


def upgrade() -> None:
    """Make both tables, and let a cleared message have a copy more."""
    op.add_column("outbound", sa.Column("round", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ux_outbound_once", "outbound")
    op.create_index(
        "ux_outbound_once",
        "outbound",
        ["inbound", "destination", "format", "purpose", "round"],
        unique=True,
        sqlite_where=sa.text("state <> 'refused'"),
        postgresql_where=sa.text("state <> 'refused'"),
    )
    _review()
    op.create_table(
        "notice",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("kind", "message", "party", name=op.f("uq_notice_kind_message_party")),
        comment="what patients are told of what became of their data; made into words when they read it",
    )
    op.create_index("ix_notice_patient", "notice", ["patient"])


def _review() -> None:
    words = ("kind", "patient", "inbound", "outbound", "party", "recipient", "purpose", "policy", "held", "person")
    op.create_table(
        "review",
        sa.Column("id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*words, "reason")),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Double()),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        comment="what waits for an officer: held messages, and every breaking of the glass",
    )
    op.create_index("ix_review_status", "review", ["status", "opened_at"])
    op.create_index("ix_review_inbound", "review", ["inbound", "party"])
