"""By what the keys of a store are known again."""

import sqlalchemy as sa
from alembic import op

revision = "0018_pre_keys"
down_revision = "0017_pre_edi"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "key_mark",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_key_mark")),
        comment="by what the keys that this store is written with are known again",
    )
