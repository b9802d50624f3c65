"""What patients are told of what became of their data, in Norwegian, English and Swedish, no value of anybody in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.edge.keys import Vault
from gateway.edge.store import notices
from gateway.edge.store.database import Database

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "shared": {
        "nb": "Opplysninger om deg deles med {party}. Du kan se i innsynsloggen hva slags opplysninger det gjelder, og "
        "hvorfor. Du kan endre eller trekke tilbake samtykket ditt.",
        "en": "Information about you is shared with {party}. The log that is open to you shows what kind of "
        "information, and why. You can change or withdraw your consent.",
        "sv": "Uppgifter om dig delas med {party}. I loggen kan du se vilka slags uppgifter det gäller, och varför. "
        "Du kan ändra eller dra tillbaka ditt samtycke.",
    },
    "glass": {
        "nb": "Helsepersonell ved {party} åpnet opplysninger om deg i en nødssituasjon (nødrett), selv om de ellers er "
        "stengt. Personvernombudet ser på saken. Du kan be om en forklaring.",
        "en": "Health personnel at {party} opened information about you in an emergency (breaking the glass), though "
        "it is otherwise closed. The data protection officer looks into it. You can ask for an explanation.",
        "sv": "Hälso- och sjukvårdspersonal hos {party} öppnade uppgifter om dig i en nödsituation (nödöppning), trots "
        "att de annars är stängda. Dataskyddsombudet ser på saken. Du kan be om en förklaring.",
    },
}


@dataclass(frozen=True, slots=True)
class Letter:
    """One notice in words, by language (`nb`, `en`, `sv`), at `at` (epoch seconds, UTC), about a message."""

    id: str
    kind: str
    at: float
    about: str
    texts: Mapping[str, str]


class Notices:
    """The notices of an installation; `names` are the names of parties, by id."""

    def __init__(self, database: Database, vault: Vault, names: Mapping[str, str]) -> None:
        self._database, self._vault, self._names = database, vault, names

    def of(self, number: str) -> list[Letter]:
        """Give the notices of a patient, named by number, the newest first. Blocks; raises `Busy`."""
        found = notices.of_patient(self._database, self._vault.mac("patient", number))
        return [self._letter(one) for one in found]

    def _letter(self, one: notices.Notice) -> Letter:
        party = self._names.get(one.told.party, one.told.party)
        texts = {language: words.format(party=party) for language, words in WORDS[one.told.kind].items()}
        return Letter(one.id, one.told.kind, one.at, one.told.message, texts)
