"""Messages in and out, how each fares, and what was promised about it."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.edge.store.schema.base import SEQUENCE, WAITS, metadata

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
    Column("once_mac", Text),  # what it alone is known by; absent without an id, and for old doubles
    UniqueConstraint("sender", "key_mac"),
    Index("ux_inbound_once", "once_mac", unique=True),
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

destination = Table(
    "destination",
    metadata,
    Column("name", Text, primary_key=True),
    Column("up", Boolean, nullable=False),
    Column("since", Double, nullable=False),
    Column("retry_at", Double, nullable=False),  # while down: when the next probe may go
)

ebms_received = Table(
    "ebms_received",
    metadata,
    Column("party", Text, primary_key=True),
    Column("message", Text, primary_key=True),  # pseudonym of the MessageId that the party gave it
    Column("answer", Text, nullable=False),  # record of the signal that answered it; empty for none
    Column("media_type", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("content", Text, nullable=False, server_default=""),  # pseudonym of what it carried
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

edi_sent = Table(
    "edi_sent",
    metadata,
    Column("message", Text, primary_key=True),  # of ours, outgoing
    Column("name", Text, nullable=False),  # the id that the service gave it
    Column("sent_at", Double, nullable=False, index=True),
    comment="messages that NHN's message service has, and what it calls them",
)

edi_turn = Table(
    "edi_turn",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", Integer, nullable=False),
    Column("due", Double, nullable=False),  # when the next turn may be taken
    comment="which node fetches unread messages, and until when",
)

proof = Table(
    "proof",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("until", Double, nullable=False, index=True),
    comment="proofs of possession and client assertions that were used, until they count no more",
)

key_mark = Table(
    "key_mark",
    metadata,
    Column("name", Text, primary_key=True),  # as its line in the keyring begins
    Column("mark", Text, nullable=False),
    Column("since", Double, nullable=False),
    comment="by what the keys that this store is written with are known again",
)
