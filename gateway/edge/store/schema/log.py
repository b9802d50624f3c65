"""The disclosure log, its tree, its checkpoints and its verifications."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from gateway.edge.store.schema.base import SEQUENCE, metadata

audit = Table(
    "audit",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("recorded_at", Double, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("patient", Text, nullable=False, index=True),
    Column("message", Text, nullable=False, index=True),
    Column("entry", LargeBinary, nullable=False),  # canonical bytes of gateway.core.audit.AuditEntry
    Column("salt", LargeBinary, nullable=False),
    Column("tree_index", BigInteger, unique=True),  # its leaf, once it has one
    Column("leaf", LargeBinary),
    # What searches look for; like the other columns it repeats what stands in `entry`.
    Column("actor", Text, nullable=False, server_default=""),
    Column("recipient", Text, nullable=False, server_default=""),
    Column("purpose", Text, nullable=False, server_default=""),
    Index("ix_audit_id", "id"),
    Index("ix_audit_recorded_at", "recorded_at"),
    Index("ix_audit_recipient", "recipient", "seq"),
    Index("ix_audit_action", "action", "outcome", "seq"),
    Index("ix_audit_purpose", "purpose", "seq"),
    Index(
        "ix_audit_unsequenced",
        "seq",
        sqlite_where=text("tree_index IS NULL"),
        postgresql_where=text("tree_index IS NULL"),
    ),
    comment="the disclosure log; appended in the transaction that each entry tells of",
)

log_tree = Table(
    "log_tree",
    metadata,
    Column("id", Integer, primary_key=True),  # one row, 1
    Column("size", BigInteger, nullable=False),
    Column("peaks", LargeBinary, nullable=False),  # gateway.core.merkle.Frontier, packed
    comment="how far the disclosure log has its places in the tree",
)

log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("note", Text, nullable=False),  # C2SP tlog-checkpoint
    Column("peaks", LargeBinary),  # of the tree that was signed, so that the next one is seen to be it grown
    comment="what the log has said of itself, signed",
)

log_verification = Table(
    "log_verification",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("checkpoints", Integer, nullable=False),
    Column("flaws", Text, nullable=False),  # a line each, the first ones; empty: the log is whole
    comment="each time that the log was verified, and what was found",
)
