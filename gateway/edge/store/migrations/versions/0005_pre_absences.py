"""Absence files, what is wrong with their rows, and the absences themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0005_pre_absences"
down_revision = "0004_pre_proofs"


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "absence_file",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("parts", "rows", "good", "repeated", "refused", "ignored")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence_file")),
        sa.UniqueConstraint("party", "digest", name=op.f("uq_absence_file_party_digest")),
        comment="absence files that employers uploaded; their bytes are in `payload` until they are handled",
    )
    op.create_index("ix_absence_file_state", "absence_file", ["state"])
    op.create_table(
        "absence_issue",
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("place", "what", "mend")),
        sa.PrimaryKeyConstraint("file", "number", name=op.f("pk_absence_issue")),
        comment="what is wrong with a file's rows: place, reason and remedy, no value",
    )
    op.create_table(
        "absence",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("record", "party", "patient", "row_mac", "file")),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_absence")),
        sa.UniqueConstraint("party", "row_mac", name=op.f("uq_absence_party_row_mac")),
        comment="the absences that an employer reported, each once; what they say is in `payload`",
    )
    op.create_index(op.f("ix_absence_patient"), "absence", ["patient"])
