"""What officers look at: held messages and cases, their notes, what the watch has seen, the sets of rules."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from gateway.edge.store.schema.base import metadata

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
