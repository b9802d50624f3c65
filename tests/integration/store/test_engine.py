"""What a session of ours promises: a commit that counts is on disk, and an installation that asks for more gets it."""

import psycopg
import pytest
from sqlalchemy import make_url, text

from gateway.core.errors import Busy
from gateway.edge.store.database import Database, Settings
from gateway.edge.store.engine import open_engine


@pytest.mark.parametrize(("configured", "held"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")])
def test_a_session_commits_as_durably_as_the_installation_asks_and_never_less(postgres, configured, held):
    url = postgres.database()
    with psycopg.connect(postgres.uri, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {make_url(url).database} SET synchronous_commit = {configured}")
    engine = open_engine(url, lambda: 0.0)
    try:
        with engine.connect() as connection:
            assert connection.execute(text("SHOW synchronous_commit")).scalar() == held
    finally:
        engine.dispose()


@pytest.mark.parametrize("url", ["postgresql+psycopg://samspill@/samspill?host=/nowhere", "sqlite:///{folder}"])
def test_a_store_that_is_away_when_a_node_starts_is_said_in_a_line(url, tmp_path):
    with pytest.raises(Busy, match=r"^the store cannot be opened now \(OperationalError\)$"):
        Database(Settings(url.format(folder=tmp_path)))
