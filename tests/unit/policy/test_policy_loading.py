from pathlib import Path

import pytest
from policy_cases import POLICY, rules

from gateway.core.errors import ConfigurationError
from gateway.policy.load import FILES, load, read, texts
from gateway.policy.prove import check


def planted(tmp_path: Path, name: str, old: str, new: str) -> Path:
    """A copy of the rules in which one text stands in the place of another."""
    for file in POLICY.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        if file.name == name:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    return tmp_path


def line_of(directory: Path, name: str, text: str) -> int:
    return (directory / name).read_text(encoding="utf-8").split(text, 1)[0].count("\n") + 1


def test_the_rules_as_they_stand_can_be_read() -> None:
    assert len(rules().rules) == 94
    assert len(rules().facts) == 30
    assert len(rules().digest) == 64


def test_no_rule_claims_a_lawyer_has_seen_it() -> None:
    assert not any(rule.reviewed for rule in rules().rules)


def test_every_mistake_is_told_at_once_with_its_place_and_the_nearest_name(tmp_path: Path) -> None:
    directory = planted(
        tmp_path, "rules.yaml", "to: [nav]\n  message: [sykmelding]", "to: [navv]\n  message: [sykmeldin]"
    )
    with pytest.raises(ConfigurationError) as raised:
        load(directory)
    first, second = raised.value.faults
    line = line_of(directory, "rules.yaml", "to: [navv]")
    assert str(first) == f"{directory}/rules.yaml:{line}:8: «navv» is no role; did you mean «nav»?"
    assert (
        str(second)
        == f"{directory}/rules.yaml:{line + 1}:13: «sykmeldin» is no message kind; did you mean «sykmelding»?"
    )


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("to: [nav]", "to: any", "«any» in a permit"),
        ("to: [nav]", "to: {all-except: [employer]}", "«all-except» in a permit"),
        ("tier: permit", "tier: statute", "a permit cannot be of tier «statute»"),
        ("effect: permit", "effect: allow", "«allow» is no effect"),
        ("obligations: [log]", "obligations: [log, shred]", "«shred» is no known obligation"),
        ("when: {standing: self}", "when: {standing: unknown}", "«unknown» is no value of fact «standing»"),
        ("when: {standing: self}", "when: {stading: self}", "«stading» is not a fact"),
        ("when: {standing: self}", "when: {standing: self}\n  unless: {glass: opened}", "«unless» in a permit"),
        ("valid-from: 2025-01-01", "valid-from: yesterday", "not a day"),
        ("valid-from: 2025-01-01", "valid-from: 2025-01-01\n  valid-to: 2024-01-01", "the rule ends before it begins"),
        ("status: verified", "status: sure", "«sure» is no status"),
        ("source: [S1, S2, S3, S4]", "source: [S1, S99]", "«S99» is no source"),
        ("rows: [N1]", "rows: [N99]", "«N99» is no row of the legal notes"),
        ("- id: sykmelding-to-patient", "- id: sykmelding-to-nav", "stands here twice"),
        ("- id: sykmelding-to-nav", "- ID: sykmelding-to-nav", "«ID» is not known here"),
        ('  basis: "ftrl § 8-7, § 8-4"\n', "", "«basis» is missing"),
        ('  basis: "ftrl § 8-7, § 8-4"\n', '  basis: ""\n', "«basis» is empty"),
        ("to: [nav]", "to: [nav, nav]", "«nav» stands here twice"),
        ("to: [nav]", "to: []", "«to» names nothing"),
        ("opaque]\n  obligations", "secret]\n  obligations", "«opaque» is missing from classes"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, what: str) -> None:
    faults = check(planted(tmp_path, "rules.yaml", old, new))
    assert any(what in fault.what for fault in faults), list(map(str, faults))


@pytest.mark.parametrize("name", [*FILES, "invariants.yaml", "examples.yaml"])
def test_a_file_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    planted(tmp_path, "rules.yaml", "version", "version")
    (tmp_path / name).unlink()
    assert [fault.file for fault in check(tmp_path)] == [str(tmp_path / name)]


def test_text_that_is_not_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    faults = check(planted(tmp_path, "facts.yaml", "facts:", "facts: ]["))
    assert any("not readable as YAML" in fault.what and fault.file.endswith("facts.yaml") for fault in faults)


def test_yes_no_and_true_are_words_and_not_booleans() -> None:
    assert rules()["claim-to-nav"].when == {"patient-act": "true"}
    assert rules().facts["patient-act"].values == ("false", "true")
    assert rules()["claim-to-nav"].reviewed is False


def test_the_digest_changes_with_any_of_the_files() -> None:
    files = texts(POLICY)
    digests = {read(files)[0].digest}  # type: ignore[union-attr]
    for name in files:
        changed, _ = read({**files, name: files[name] + "\n# a remark\n"})
        assert changed is not None
        digests.add(changed.digest)
    assert len(digests) == len(files) + 1


def test_every_rule_says_the_same_in_three_languages_and_none_lends_its_words_to_another() -> None:
    for rule in rules().rules:
        assert len({rule.nb, rule.en, rule.sv}) == 3, rule.id
        assert not {"ø", "æ"} & set(rule.sv.lower()), rule.id
        assert not {"ä", "ö"} & set(rule.nb.lower().replace("försäkringskassan", "").replace("vårdgivare", "")), rule.id
