import json

from gateway.core.audit import AuditAction, AuditEntry, Disclosure, Outcome

ENTRY = AuditEntry(
    id="1",
    recorded_at=1.5,
    action=AuditAction.DECIDED,
    outcome=Outcome.DENIED,
    actor="ehr",
    disclosure=Disclosure(policy="rules-1", forbade=("no-employer-diagnosis",)),
)


def test_the_canonical_bytes_are_these():
    assert ENTRY.canonical() == (
        b'{"action":"decided","actor":"ehr","disclosure":{"forbade":["no-employer-diagnosis"],"policy":"rules-1"},'
        b'"id":"1","outcome":"denied","recorded_at":1.5}'
    )


def test_what_is_not_there_is_left_out():
    entry = AuditEntry(id="1", recorded_at=1.0, action=AuditAction.ACCEPTED, actor="ehr")
    assert set(json.loads(entry.canonical())) == {"id", "recorded_at", "action", "outcome", "actor"}
