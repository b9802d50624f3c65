"""Whose an employer's own numbers are, as its files say."""

import sqlalchemy as sa
from alembic import op

revision = "0020_pre_workers"
down_revision = "0019_pre_ebms_content"


def upgrade() -> None:
    """Make the table, and tell absences that are known by employee number alone."""
    op.create_table(
        "worker",
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("employee", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_worker")),
        sa.UniqueConstraint("party", "employee", "patient", name=op.f("uq_worker_party_employee_patient")),
        comment="whose an employer's own numbers are, as its files say; both numbers are in `payload`",
    )
    op.create_index(op.f("ix_worker_patient"), "worker", ["patient"])
    op.add_column("absence", sa.Column("alone", sa.Boolean(), nullable=False, server_default=sa.false()))
