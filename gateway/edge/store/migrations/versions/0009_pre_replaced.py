"""Absences that a later file corrects are replaced; what is noted of a file is told."""

import sqlalchemy as sa
from alembic import op

revision = "0009_pre_replaced"
down_revision = "0009_pre_numbers"


def upgrade() -> None:
    """Add columns. An absence from before has nothing that a correction of it could be known by."""
    op.add_column("absence", sa.Column("source_mac", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_absence_source", "absence", ["party", "source_mac"])
    op.add_column("absence_file", sa.Column("corrected", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("absence_file", sa.Column("noted", sa.Text(), nullable=False, server_default=""))
