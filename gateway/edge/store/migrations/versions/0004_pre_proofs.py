"""Proofs that count once, shared by all nodes."""

import sqlalchemy as sa
from alembic import op

revision = "0004_pre_proofs"
down_revision = "0003_pre_review"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "proof",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_proof")),
        comment="proofs of possession and client assertions that were used, until they count no more",
    )
    op.create_index("ix_proof_until", "proof", ["until"])
