"""Every filter of the log is answered in the order of an index: nothing is sorted, and nothing is read whole."""

from pathlib import Path

import pytest
from sqlalchemy import event

from gateway.bench.console import fill
from gateway.console.log import VIEWS
from gateway.core.vocabulary import Purpose
from gateway.edge.audit.search import Filter, search
from gateway.edge.store.database import Database, Settings

FILTERS = [
    *(Filter(actions=actions, outcomes=outcomes) for actions, outcomes in VIEWS.values()),
    *(
        Filter(recipient="nav"),
        Filter(purpose=Purpose.PAY),
        Filter(since=1.0),
        Filter(until=4e9),
        Filter(before="0" * 32),
    ),
]


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda one: "-".join(one.names) or "everything")
def test_no_search_sorts_or_reads_the_whole_log(tmp_path: Path, wanted: Filter) -> None:
    database = Database(Settings(f"sqlite:///{tmp_path / 'log.db'}"))
    asked: list[tuple[str, tuple[object, ...]]] = []
    try:
        fill(database, 50)

        @event.listens_for(database.engine, "before_cursor_execute")
        def note(_c: object, _u: object, statement: str, values: tuple[object, ...], *_rest: object) -> None:
            if statement.startswith("SELECT audit."):
                asked.append((statement, values))

        search(database, wanted, 10)
        with database.engine.connect() as connection:
            for statement, values in asked:
                plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
                assert not [step for step in plan if "TEMP B-TREE" in step], plan
    finally:
        database.close()
    assert asked


def test_a_search_of_several_kinds_gives_the_same_as_one_by_one(tmp_path: Path) -> None:
    database = Database(Settings(f"sqlite:///{tmp_path / 'log.db'}"))
    try:
        fill(database, 500)
        everything = search(database, Filter(), 1000)
        for actions, outcomes in VIEWS.values():
            found = search(database, Filter(actions=actions, outcomes=outcomes), 40)
            fits = [
                one
                for one in everything
                if (not actions or one.entry.action in actions) and (not outcomes or one.entry.outcome in outcomes)
            ]
            assert found == fits[:40]
        moment = everything[250].entry.recorded_at
        assert search(database, Filter(since=moment), 1000) == everything[:251]
        assert search(database, Filter(until=moment), 1000) == everything[251:]
    finally:
        database.close()
