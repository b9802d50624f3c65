"""Which rules were in force is kept, whole, and what the rules in force changed is told in rows."""

import shutil
from datetime import UTC, date, datetime

import pytest

from gateway.edge.library import default_folder
from gateway.edge.rule_sets import history, keep, revision
from gateway.edge.rulebook import Rulebook
from gateway.edge.store.database import Database, Settings

DAY = date(2026, 11, 24)


@pytest.fixture
def kept(tmp_path):
    database = Database(Settings(f"sqlite:///{tmp_path / 'line.db'}"))
    yield database
    database.close()


def book(tmp_path, name, *changes):
    folder = tmp_path / name
    shutil.copytree(default_folder() / "policy", folder)
    rules = (folder / "rules.yaml").read_text("utf-8")
    for old, new in changes:
        assert old in rules
        rules = rules.replace(old, new, 1)
    (folder / "rules.yaml").write_text(rules, "utf-8")
    return Rulebook(folder, lambda: datetime(2026, 11, 24, tzinfo=UTC))


def test_the_first_rule_set_changed_nothing_and_starting_again_with_it_is_no_change(kept, tmp_path):
    rules = book(tmp_path, "one")
    keep(kept, rules)
    keep(kept, rules)
    assert [one.digest for one in history(kept)] == [rules.rules.digest]
    assert revision(kept, rules, DAY) is None


def test_a_rule_set_is_told_against_the_one_before_it_by_cells_and_by_rules(kept, tmp_path):
    old = book(tmp_path, "old")
    new = book(
        tmp_path,
        "new",
        ("employment, absence, function, workplace, prognosis]", "employment, absence, function, prognosis]"),
        ("- id: certificate-to-patient-se", "- id: certificate-to-patient-in-sweden"),
        ('nb: "Arbeidsgiver får arbeidsgiverdelen når', 'nb: "Arbeidsgiveren får sin del når'),
    )
    keep(kept, old)
    keep(kept, new)
    told = revision(kept, new, DAY)
    cells = {str(one) for one in told.cells}
    lost = "workplace of sykmelding from certifier to employer for sick-leave-follow-up"
    assert f"narrower: {lost} (sykmelding-to-employer)" in cells
    assert not any(one.wider for one in told.cells)
    rules = {one.id: one for one in told.rules}
    assert rules["sykmelding-to-employer"].members == ("scope", "nb")  # which says it in Norwegian, too
    assert rules["certificate-to-patient-in-sweden"].old is None
    assert rules["certificate-to-patient-se"].new is None
    assert told.before.digest == old.rules.digest


def test_going_back_to_an_older_rule_set_is_a_change_as_well(kept, tmp_path):
    old, new = book(tmp_path, "old"), book(tmp_path, "new", ("reviewed: no", "reviewed: yes"))
    for one in (old, new, old):
        keep(kept, one)
    told = revision(kept, old, DAY)
    assert [one.digest for one in history(kept)] == [old.rules.digest, new.rules.digest]
    assert [one.members for one in told.rules] == [("reviewed",)]
    assert told.cells == ()


def test_rules_that_ask_for_other_facts_or_cannot_be_read_here_are_said_to_be_incomparable(kept, tmp_path):
    old, new = book(tmp_path, "old"), book(tmp_path, "new", ("reviewed: no", "reviewed: yes"))
    old.files["facts.yaml"] = old.files["facts.yaml"].replace("values: [active, none]", "values: [active, some, none]")
    keep(kept, old)
    keep(kept, new)
    told = revision(kept, new, DAY)
    assert told.cells is None
    assert told.rules is not None
    with kept.engine.begin() as connection:
        connection.exec_driver_sql("delete from rule_set")
    old.files["rules.yaml"] = "version: [nonsense"
    keep(kept, old)
    keep(kept, new)
    assert revision(kept, new, DAY).rules is None
