"""Who may be what: officers and operators are named in the settings, everybody else with a number is a patient."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.console.oidc import Person
from gateway.console.sessions import NotLoggedIn, Session, Standing
from gateway.edge.keys import Vault

COOKIE: Final = "__Host-samspill"
PENDING: Final = "__Host-login"
HOME: Final[Mapping[Standing, str]] = {
    Standing.OFFICER: "/overview",
    Standing.OPERATOR: "/recipients",
    Standing.PATIENT: "/mine",
}


@dataclass(frozen=True, slots=True)
class People:
    """Officers and operators by the subject that the staff's provider gives them.

    An officer's number has to be known, or nobody could see that they look into their own record.
    """

    vault: Vault
    officers: frozenset[str]
    operators: frozenset[str]

    def session(self, provider: str, issuer: str, person: Person, now: float) -> Session:
        """Give the session of whoever logged in. Raises `NotLoggedIn` for a person who may be nothing here."""
        number = self.vault.mac("patient", person.number) if person.number else ""
        name = self.vault.mac("subject", issuer, person.subject)
        standing = self._standing(provider, person)
        actor = "patient" if standing is Standing.PATIENT else f"{standing}:{name[:12]}"
        return Session(standing, actor, person.name, person.number, number, now, now)

    def _standing(self, provider: str, person: Person) -> Standing:
        if provider == "patient" and person.number:
            return Standing.PATIENT
        if provider == "staff" and person.subject in self.officers and person.number:
            return Standing.OFFICER
        if provider == "staff" and person.subject in self.operators:
            return Standing.OPERATOR
        raise NotLoggedIn("this person has no place in the console")
