"""`samspill translate`, `explain`, `formats`, `check` and `decide` as a person or a script meets them."""

import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway import cli
from gateway.demo import act
from gateway.sandbox import messages
from gateway.sandbox.case import degree_to

ROOT = Path(__file__).parents[3]
EMPLOYER = ("--recipient", "employer", "--purpose", "sick-leave-follow-up")
SAID = {"patient-act": True, "address-grading": "none", "sender-discloses": False, "officer-cleared": False}
VALUES = ("Fjellrype", "02917923100", "Depressiv", "P76", "Lyngveien", "konsentrasjon", "forverring")


@dataclass(frozen=True)
class Ran:
    """What the command line said, and how it ended."""

    code: int
    out: bytes
    err: str


class Console:
    """Runs the command line in this process, as `samspill` does."""

    def __init__(self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]) -> None:
        self._patch, self._capture = patch, capture

    def __call__(self, *arguments: str | Path, given: bytes = b"") -> Ran:
        self._patch.setattr(sys, "argv", ["samspill", *map(str, arguments)])
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self._capture.readouterr()
        ran = Ran(int(ended.value.code or 0), out, err.decode())
        assert "Traceback" not in ran.err
        assert not any(value in ran.err for value in VALUES)
        return ran


@pytest.fixture
def samspill(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Console:
    return Console(monkeypatch, capsysbinary)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.json"
    path.write_bytes(messages.load("full"))
    return path


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    return written(tmp_path / "facts.json", {**SAID, "consents": []})


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize("command", ["translate", "explain"])
def test_a_format_of_other_records_is_wrong_usage_and_the_ones_that_fit_are_named(
    samspill: Console, bundle: Path, command: str
) -> None:
    done = samspill(command, "--from", "fhir", "--to", "nav-apprec", "--unrestricted", bundle)
    assert (done.code, done.out) == (2, b"")
    told = " ".join(done.err.split())
    assert "nav-apprec holds Receipt, and the message is SickLeaveCertificate; it can be written as" in told
    assert all(name in told for name in ("nav-sykmelding", "hr-paxml"))


def test_explaining_a_note_to_nav_tells_what_navs_own_rules_will_answer(samspill: Console) -> None:
    asked = ("explain", "--from", "fhir", "--to", "nav-sykmelding", "--unrestricted", "-")
    late = degree_to(0, messages.load("graded"))
    said = samspill(*asked, given=late).out.decode()
    assert "NAV's rules: error: " in said
    assert "GRADERT_SYKMELDING_0_PROSENT" in said
    told = json.loads(samspill(*asked, "--json", given=late).out)["nav"]
    assert [one["rule"] for one in told if one["severity"] == "error"] == ["GRADERT_SYKMELDING_0_PROSENT"]
    to_employer = ("explain", "--from", "fhir", "--to", "nav-employer", "--unrestricted", "-")
    assert "NAV's rules" not in samspill(*to_employer, given=late).out.decode()


# translate


def test_a_bundle_becomes_navs_xml_without_restriction(samspill: Console, bundle: Path) -> None:
    ran = samspill("translate", "--from", "fhir", "--to", "canonical", "--unrestricted", bundle)
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["diagnosis"]["main"]["code"] == "P76"


def test_standard_input_is_a_dash(samspill: Console) -> None:
    asked = ("translate", "--from", "fhir", "--to", "canonical", "--unrestricted", "-")
    assert samspill(*asked, given=messages.load("full")).code == 0


def test_the_result_goes_to_a_file(samspill: Console, bundle: Path, facts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.xml"
    ran = samspill(
        "translate", "--from", "fhir", "--to", "nav-employer", *EMPLOYER, "--facts", facts, "-o", out, bundle
    )
    assert (ran.code, ran.out) == (0, b"")
    assert etree.fromstring(out.read_bytes()).tag.endswith("sykmeldingArbeidsgiver")
    assert b"P76" not in out.read_bytes()


def test_the_report_adds_up_and_holds_no_value(samspill: Console, bundle: Path, facts: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    asked = ("translate", "--from", "fhir", "--to", "nav-employer", *EMPLOYER, "--facts", facts, "--report", report)
    assert samspill(*asked, bundle).code == 0
    told = json.loads(report.read_text("utf-8"))
    outcomes = ("carried", "withheld", "dropped", "fixed", "unmapped", "refused")
    assert told["leaves"] == sum(len(told[one]) for one in outcomes) > 50
    places = [row["from"] for one in outcomes for row in told[one]]
    assert len(set(places)) == len(places)
    assert {row["class"] for row in told["withheld"]} >= {"diagnosis", "clinical", "authority-note", "contact"}
    assert all(re.fullmatch(r"\d+:[0-9a-f]{16}", version) for version in told["versions"].values())
    assert not any(value in report.read_text("utf-8") for value in VALUES)


@pytest.mark.parametrize("given", [(), ("--recipient", "employer"), ("--purpose", "pay")])
def test_a_recipient_and_a_purpose_are_needed_or_the_word_unrestricted(
    samspill: Console, bundle: Path, given: tuple[str, ...]
) -> None:
    ran = samspill("translate", "--from", "fhir", "--to", "nav-employer", *given, bundle)
    assert (ran.code, ran.out) == (2, b"")
    assert "--unrestricted" in ran.err


def test_without_facts_nothing_goes_to_an_employer(samspill: Console, bundle: Path) -> None:
    ran = samspill("translate", "--from", "fhir", "--to", "nav-employer", *EMPLOYER, bundle)
    assert (ran.code, ran.out) == (4, b"")
    assert ran.err.startswith("refused: ")


def test_a_refusal_names_its_rules_as_json(samspill: Console, bundle: Path, tmp_path: Path) -> None:
    known = written(tmp_path / "no.json", {**SAID, "patient-act": False})
    ran = samspill("translate", "--json", "--from", "fhir", "--to", "nav-employer", *EMPLOYER, "--facts", known, bundle)
    assert ran.code == 4
    assert set(json.loads(ran.err)) == {"refused", "rules"}


def test_a_consent_among_the_facts_is_the_patients_act(samspill: Console, bundle: Path, tmp_path: Path) -> None:
    consent = act(json.loads(bundle.read_text("utf-8")), "313000001")
    known = {name: value for name, value in SAID.items() if name != "patient-act"}
    asked = ("translate", "--from", "fhir", "--to", "nav-employer", *EMPLOYER, "--organisation", "313000001")
    given = written(tmp_path / "act.json", {**known, "consents": [consent]})
    assert samspill(*asked, "--facts", given, bundle).code == 0
    withdrawn = written(tmp_path / "withdrawn.json", {**known, "consents": [{**consent, "status": "inactive"}]})
    assert samspill(*asked, "--facts", withdrawn, bundle).code == 4


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"patient-act": "perhaps"}', '{"no-such-fact": true}', '{"consents": 1}']
)
def test_facts_that_make_no_sense_are_told_and_release_nothing(
    samspill: Console, bundle: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / "odd.json").write_text(content)
    ran = samspill(
        "translate", "--from", "fhir", "--to", "nav-employer", *EMPLOYER, "--facts", tmp_path / "odd.json", bundle
    )
    assert ran.code in {3, 4}
    assert ran.out == b""
    assert ran.err


def test_a_bad_message_is_told_every_fault_on_a_line_of_its_own(samspill: Console, tmp_path: Path) -> None:
    (tmp_path / "faulty.json").write_bytes(messages.load("faulty"))
    asked = ("translate", "--from", "fhir", "--to", "canonical", "--unrestricted", tmp_path / "faulty.json")
    ran = samspill(*asked)
    assert (ran.code, ran.out) == (3, b"")
    assert len(ran.err.splitlines()) >= 3
    assert all(line.startswith("Bundle.") for line in ran.err.splitlines())
    told = json.loads(samspill(*asked, "--json").err)
    assert {"code", "at", "what", "mend", "severity", "field", "rule"} == set(told["issues"][0])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 10_000])
@pytest.mark.parametrize("source", ["fhir", "nav-sykmelding", "nav-apprec", "canonical"])
def test_any_bytes_are_told_and_never_a_traceback(samspill: Console, source: str, content: bytes) -> None:
    ran = samspill("translate", "--from", source, "--to", "canonical", "--unrestricted", "-", given=content)
    assert ran.code == 3
    assert ran.err


def test_a_file_that_is_not_there_or_is_a_folder_is_wrong_usage(samspill: Console, tmp_path: Path) -> None:
    for path in (tmp_path / "missing.json", tmp_path):
        ran = samspill("translate", "--from", "fhir", "--to", "canonical", "--unrestricted", path)
        assert ran.code == 2
        assert str(path) in ran.err


def test_facts_that_are_not_there_are_wrong_usage(samspill: Console, bundle: Path, tmp_path: Path) -> None:
    asked = ("translate", "--from", "fhir", "--to", "nav-employer", *EMPLOYER, "--facts", tmp_path / "no.json", bundle)
    assert samspill(*asked).code == 2


@pytest.mark.parametrize(
    "wrong",
    [
        ("translate", "--from", "fihr", "--to", "canonical", "--unrestricted", "-"),
        ("translate", "--from", "fhir", "--to", "canonical", "--recipient", "nobody", "--purpose", "pay", "-"),
        ("translate", "--no-such-option"),
        ("translate",),
        ("no-such-command",),
        ("decide",),
    ],
)
def test_a_wrong_command_line_is_wrong_usage(samspill: Console, wrong: tuple[str, ...]) -> None:
    ran = samspill(*wrong, given=messages.load("full"))
    assert ran.code == 2
    assert ran.err


def test_a_format_that_is_only_written_is_not_read(samspill: Console, bundle: Path) -> None:
    assert samspill("translate", "--from", "nav-employer", "--to", "fhir", "--unrestricted", bundle).code == 3


# explain, formats


def test_the_lineage_tells_path_line_class_and_rule(samspill: Console, bundle: Path, facts: Path) -> None:
    ran = samspill("explain", "--from", "fhir", "--to", "nav-employer", *EMPLOYER, "--facts", facts, bundle)
    assert ran.code == 0
    said = ran.out.decode()
    assert re.search(r"patient\.name\.family, identity, by sykmelding-to-employer, mappings/nav/employer/\S+:\d+", said)
    assert re.search(r"withheld: \d+", said)
    assert "no-employer-diagnosis" in said
    assert not any(value in said for value in VALUES)


def test_the_lineage_is_json_when_asked(samspill: Console, bundle: Path) -> None:
    ran = samspill("explain", "--from", "fhir", "--to", "canonical", "--unrestricted", "--json", bundle)
    assert json.loads(ran.out)["leaves"] > 50


def test_the_generated_program_of_a_route_has_no_word_of_what_it_may_not_write(samspill: Console, bundle: Path) -> None:
    ran = samspill("explain", "--code", "--from", "canonical", "--to", "nav-employer", *EMPLOYER, bundle)
    assert ran.code == 0
    program = ran.out.decode()
    compile(program, "program", "exec")
    assert "patient" in program
    for hidden in ("diagnosis", "nav_note", "medical", "identifiers"):
        assert hidden not in program


def test_every_format_is_listed(samspill: Console) -> None:
    listed = json.loads(samspill("formats", "--json").out)
    assert {one["id"] for one in listed} >= {"fhir", "nav-sykmelding", "nav-employer", "nav-apprec", "canonical"}
    assert {one["id"]: one["directions"] for one in listed}["nav-employer"] == "write"
    text = samspill("formats").out.decode().splitlines()
    assert len(text) == len(listed)


# check


NEEDED = {"fhir/sykmelding", "fhir/clinical", "nav/sykmelding", "nav/employer", "nav/employer-json", "nav/apprec"}
"""The mappings that no installation is without; checking all of them takes seconds, and one is as good as another."""


@pytest.fixture
def mappings(tmp_path: Path) -> Path:
    few = Path(shutil.copytree(ROOT / "mappings", tmp_path / "mappings", ignore=shutil.ignore_patterns("se", "hr")))
    for folder in (*(few / "fhir").iterdir(), *(few / "nav").iterdir()):
        if f"{folder.parent.name}/{folder.name}" not in NEEDED:
            shutil.rmtree(folder)
    return few


def test_a_typo_in_a_path_is_told_with_its_place_and_the_word_that_fits(samspill: Console, mappings: Path) -> None:
    file = mappings / "fhir/sykmelding/mapping.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace(".birthDate\n", ".birthDaet\n", 1), "utf-8")
    line = next(i for i, one in enumerate(file.read_text("utf-8").splitlines(), 1) if one.endswith(".birthDaet"))
    ran = samspill("check", "--json", "--mappings", mappings)
    assert ran.code == 5
    [told] = [one for one in json.loads(ran.err)["faults"] if "birthDaet" in one]
    assert told.startswith(f"mappings/fhir/sykmelding/mapping.yaml:{line}:")
    assert re.match(r"\S+:\d+:\d+: ", told)
    assert "did you mean birthDate?" in told


def test_an_example_that_does_not_hold_is_told(samspill: Console, mappings: Path) -> None:
    file = mappings / "nav/employer/examples/01-graded-with-adaptations.out.xml"
    file.write_text(file.read_text("utf-8").replace("<fom>2", "<fom>1", 1), "utf-8")
    ran = samspill("check", "--mappings", mappings)
    assert ran.code == 5
    assert "01-graded-with-adaptations" in ran.err


def test_a_folder_without_mappings_is_told(samspill: Console, tmp_path: Path) -> None:
    ran = samspill("check", "--mappings", tmp_path / "nowhere")
    assert ran.code == 5
    assert "there is no mapping fhir" in ran.err


# decide


def test_decide_answers_and_refuses(samspill: Console, tmp_path: Path) -> None:
    request = {
        "subject": {"type": "role", "id": "nav"},
        "action": {"name": "receive", "properties": {"purpose": "benefit"}},
        "resource": {
            "type": "sykmelding",
            "id": "m1",
            "properties": {"sender": "certifier", "items": [{"class": "absence"}, {"class": "diagnosis"}]},
        },
        "context": {
            "patient": "Patient/1",
            "facts": {**SAID, "consent": "none", "restricted-for-nav": False, "free-text-screen": "clean"},
        },
    }
    ran = samspill("decide", written(tmp_path / "nav.json", request))
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["decision"] is True
    employer = {**request, "subject": {"type": "role", "id": "employer"}}
    ran = samspill("decide", "-", given=json.dumps(employer).encode())
    assert ran.code == 4
    assert json.loads(ran.out)["decision"] is False


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_a_request_that_makes_no_sense_is_told(samspill: Console, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(content)
    ran = samspill("decide", tmp_path / "r.json")
    assert ran.code == 3
    assert ran.err


# the process itself


def test_the_installed_command_says_its_exit_code_and_no_traceback(tmp_path: Path) -> None:
    command = [Path(sys.executable).parent / "samspill", "translate", "--from", "fhir", "--to", "canonical"]
    done = subprocess.run(
        [*command, "--unrestricted", "--json", "-"],
        input=b"{",
        capture_output=True,
        cwd=tmp_path,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (3, b"")
    assert json.loads(done.stderr)["issues"]


UNREADABLE = {
    "deep": (b"[" * 100_000, "nested too deeply"),
    "huge": (b"1" * 10_000, "more digits than can be read"),
    "latin": (b'{"a": "\xe6"}', "not UTF-8"),
    "torn": (b'{"a":\n', ":2:1: not JSON"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_json_that_cannot_be_read_is_told_the_same_wherever_it_is_asked_for(
    samspill: Console, bundle: Path, tmp_path: Path, case: str
) -> None:
    raw, told = UNREADABLE[case]
    file = tmp_path / "given.json"
    file.write_bytes(raw)
    for words in (
        ("translate", "--from", "fhir", "--to", "nav-employer", *EMPLOYER, "--facts", file, bundle),
        ("decide", file),
        ("consent", "evaluate", "--purpose", "TREAT", "--consent", file),
    ):
        done = samspill(*words)
        assert (done.code, done.out) == (3, b""), words
        assert told in done.err


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"profile: [", "this is not YAML"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"a: \x07", "YAML does not allow"),
        (b"", "the file is empty"),
        (b"just words", "given:1:1: "),
    ],
)
def test_a_profile_file_of_any_name_is_told_what_is_wrong_with_it(
    samspill: Console, tmp_path: Path, raw: bytes, told: str
) -> None:
    profile, file = tmp_path / "given", tmp_path / "absences.csv"
    profile.write_bytes(raw)
    file.write_bytes(b"a;b\n")
    done = samspill("hr", "check", file, "--profile", profile)
    assert (done.code, done.out) == (5, b"")
    assert told in done.err
