import shutil
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from databases import running
from line_kit import message
from rig import stock
from sqlalchemy import event, inspect

from gateway.edge.store import migrate as migrating
from gateway.edge.store import statements
from gateway.edge.store.database import Database, Settings
from gateway.edge.store.engine import open_engine
from gateway.edge.store.migrate import HERE, migrate, version
from gateway.edge.store.schema import metadata

HEAD = max(path.stem for path in (HERE / "versions").glob("[0-9]*.py"))
NEXT_PRE = f"""
import sqlalchemy as sa
from alembic import op
revision = "9001_pre_priority"
down_revision = "{HEAD}"
def upgrade():
    op.add_column("outbound", sa.Column("priority", sa.Integer(), nullable=True))
"""
NEXT_POST = """
from alembic import op
revision = "9002_post_priority"
down_revision = "9001_pre_priority"
def upgrade():
    op.drop_index("ix_outbound_dead_letter", "outbound")
"""


def later_code(tmp_path: Path) -> Path:
    """The migrations as a later version of the gateway has them."""
    scripts = tmp_path / "later"
    shutil.copytree(HERE, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9001_pre_priority.py").write_text(NEXT_PRE)
    (scripts / "versions" / "9002_post_priority.py").write_text(NEXT_POST)
    return scripts


def columns(engine, table):
    return {column["name"] for column in inspect(engine).get_columns(table)}


def test_the_migrations_make_the_schema_that_the_statements_are_written_for(rig):
    with rig.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_starting_twice_changes_nothing(rig, url):  # noqa: ARG001
    migrate(rig.database.engine)
    with rig.database.engine.connect() as connection:
        assert version(connection) == HEAD


@running
async def test_old_code_works_on_a_schema_that_a_new_node_has_upgraded(rig, tmp_path):
    taken = await rig.intake.accept(message(1), "json", "ehr", "before")
    migrate(rig.database.engine, scripts=later_code(tmp_path))
    assert "priority" in columns(rig.database.engine, "outbound")
    again = await rig.intake.accept(message(2), "json", "ehr", "after")
    await rig.run_until(lambda: rig.state(taken.id) == rig.state(again.id) == "acknowledged")


def test_old_code_starts_on_a_newer_schema_and_leaves_it_alone(url, tmp_path):
    engine = open_engine(url, lambda: 0.0)
    migrate(engine, scripts=later_code(tmp_path))
    Database(Settings(url)).close()
    with engine.connect() as connection:
        assert version(connection) == "9001_pre_priority"
    engine.dispose()


def test_post_migrations_wait_for_the_command(url, tmp_path):
    engine = open_engine(url, lambda: 0.0)
    scripts = later_code(tmp_path)
    migrate(engine, scripts=scripts)
    assert "ix_outbound_dead_letter" in {index["name"] for index in inspect(engine).get_indexes("outbound")}
    migrate(engine, scripts=scripts, post=True)
    assert "ix_outbound_dead_letter" not in {index["name"] for index in inspect(engine).get_indexes("outbound")}
    engine.dispose()


def test_a_migrations_name_tells_its_half():
    names = [path.stem for path in (HERE / "versions").glob("[0-9]*.py")]
    assert names
    assert all("_pre_" in name or "_post_" in name for name in names)
    assert migrating.LOCK


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
