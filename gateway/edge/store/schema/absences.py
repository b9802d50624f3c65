"""Absence files and their rows."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from gateway.edge.store.schema.base import metadata

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
    Column("alone", Boolean, nullable=False, server_default=false()),  # known by employee number, `patient` is of that
    UniqueConstraint("party", "row_mac"),
    Index("ix_absence_source", "party", "source_mac"),
    comment="the absences that an employer reported, each once; what they say is in `payload`",
)

worker = Table(
    "worker",
    metadata,
    Column("record", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("employee", Text, nullable=False),  # a pseudonym, of the employer's own number
    Column("patient", Text, nullable=False, index=True),
    Column("file", Text, nullable=False),  # the last one that said so
    UniqueConstraint("party", "employee", "patient"),
    comment="whose an employer's own numbers are, as its files say; both numbers are in `payload`",
)
