"""Through the whole line: an answer finds its question, and goes as far as that."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from live_line import Live, until

from gateway import flow
from gateway.core.decision import Question
from gateway.edge.notices import WORDS
from gateway.edge.store import statements
from gateway.model import HumanName, Identifier, Sender
from gateway.model.dialogue import Answer, Dialogue, Inquiry, Request
from gateway.model.envelope import Addressee, Attachment, Conversation, Subject
from gateway.model.messages import about
from gateway.policy import pep
from gateway.policy.facts import Facts

PATIENT, OTHER = "02917923100", "11827020089"
EHR = Sender(name="Fjellvik legekontor", identifiers=(Identifier(kind="orgnr", value="315000009"),))
NAV = Sender(name="NAV", identifiers=(Identifier(kind="orgnr", value="310000000"),))
REQUEST = Request(topic="request", start=date(2026, 9, 1), end=date(2026, 11, 30))

pytestmark = pytest.mark.xdist_group("review")


def subject(number: str = PATIENT) -> Subject:
    name = HumanName(given="Lyng", family="Fjellrype")
    return Subject(name=name, identifiers=(Identifier(kind="national-number", value=number),))


def request(name: str, number: str = PATIENT, asked: Request = REQUEST) -> Dialogue:
    to = Addressee(name="Fjellvik legekontor", identifiers=(Identifier(kind="her", value="990001"),))
    return Dialogue(id=name, sent_at=NOW, sender=NAV, receiver=to, patient=subject(number), matter=asked)


def answer(name: str, parent: str | None, number: str = PATIENT) -> Dialogue:
    return Dialogue(
        id=name,
        sent_at=NOW,
        sender=EHR,
        receiver=Addressee(name="NAV", identifiers=(Identifier(kind="her", value="990002"),)),
        patient=subject(number),
        conversation=Conversation(parent=parent, conversation=parent and f"c-{parent}"),
        matter=Answer(topic="answer", text="Qzsvarqx kan sitte"),
        attachments=(Attachment(title="Journal", media_type="text/plain", content="UXpqb3VybmFscXg="),),
    )


NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def take(live: Live, record: Any, sender: str) -> str:
    gateway = live.scene.gateway
    body = flow.render(gateway.formats["canonical"], pep.unrestricted(record), None).body
    return live.run(gateway.intake.accept(body, "canonical", sender, record.id)).id


def copy(live: Live, message: str) -> Any:
    def ended() -> Any:
        rows = live.scene.gateway.database.rows(statements.MESSAGES_OF, id=message)
        return rows[0] if rows and not rows[0].open else None

    return until(ended)


def test_an_answer_goes_to_nav_as_far_as_nav_asked_and_no_further(live: Live) -> None:
    take(live, request("rq-1"), "nav")
    sent = copy(live, take(live, answer("an-1", "rq-1"), "ehr"))
    assert sent.state in {"delivered", "acknowledged", "dead-letter"}, (sent.state, sent.reason)
    [body] = [one.body for one in live.scene.nav.received if b"Qzsvarqx" in one.body]
    assert b"UXpqb3VybmFscXg=" not in body


@pytest.mark.parametrize(
    ("request_", "parent", "number"),
    [
        (None, "rq-none", PATIENT),
        (None, None, PATIENT),
        (request("rq-other", OTHER), "rq-other", PATIENT),
        (request("rq-empty", asked=Request(topic="request")), "rq-empty", PATIENT),
    ],
    ids=["no such question", "follows nothing", "about another patient", "asks about nothing"],
)
def test_an_answer_without_its_question_is_refused(
    live: Live, request_: Dialogue | None, parent: str | None, number: str
) -> None:
    if request_:
        take(live, request_, "nav")
    message = answer(f"an-{parent}-{number}", parent, number)
    sent = copy(live, take(live, message, "ehr"))
    assert (sent.state, sent.reason) == ("refused", "refused")


def facts_of(live: Live, record: Dialogue) -> Facts:
    known = about(record)
    assert known is not None
    return live.scene.gateway.gather.presumed(known, record)


def test_a_certifier_cannot_ask_in_navs_place(live: Live) -> None:
    record = answer("an-x", "rq-x")
    take(live, request("rq-x"), "nav")
    assert facts_of(live, record).message["request-scope"] == "specified"
    mine = replace(record, conversation=Conversation(parent="an-1"))  # a message of the certifier's own
    assert "request-scope" not in facts_of(live, mine).message


def test_what_is_written_unasked_is_known_as_that(live: Live) -> None:
    record = replace(answer("in-1", None), matter=Inquiry(topic="inquiry", text="x"))
    assert facts_of(live, record).message["request-scope"] == "no-request"
    assert facts_of(live, record).question is None


def test_every_kind_of_notice_has_words_in_each_language() -> None:
    assert set(WORDS) == {"shared", "glass"}
    for texts in WORDS.values():
        assert set(texts) == {"nb", "en", "sv"}
        assert all("{party}" in text for text in texts.values())


def test_a_reminder_of_a_question_is_followed_to_the_question(live: Live) -> None:
    take(live, request("rq-first"), "nav")
    take(live, request("rq-again", asked=Request(topic="reminder")), "nav")
    record = replace(answer("an-r", None), conversation=Conversation(parent="rq-again", conversation="rq-first"))
    assert facts_of(live, record).question == Question(REQUEST.start, REQUEST.end)
