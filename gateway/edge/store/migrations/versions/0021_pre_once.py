"""No two messages of a sender have the same id, whatever idempotency keys they came under."""

import sqlalchemy as sa
from alembic import op

revision = "0021_pre_once"
down_revision = "0020_pre_workers"


def upgrade() -> None:
    """Add the column, and fill it for the first message of each id; doubles that came before stay as they are."""
    op.add_column("inbound", sa.Column("once_mac", sa.Text(), nullable=True))
    op.execute(
        "UPDATE inbound SET once_mac = business_mac"
        " WHERE id IN (SELECT min(id) FROM inbound WHERE business_mac <> '' GROUP BY business_mac)"
    )
    op.create_index("ux_inbound_once", "inbound", ["once_mac"], unique=True)
