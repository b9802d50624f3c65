"""The tables, once, for SQLite and PostgreSQL.

No column holds a value of a person in plain text. What a peer chose (business ids, idempotency keys, consent ids)
stands as a keyed pseudonym, since a peer may put anything there; what a message says stands encrypted in `payload`.
Times are seconds since the epoch, UTC, by the database's clock.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
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

inbound = Table(
    "inbound",
    metadata,
    Column("id", Text, primary_key=True),
    Column("format", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("key_mac", Text, nullable=False),  # the sender's idempotency key
    Column("content_mac", Text, nullable=False),
    Column("business_mac", Text, nullable=False),
    Column("case_key", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    UniqueConstraint("sender", "key_mac"),
    Index("ix_inbound_patient", "patient"),
    comment="what came in, once for each idempotency key of a sender",
)

outbound = Table(
    "outbound",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("inbound", Text, ForeignKey("inbound.id"), nullable=False),
    Column("destination", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("case_key", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("open", Boolean, nullable=False),  # received, decided or sealed: it holds back later ones of its case
    Column("due", Double, nullable=False),  # nobody touches it before; a claim is a due time in the future
    Column("token", Integer, nullable=False),  # fences off whoever held it before
    Column("failures", Integer, nullable=False),  # times it was claimed for a decision without one being made
    Column("attempts", Integer, nullable=False),
    Column("sending", Boolean, nullable=False),
    Column("sealed_at", Double),
    Column("epoch", Integer),  # of the patient's consents, when it was decided
    Column("policy", Text),
    Column("valid_until", Double),
    Column("correlation", Text),
    Column("media_type", Text),
    Column("reason", Text, nullable=False),  # a code
    Column("created_at", Double, nullable=False),
    Column("round", Integer, nullable=False, server_default="0"),  # copies that went before this one was cleared
    Index(
        "ix_outbound_received",
        "due",
        "seq",
        sqlite_where=text("state = 'received'"),
        postgresql_where=text("state = 'received'"),
    ),
    Index(
        "ix_outbound_sealed",
        "destination",
        "due",
        "seq",
        sqlite_where=text("state = 'sealed'"),
        postgresql_where=text("state = 'sealed'"),
    ),
    Index(
        "ix_outbound_delivered",
        "due",
        sqlite_where=text("state = 'delivered'"),
        postgresql_where=text("state = 'delivered'"),
    ),
    Index(
        "ix_outbound_dead_letter",
        "seq",
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    ),
    Index(
        "ix_outbound_case",
        "destination",
        "case_key",
        "seq",
        sqlite_where=text("open = 1"),
        postgresql_where=text("open"),
    ),
    Index("ix_outbound_patient", "patient", "state"),
    Index("ix_outbound_correlation", "correlation"),
    Index(
        "ux_outbound_once",  # but after a refusal, the patient may act anew
        "inbound",
        "destination",
        "format",
        "purpose",
        "round",
        unique=True,
        sqlite_where=text("state <> 'refused'"),
        postgresql_where=text("state <> 'refused'"),
    ),
    Index("ix_outbound_inbound", "inbound"),
    comment="one for each recipient of an incoming message; frozen at intake",
)

payload = Table(
    "payload",
    metadata,
    Column("record", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # the table whose record it belongs to
    Column("patient", Text, nullable=False, index=True),
    Column("kek", Text, nullable=False, index=True),
    Column("wrapped", LargeBinary),  # absent: destroyed
    Column("body", LargeBinary),
    comment="the encrypted bytes of a record; see gateway.edge.keys",
)

event = Table(
    "event",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("outbound", Text, nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("state", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("following", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("detail", Text, nullable=False),  # a code
    comment="one for each transition, and for each note on a message or a destination",
)

attempt = Table(
    "attempt",
    metadata,
    Column("outbound", Text, primary_key=True),
    Column("token", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("node", Text, nullable=False),
    Column("begun_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("outcome", Text, nullable=False),
    comment="one for each time that bytes may have left; committed before they do",
)

receipt = Table(
    "receipt",
    metadata,
    Column("id", Text, primary_key=True),
    Column("outbound", Text, index=True),  # absent: it answers nothing that we know of
    Column("destination", Text, nullable=False),
    Column("content_mac", Text, nullable=False),
    Column("positive", Boolean, nullable=False),
    Column("codes", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    UniqueConstraint("destination", "content_mac"),
    comment="application receipts, each once",
)

patient = Table(
    "patient",
    metadata,
    Column("pseudonym", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),  # counts changes of what the patient permits
    Column("erased_at", Double),
)

consent = Table(
    "consent",
    metadata,
    Column("id", Text, primary_key=True),  # pseudonym of the resource's id
    Column("version", Integer, primary_key=True),
    Column("record", Text, nullable=False),
    Column("patient", Text, nullable=False, index=True),
    Column("party", Text, nullable=False),  # that recorded it
    Column("status", Text, nullable=False),
    Column("recorded_at", Double, nullable=False),
    comment="every version of every FHIR Consent",
)

review = Table(
    "review",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # held, or glass
    Column("patient", Text, nullable=False),
    Column("inbound", Text, nullable=False),  # empty for a breaking of the glass
    Column("outbound", Text, nullable=False),
    Column("party", Text, nullable=False),  # that is to have it, or that broke the glass
    Column("recipient", Text, nullable=False),  # its role
    Column("purpose", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("held", Text, nullable=False),  # lines of a field's path and the rule that holds it
    Column("person", Text, nullable=False),  # pseudonym of whoever broke the glass
    Column("reason", Text, nullable=False),  # a code
    Column("opened_at", Double, nullable=False),
    Column("status", Text, nullable=False),
    Column("closed_at", Double),
    Column("officer", Text, nullable=False),
    Column("finding", Text, nullable=False),  # a code
    Column("owner", Text, nullable=False, server_default=""),  # the officer who has taken it
    Column("due", Double),  # absent: made by a node that knew of none; as its kind has it
    Index("ix_review_status", "status", "opened_at"),
    Index("ix_review_inbound", "inbound", "party"),
    Index("ix_review_patient", "patient", "opened_at"),
    comment="what waits for an officer: held messages, and every breaking of the glass",
)

review_note = Table(
    "review_note",
    metadata,
    Column("id", Text, primary_key=True),  # the record of its text in `payload`, if it has one
    Column("item", Text, nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("officer", Text, nullable=False),
    Column("step", Text, nullable=False),  # a code
    comment="what officers did with a case, and noted; what they wrote is in `payload`",
)

log_watch = Table(
    "log_watch",
    metadata,
    Column("id", Integer, primary_key=True),  # one row, 1
    Column("upto", BigInteger, nullable=False),
    Column("drawn", Text, nullable=False),  # the last month that a sample was drawn of
    comment="how far the log was searched for what officers look into",
)

log_volume = Table(
    "log_volume",
    metadata,
    Column("day", Text, primary_key=True),
    Column("who", Text, primary_key=True),
    Column("what", Text, primary_key=True),  # an action
    Column("number", Integer, nullable=False),
    comment="how much each party and each officer did a day, as the log tells",
)

follow_up = Table(
    "follow_up",
    metadata,
    Column("month", Text, primary_key=True),
    Column("what", Text, primary_key=True),  # a kind of message, or how a receipt was
    Column("span", Integer, primary_key=True, autoincrement=False),  # days, or hours of a receipt
    Column("number", Integer, nullable=False),
    comment="how many of what came how long after, by month; of nobody in particular",
)

rule_set = Table(
    "rule_set",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("since", Double, nullable=False),  # when a node first began with it, after another
    Column("files", LargeBinary, nullable=False),  # JSON of name and text, compressed
    comment="the rule sets that were in force",
)

notice = Table(
    "notice",
    metadata,
    Column("id", Text, primary_key=True),
    Column("patient", Text, nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("message", Text, nullable=False),
    UniqueConstraint("kind", "message", "party"),
    comment="what patients are told of what became of their data; made into words when they read it",
)

proof = Table(
    "proof",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("until", Double, nullable=False, index=True),
    comment="proofs of possession and client assertions that were used, until they count no more",
)

ebms_received = Table(
    "ebms_received",
    metadata,
    Column("party", Text, primary_key=True),
    Column("message", Text, primary_key=True),  # pseudonym of the MessageId that the party gave it
    Column("answer", Text, nullable=False),  # record of the signal that answered it; empty for none
    Column("media_type", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    Index("ix_ebms_received_at", "received_at"),
    comment="ebMS messages that were taken, each once, and the signal that answers them again",
)

ebms_owed = Table(
    "ebms_owed",
    metadata,
    Column("id", Text, primary_key=True),  # its MessageId is made of it
    Column("party", Text, nullable=False),
    Column("signal", Boolean, nullable=False),  # which nobody acknowledges
    Column("media_type", Text, nullable=False),
    Column("due", Double, nullable=False, index=True),
    Column("token", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("since", Double, nullable=False),
    comment="ebMS signals and application receipts that we owe a party, until it has them",
)

destination = Table(
    "destination",
    metadata,
    Column("name", Text, primary_key=True),
    Column("up", Boolean, nullable=False),
    Column("since", Double, nullable=False),
    Column("retry_at", Double, nullable=False),  # while down: when the next probe may go
)

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

absence_file = Table(
    "absence_file",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("digest", Text, nullable=False),  # keyed, of its bytes and how it is to be read; its id until it is whole
    Column("profile", Text, nullable=False),
    Column("whole", Boolean, nullable=False),  # all rows or none
    Column("state", Text, nullable=False),  # receiving, waiting, done, refused
    Column("began_at", Double, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("rows", Integer, nullable=False),  # handled so far
    Column("good", Integer, nullable=False),
    Column("repeated", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("ignored", Integer, nullable=False),
    Column("corrected", Integer, nullable=False, server_default="0"),  # absences of earlier files that went for it
    Column("noted", Text, nullable=False, server_default=""),  # where it strays and was read, a line each
    UniqueConstraint("party", "digest"),
    Index("ix_absence_file_state", "state"),
    comment="absence files that employers uploaded; their bytes are in `payload` until they are handled",
)

absence_issue = Table(
    "absence_issue",
    metadata,
    Column("file", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("place", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("mend", Text, nullable=False),
    comment="what is wrong with a file's rows: place, reason and remedy, no value",
)

absence = Table(
    "absence",
    metadata,
    Column("record", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("patient", Text, nullable=False, index=True),
    Column("row_mac", Text, nullable=False),
    Column("file", Text, nullable=False),  # the last one that it stood in
    Column("row", Integer, nullable=False),
    Column("source_mac", Text, nullable=False, server_default=""),  # what a correction of it is known by
    UniqueConstraint("party", "row_mac"),
    Index("ix_absence_source", "party", "source_mac"),
    comment="the absences that an employer reported, each once; what they say is in `payload`",
)
