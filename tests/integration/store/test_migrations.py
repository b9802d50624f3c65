"""Expand, then contract: while a new node starts, nodes with the code before it go on as they were."""

import contextlib
import inspect as code
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import sqlalchemy as sa
import test_transactions
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from databases import running
from line_kit import message
from rig import Rig
from widening import shape, takes_away

from gateway.edge.store.database import Database, Settings
from gateway.edge.store.engine import open_engine
from gateway.edge.store.migrate import HERE, migrate, version
from gateway.edge.store.schema import metadata

HEAD = ScriptDirectory(str(HERE)).get_current_head()
NEXT_PRE = f"""
import sqlalchemy as sa
from alembic import op
revision = "9001_pre_wider"
down_revision = "{HEAD}"
def upgrade():
    op.create_table("later", sa.Column("id", sa.Text(), primary_key=True))
    for table in {sorted(metadata.tables)}:
        op.add_column(table, sa.Column("later_word", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("later_count", sa.Integer(), nullable=False, server_default="0"))
        op.create_index(f"ix_{{table}}_later_word", table, ["later_word"])
"""
NEXT_POST = """
from alembic import op
revision = "9002_post_narrower"
down_revision = "9001_pre_wider"
def upgrade():
    op.drop_index("ix_outbound_dead_letter", "outbound")
"""


@pytest.fixture
def later(tmp_path) -> Path:
    """Give the migrations as a later version has them: every table has grown in every way that is allowed."""
    scripts = tmp_path / "later"
    shutil.copytree(HERE, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9001_pre_wider.py").write_text(NEXT_PRE)
    (scripts / "versions" / "9002_post_narrower.py").write_text(NEXT_POST)
    return scripts


def opened(url):
    return contextlib.closing(_Engine(url))


class _Engine:
    def __init__(self, url):
        self.engine = open_engine(url, lambda: 0.0)

    def migrate(self, **options):
        migrate(self.engine, **options)
        with self.engine.connect() as connection:
            return version(connection), shape(connection)

    def close(self):
        self.engine.dispose()


def test_old_code_starts_on_a_newer_schema_and_leaves_it_alone(url, later):
    with opened(url) as store:
        store.migrate(scripts=later)
        Database(Settings(url)).close()
        assert store.migrate()[0] == "9001_pre_wider"


def test_post_migrations_wait_for_the_command(url, later):
    with opened(url) as store:
        before, _ = store.migrate(scripts=later)
        after, _ = store.migrate(scripts=later, post=True)
    assert (before, after) == ("9001_pre_wider", "9002_post_narrower")


@running
async def test_old_code_that_runs_while_a_new_node_upgrades_the_schema_goes_on(rig, later):
    taken = await rig.intake.accept(message(1), "json", "ehr", "before")
    migrate(rig.database.engine, scripts=later)
    again = await rig.intake.accept(message(2), "json", "ehr", "after")
    await rig.run_until(lambda: rig.state(taken.id) == rig.state(again.id) == "acknowledged")


TRANSACTIONS = [test for name, test in vars(test_transactions).items() if name.startswith("test_")]


@pytest.mark.parametrize("test", [t for t in TRANSACTIONS if list(code.signature(t).parameters) == ["rig"]])
def test_every_transaction_of_old_code_holds_on_a_schema_that_has_grown(test, sqlite_url, later):
    with opened(sqlite_url) as store:
        store.migrate(scripts=later)
    rig = Rig(sqlite_url)
    try:
        test(rig)
    finally:
        rig.close()


def test_every_migration_before_the_others_nodes_are_new_only_adds(url):
    scripts = ScriptDirectory(str(HERE))
    config = Config()
    config.set_main_option("script_location", str(HERE))
    engine = open_engine(url, lambda: 0.0)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        before, seen = {}, 0
        for step in reversed(list(scripts.walk_revisions())):
            command.upgrade(config, step.revision)
            after = shape(connection)
            if "_post_" not in step.revision:
                assert takes_away(before, after) == [], step.revision
            before, seen = after, seen + 1
    engine.dispose()
    assert seen == len(list((HERE / "versions").glob("[0-9]*.py")))


BAD = {
    "drops a table": (lambda op: op.drop_table("notice"), "notice is gone"),
    "drops a column": (lambda op: op.drop_column("event", "detail"), "event.detail is gone"),
    "renames a column": (lambda op: op.alter_column("event", "detail", new_column_name="n"), "event.detail is gone"),
    "renames a table": (lambda op: op.rename_table("event", "happening"), "event is gone"),
    "demands a column": (
        lambda op: op.add_column("event", sa.Column("x", sa.Text(), nullable=False)),
        "event.x is demanded and has no default",
    ),
    "demands what was free": (
        lambda op: op.alter_column("outbound", "policy", nullable=False),
        "outbound.policy is demanded",
    ),
    "changes a type": (
        lambda op: op.alter_column("event", "at", type_=sa.Text(), postgresql_using="at::text"),
        "event.at has another type",
    ),
    "demands that it is once": (
        lambda op: op.create_index("ux_x", "receipt", ["verdict"], unique=True),
        "receipt: verdict may be there once",
    ),
    "demands that it is elsewhere": (
        lambda op: op.create_foreign_key("fk_x", "event", "outbound", ["outbound"], ["id"]),
        "event: outbound has to be elsewhere",
    ),
    "demands a value": (
        lambda op: op.create_check_constraint("ck_x", "event", "node <> ''"),
        "event: there is a new demand",
    ),
}


@pytest.fixture(scope="module")
def migrated(postgres):
    with opened(postgres.database()) as store:
        store.migrate()
        yield store.engine


@pytest.mark.parametrize("bad", BAD)
def test_a_migration_that_old_code_would_miss_something_after_is_refused(migrated, bad):
    change, fault = BAD[bad]
    with migrated.connect() as connection:
        before = shape(connection)
        change(Operations(MigrationContext.configure(connection)))
        assert fault in takes_away(before, shape(connection))
        connection.rollback()


def test_a_migrations_name_tells_its_half():
    names = [path.stem for path in (HERE / "versions").glob("[0-9]*.py")]
    assert names
    assert all("_pre_" in name or "_post_" in name for name in names)


REPOSITORY = Path(__file__).parents[3]
OLD_TESTS = ["tests/integration/store/test_transactions.py", "tests/integration/delivery"]
NOT_OF_TIME = "sqlite and not rate_of_a_destination"


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True).stdout  # noqa: S607


@pytest.mark.storm
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("migration", [path.stem for path in sorted((HERE / "versions").glob("[0-9]*.py"))[1:]])
def test_the_code_before_each_migration_passes_its_own_tests_on_todays_schema(migration, tmp_path):
    path = (HERE / "versions" / f"{migration}.py").relative_to(REPOSITORY)
    try:
        commit = git("log", "--diff-filter=A", "--format=%H", "--", path).decode().split()[-1]
        source = git("archive", f"{commit}^", "gateway", "adapters", "mappings", "tests", "pyproject.toml")
    except (OSError, IndexError, subprocess.CalledProcessError):
        pytest.skip("the history of this code is not here")
    with tarfile.open(fileobj=io.BytesIO(source)) as tree:
        tree.extractall(tmp_path, filter="data")
    python = [sys.executable, "-m", "pytest", "-p", "ahead", "-p", "no:cacheprovider", "-k", NOT_OF_TIME, *OLD_TESTS]
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parent)])
    environment = os.environ | {"PYTHONPATH": paths, "TODAY": str(REPOSITORY)}
    done = subprocess.run(python, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    print(migration, done.stdout.splitlines()[-1])  # noqa: T201 - how many they are
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
