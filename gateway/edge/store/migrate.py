"""Brings the schema up to date, at start and by command.

Migrations come in two halves. `pre` migrations only add what the old code does not miss, and run at start, while nodes
with the old code are still at work. `post` migrations take away what no node needs any more, and run by
`samspill messages upgrade-store --post`, once every node is new. A schema that is newer than the code is left as it is:
that is the old code in a rolling upgrade.
"""

from pathlib import Path
from typing import Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

HERE: Final = Path(__file__).parent / "migrations"
LOCK: Final = 5_373_411  # any number, the same in every node

log = structlog.get_logger(__name__)


def migrate(engine: Engine, *, post: bool = False, scripts: Path = HERE) -> None:
    """Run what is not yet run: up to the first `post` migration, or with `post` all of them. One node at a time."""
    config = Config()
    config.set_main_option("script_location", str(scripts))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        present = version(connection)
        goal = _goal(ScriptDirectory.from_config(config), present, post=post)
        if goal is None or goal == present:
            return
        config.attributes["connection"] = connection
        command.upgrade(config, goal)
        log.info("schema-upgraded", before=present, now=goal)


def version(connection: Connection) -> str | None:
    """Give the schema's version, or nothing for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def _goal(scripts: ScriptDirectory, present: str | None, *, post: bool) -> str | None:
    """Give the revision to go to; nothing when the schema is of a later version than this code."""
    chain = [script.revision for script in reversed(list(scripts.walk_revisions()))]
    if present is not None and present not in chain:
        return None
    goal = present
    for revision in chain[chain.index(present) + 1 if present else 0 :]:
        if not post and "_post_" in revision:
            break
        goal = revision
    return goal
