"""Cases with owners, days and notes; what the log is searched for; rule sets that were in force; verifications."""

import sqlalchemy as sa
from alembic import op

revision = "0009_pre_cases"
down_revision = "0006_pre_patients"


def upgrade() -> None:
    """Add columns and tables. The log is searched from where it ends now."""
    op.add_column("review", sa.Column("owner", sa.Text(), nullable=False, server_default=""))
    op.add_column("review", sa.Column("due", sa.Double()))
    op.create_index("ix_review_patient", "review", ["patient", "opened_at"])
    op.add_column("log_checkpoint", sa.Column("peaks", sa.LargeBinary()))
    _notes()
    _watch()
    op.create_table(
        "rule_set",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_rule_set")),
        comment="the rule sets that were in force",
    )
    _verifications()


def _notes() -> None:
    op.create_table(
        "review_note",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_note")),
        comment="what officers did with a case, and noted; what they wrote is in `payload`",
    )
    op.create_index("ix_review_note_item", "review_note", ["item"])


def _watch() -> None:
    op.create_table(
        "log_watch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("drawn", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_watch")),
        comment="how far the log was searched for what officers look into",
    )
    op.execute("INSERT INTO log_watch (id, upto, drawn) SELECT 1, size, '' FROM log_tree")
    op.create_table(
        "log_volume",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("day", "who", "what")),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "who", "what", name=op.f("pk_log_volume")),
        comment="how much each party and each officer did a day, as the log tells",
    )


def _verifications() -> None:
    op.create_table(
        "log_verification",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("checkpoints", sa.Integer(), nullable=False),
        sa.Column("flaws", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_verification")),
        comment="each time that the log was verified, and what was found",
    )
    op.create_index("ix_log_verification_at", "log_verification", ["at"])
