"""Patients, by pseudonyms, with their consents and notices."""

from sqlalchemy import (
    Column,
    Double,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.edge.store.schema.base import metadata

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
