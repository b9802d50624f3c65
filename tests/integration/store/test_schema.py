import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from rig import stock
from sqlalchemy import event

from gateway.edge.store import statements
from gateway.edge.store.migrate import HERE, migrate, version
from gateway.edge.store.schema import metadata

HEAD = max(path.stem for path in (HERE / "versions").glob("[0-9]*.py"))


def test_the_migrations_make_the_schema_that_the_statements_are_written_for(rig):
    with rig.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_starting_twice_changes_nothing(rig, url):  # noqa: ARG001
    migrate(rig.database.engine)
    with rig.database.engine.connect() as connection:
        assert version(connection) == HEAD


CLAIMS = {
    "claim a message to decide": (statements.CLAIM_RECEIVED, {"at": 1.0, "limit": 8}, "ix_outbound_received"),
    "claim a message to send": (statements.CLAIM_SEALED, {"at": 1.0, "limit": 8, "party": "nav"}, "ix_outbound_sealed"),
    "hold back later ones of a case": (
        statements.CLAIM_SEALED,
        {"at": 1.0, "limit": 8, "party": "nav"},
        "ix_outbound_case",
    ),
    "find destinations with work": (statements.READY_DESTINATIONS, {"at": 1.0}, "ix_outbound_sealed"),
    "find receipts that never came": (statements.OVERDUE, {"at": 1.0, "limit": 8}, "ix_outbound_delivered"),
    "list dead letters": (statements.DEAD_LETTERS, {"limit": 8}, "ix_outbound_dead_letter"),
    "match a receipt": (statements.CORRELATED, {"correlation": "c", "party": "nav"}, "ix_outbound_correlation"),
    "find what a consent touches": (statements.QUEUED_FOR, {"who": "p"}, "ix_outbound_patient"),
}


def plan(rig, statement, values):
    """Ask the database how it would run the very statement, with its parameters."""
    postgresql = rig.database.engine.dialect.name == "postgresql"
    with rig.database.engine.connect() as connection:
        prefix = "EXPLAIN " if postgresql else "EXPLAIN QUERY PLAN "

        def explain(_connection, _cursor, sql, parameters, _context, _many):
            return prefix + sql, parameters

        event.listen(connection, "before_cursor_execute", explain, retval=True)
        raw = connection.execute(statement, values)
        return "\n".join(str(tuple(row)) for row in raw.cursor.fetchall())


def test_every_claim_goes_by_its_index(rig):
    stock(rig, 4000)
    for name, (statement, values, index) in CLAIMS.items():
        assert index in plan(rig, statement, values), name


@pytest.mark.parametrize(("statement", "values", "first"), [
    (statements.KNOWN_KEYS, {"senders": ["ehr"], "keys": ["k"]}, "sender"),
    (statements.KNOWN_IDS, {"ids": ["i"]}, "once_mac"),
], ids=["keys", "ids"])  # fmt: skip
def test_whether_a_message_was_here_before_is_looked_for_from_the_first_column_of_an_index(
    rig, statement, values, first
):
    stock(rig, 4000)
    found = plan(rig, statement, values)
    assert f"({first}=?" in found or f"({first} = " in found
