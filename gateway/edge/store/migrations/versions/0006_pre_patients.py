"""Messages that came in are found by their patient, also those that go nowhere until the patient sends them."""

from alembic import op

revision = "0006_pre_patients"
down_revision = "0005_pre_console"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_inbound_patient", "inbound", ["patient"])
