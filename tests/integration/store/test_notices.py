"""A patient who has to be told is told in the commit that lets data go, once, or nothing is decided."""

from dataclasses import replace

import pytest
from databases import running
from line_kit import message
from sqlalchemy import select

from gateway.core.audit import Disclosure
from gateway.core.line import Event
from gateway.edge.store import decide, notices
from gateway.edge.store.decide import CLAIM, DECIDED
from gateway.edge.store.rows import Decided
from gateway.edge.store.schema import audit, notice
from gateway.edge.store.writer import ItemFailed

TOLD = Disclosure(policy="rules-1", obligations=("log", "notify-patient"))


async def claimed(rig):
    await rig.intake.accept(message(1), "json", "ehr", "key")
    [claim, *_] = await rig.database.write(CLAIM, (10, 60.0))
    envelope = rig.vault.seal("outbound", claim.id, b"body")
    return Decided(claim=claim, events=(Event.PERMIT, Event.SEAL), disclosure=TOLD, payload=envelope)


@running
async def test_the_patient_is_told_in_the_commit_that_decides(rig):
    item = await claimed(rig)
    await rig.database.write(DECIDED, item)
    [told] = notices.of_patient(rig.database, item.claim.inbound.patient)
    assert (told.told.kind, told.told.party, told.told.message) == ("shared", "nav", item.claim.id)
    assert rig.state(item.claim.inbound.id) == "sealed"


@running
async def test_the_same_is_told_once(rig):
    item = await claimed(rig)

    def again(tx, items):
        notices.tell(tx, [decide._told(one) for one in items] * 2)
        return [None] * len(items)

    await rig.database.write(replace(DECIDED, name="again", run=again), item)
    assert len(rig.database.rows(select(notice))) == 1


@running
async def test_nobody_is_told_of_what_no_rule_asks_to_tell(rig):
    item = await claimed(rig)
    await rig.database.write(DECIDED, replace(item, disclosure=replace(TOLD, obligations=("log",))))
    assert rig.database.rows(select(notice)) == []


@running
async def test_when_the_patient_cannot_be_told_nothing_is_decided(rig, monkeypatch):
    item = await claimed(rig)

    def full(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(notices, "tell", full)
    with pytest.raises(ItemFailed):
        await rig.database.write(DECIDED, item)
    assert rig.state(item.claim.inbound.id) == "received"
    assert rig.database.rows(select(audit).where(audit.c.action == "decided")) == []
