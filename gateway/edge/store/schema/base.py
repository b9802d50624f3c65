"""What all tables share."""

from sqlalchemy import (
    BigInteger,
    Integer,
    MetaData,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SEQUENCE = BigInteger().with_variant(Integer, "sqlite")

WAITS = text("state IN ('dead-letter', 'stuck')")
"""The messages that wait for a human, as the index of them and the statement that lists them both say it."""
