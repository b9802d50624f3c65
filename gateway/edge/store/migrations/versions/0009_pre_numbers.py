"""How collaboration goes, as numbers without persons: how many of what came how long after the first absence day."""

import sqlalchemy as sa
from alembic import op

revision = "0009_pre_numbers"
down_revision = "0009_pre_cases"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "follow_up",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("month", "what")),
        sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", "what", "span", name=op.f("pk_follow_up")),
        comment="how many of what came how long after, by month; of nobody in particular",
    )
