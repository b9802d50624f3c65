"""The tree over the disclosure log: its frontier and signed checkpoints, and the columns that searches look for."""

import sqlalchemy as sa
from alembic import op

revision = "0002_pre_log_tree"
down_revision = "0001_pre_the_line"


def upgrade() -> None:
    """Make both tables, an empty tree, and the columns with their indexes."""
    for name in ("actor", "recipient", "purpose"):
        op.add_column("audit", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_audit_id", "audit", ["id"])
    op.create_index("ix_audit_recorded_at", "audit", ["recorded_at"])
    op.create_index("ix_audit_recipient", "audit", ["recipient", "seq"])
    tree = op.create_table(
        "log_tree",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_tree")),
        comment="how far the disclosure log has its places in the tree",
    )
    op.bulk_insert(tree, [{"id": 1, "size": 0, "peaks": b""}])
    op.create_table(
        "log_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoint")),
        comment="what the log has said of itself, signed",
    )
