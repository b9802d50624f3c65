"""Acts of patients («send this note to that employer»), whichever came first, the act or the note."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.core.identifiers import ORGANISATION_SYSTEM
from gateway.edge.keys import Vault
from gateway.edge.store import statements
from gateway.edge.store.database import Database
from gateway.edge.store.register import ConsentRegister
from gateway.edge.store.rows import Arrival, Destination


@dataclass(frozen=True, slots=True)
class Act:
    """A patient's own act: which notes go to which organisations."""

    notes: tuple[str, ...]
    organisations: tuple[str, ...]


class Acts:
    """Finds where the notes go that patients send.

    Whoever stores an act looks for its notes afterwards, and whoever stores a note looks for acts afterwards: of the
    two, the later finds the earlier. `by_act` gives the destination that a stored message (by id) has when its patient
    sends it to an organisation (by number); nothing when no way leads there. `senders` are the parties that send notes.
    """

    def __init__(
        self,
        register: ConsentRegister,
        stored: tuple[Database, Vault],
        by_act: Callable[[str, str], Destination | None],
        senders: Iterable[str],
    ) -> None:
        self._register = register
        self._database, self._vault = stored
        self._by_act = by_act
        self._senders = tuple(senders)

    def of_consent(self, consent: Mapping[str, Any], number: str) -> Iterator[tuple[str, Destination]]:
        """Give each stored note of this patient (by number) that a Consent sends, with where it goes."""
        act = act_of(consent)
        if act is None:
            return
        named = {self._vault.mac("business-id", sender, note) for sender in self._senders for note in act.notes}
        for row in self._database.rows(statements.NOTES_OF, who=self._register.pseudonym(number)):
            if row.business_mac in named:
                yield from ((row.id, one) for one in self._destinations(row.id, act))

    def of_message(self, arrival: Arrival) -> Iterator[Destination]:
        """Give where a message goes by what its patient said before it was stored."""
        for consent in self._register.for_patient(arrival.patient):
            act = act_of(orjson.loads(consent.resource)) if consent.status == "active" else None
            notes = act.notes if act else ()
            if act and arrival.business_mac in {self._vault.mac("business-id", arrival.sender, note) for note in notes}:
                yield from self._destinations(arrival.id, act)

    def _destinations(self, message: str, act: Act) -> Iterator[Destination]:
        yield from filter(None, (self._by_act(message, organisation) for organisation in act.organisations))


def act_of(consent: Mapping[str, Any]) -> Act | None:
    """Give the act that a Consent is, if it names notes and organisations and permits."""
    provision = consent.get("provision")
    if not isinstance(provision, Mapping) or provision.get("type") != "permit":
        return None
    data = [one.get("reference", {}) for one in provision.get("data", ()) if one.get("meaning") == "instance"]
    actors = [one.get("reference", {}) for one in provision.get("actor", ())]
    notes = tuple(filter(None, map(_note, data)))
    numbers = (actor.get("identifier", {}) for actor in actors)
    organisations = tuple(
        one["value"] for one in numbers if one.get("system") == ORGANISATION_SYSTEM and "value" in one
    )
    return Act(notes, organisations) if notes and organisations else None


def _note(reference: Mapping[str, Any]) -> str:
    literal = str(reference.get("reference", ""))
    for head in ("Bundle/", "urn:uuid:"):
        if literal.startswith(head):
            return literal.removeprefix(head)
    return str(reference.get("identifier", {}).get("value", ""))
