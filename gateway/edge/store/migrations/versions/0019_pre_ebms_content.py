"""What an ebMS message carried, as a pseudonym: another content under its MessageId is another message."""

import sqlalchemy as sa
from alembic import op

revision = "0019_pre_ebms_content"
down_revision = "0018_pre_keys"


def upgrade() -> None:
    """Add the column; what was taken before has none."""
    op.add_column("ebms_received", sa.Column("content", sa.Text(), nullable=False, server_default=""))
