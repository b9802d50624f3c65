"""The line: what comes in, what goes out, and the log of both.

A migration is a record of what was done once; it repeats the tables rather than import them, and a test holds the two
equal.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001_pre_the_line"
down_revision = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table and index."""
    op.create_table(
        "attempt",
        sa.Column("outbound", sa.Text(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("outbound", "token", name=op.f("pk_attempt")),
        comment="one for each time that bytes may have left; committed before they do",
    )
    op.create_table(
        "audit",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Double(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("tree_index", sa.BigInteger(), nullable=True),
        sa.Column("leaf", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
        sa.UniqueConstraint("tree_index", name=op.f("uq_audit_tree_index")),
        comment="the disclosure log; appended in the transaction that each entry tells of",
    )
    op.create_index(op.f("ix_audit_message"), "audit", ["message"], unique=False)
    op.create_index(op.f("ix_audit_patient"), "audit", ["patient"], unique=False)
    op.create_index(
        "ix_audit_unsequenced",
        "audit",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("tree_index IS NULL"),
        postgresql_where=sa.text("tree_index IS NULL"),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_consent")),
        comment="every version of every FHIR Consent",
    )
    op.create_index(op.f("ix_consent_patient"), "consent", ["patient"], unique=False)
    op.create_table(
        "destination",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("up", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("retry_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_destination")),
    )
    op.create_table(
        "event",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("outbound", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("following", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
        comment="one for each transition, and for each note on a message or a destination",
    )
    op.create_index(op.f("ix_event_outbound"), "event", ["outbound"], unique=False)
    op.create_table(
        "inbound",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("key_mac", sa.Text(), nullable=False),
        sa.Column("content_mac", sa.Text(), nullable=False),
        sa.Column("business_mac", sa.Text(), nullable=False),
        sa.Column("case_key", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound")),
        sa.UniqueConstraint("sender", "key_mac", name=op.f("uq_inbound_sender_key_mac")),
        comment="what came in, once for each idempotency key of a sender",
    )
    op.create_table(
        "patient",
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("erased_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_patient")),
    )
    op.create_table(
        "payload",
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("kek", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_payload")),
        comment="the encrypted bytes of a record; see gateway.edge.keys",
    )
    op.create_index(op.f("ix_payload_kek"), "payload", ["kek"], unique=False)
    op.create_index(op.f("ix_payload_patient"), "payload", ["patient"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("outbound", sa.Text(), nullable=True),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("content_mac", sa.Text(), nullable=False),
        sa.Column("positive", sa.Boolean(), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("destination", "content_mac", name=op.f("uq_receipt_destination_content_mac")),
        comment="application receipts, each once",
    )
    op.create_index(op.f("ix_receipt_outbound"), "receipt", ["outbound"], unique=False)
    op.create_table(
        "outbound",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("inbound", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("case_key", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sending", sa.Boolean(), nullable=False),
        sa.Column("sealed_at", sa.Double(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("valid_until", sa.Double(), nullable=True),
        sa.Column("correlation", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["inbound"], ["inbound.id"], name=op.f("fk_outbound_inbound")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbound")),
        sa.UniqueConstraint("id", name=op.f("uq_outbound_id")),
        comment="one for each recipient of an incoming message; frozen at intake",
    )
    op.create_index("ix_outbound_inbound", "outbound", ["inbound"], unique=False)
    op.create_index(
        "ux_outbound_once",
        "outbound",
        ["inbound", "destination", "format", "purpose"],
        unique=True,
        sqlite_where=sa.text("state <> 'refused'"),
        postgresql_where=sa.text("state <> 'refused'"),
    )
    op.create_index(
        "ix_outbound_case",
        "outbound",
        ["destination", "case_key", "seq"],
        unique=False,
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open"),
    )
    op.create_index("ix_outbound_correlation", "outbound", ["correlation"], unique=False)
    op.create_index(
        "ix_outbound_dead_letter",
        "outbound",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("state IN ('dead-letter', 'stuck')"),
        postgresql_where=sa.text("state IN ('dead-letter', 'stuck')"),
    )
    op.create_index(
        "ix_outbound_delivered",
        "outbound",
        ["due"],
        unique=False,
        sqlite_where=sa.text("state = 'delivered'"),
        postgresql_where=sa.text("state = 'delivered'"),
    )
    op.create_index("ix_outbound_patient", "outbound", ["patient", "state"], unique=False)
    op.create_index(
        "ix_outbound_received",
        "outbound",
        ["due", "seq"],
        unique=False,
        sqlite_where=sa.text("state = 'received'"),
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_index(
        "ix_outbound_sealed",
        "outbound",
        ["destination", "due", "seq"],
        unique=False,
        sqlite_where=sa.text("state = 'sealed'"),
        postgresql_where=sa.text("state = 'sealed'"),
    )
