"""What AG 1-14 says of the illness in spite of the patient's no is looked for in its other texts, and held."""

import pytest

from gateway import flow
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.edge.library import default_folder
from gateway.policy.facts import Facts
from gateway.policy.pdp import releasable
from gateway.wiring.formats import installed, rules

FOLDER = default_folder()
AG114 = (FOLDER / "se/ag114/examples/02-with-the-diagnosis.in.xml").read_text("utf-8")
FACTS = {"patient-act": "true", "diagnosis-choice": "false", "disease-control": "false", "withdrawn": "false"}
FACTS |= {"address-grading": "none", "sender-discloses": "false", "officer-cleared": "false"}
ROUTE = Route(Role.PATIENT, Role.EMPLOYER, MessageKind.AG114, Purpose.SICK_LEAVE_FOLLOW_UP)


def sent(diagnosis: str, told: str) -> str:
    """Give what the employer gets of a certificate that says no to 3.1 and holds a diagnosis, and tells so in 5.1."""
    text = AG114.replace('<delsvar id="3.1">true<', '<delsvar id="3.1">false<')
    for number, said in (("4.1", diagnosis), ("5.1", told)):
        before, _, rest = text.partition(f'<delsvar id="{number}">')
        text = f'{before}<delsvar id="{number}">{said}<{rest.partition("<")[2]}'
    formats = installed()[1]
    parsed = flow.parse(formats["se-ag114"], text.encode())
    assert parsed.record.diagnoses == ()
    table = rules(FOLDER)
    way = flow.Rules(table, ROUTE, releasable(table, ROUTE))
    facts = Facts(FACTS, {one: {"consent": "none"} for one in DataClass})
    done = flow.forward(parsed, formats["se-employer-ag114"], way, facts, flow.Addressee())
    assert bool(done.released.held) is ("howReduced" not in done.rendered.body.decode())
    return done.rendered.body.decode()


@pytest.mark.parametrize("told", ["Kan inte lyfta för sin glimmersnuva", "GLIMMERSNUVAN sitter i", "glimmer-snuva"])
def test_a_text_that_repeats_the_diagnosis_that_the_patient_keeps_is_held(told: str) -> None:
    body = sent("Glimmersnuva", told)
    assert "howReduced" not in body
    assert "snuva" not in body.lower()


def test_a_text_that_does_not_goes() -> None:
    assert "Kan inte lyfta kartonger" in sent("Glimmersnuva", "Kan inte lyfta kartonger")
