"""What must not be read over in a sick note: whom it is about, and what is kept from somebody. Pure.

A reading program takes what stands where its schema has it and tells of the rest. Here that is not enough: a shield
that is doubled, empty or elsewhere would be no shield, and a header about another person would send the note to them.
"""

from collections.abc import Iterator
from typing import Any

from gateway.core.errors import Issue
from gateway.mapping.wire.xml import local

SHIELD, RESTRICTION, CODE = "SkjermesForPasient", "Restriksjon", "Restriksjonskode"
WITHIN = {SHIELD: "MedisinskVurdering", RESTRICTION: "SpmSvar", CODE: RESTRICTION}
NUMBERS = ("FNR", "DNR")


def unheeded(message: Any) -> Iterator[tuple[Any, Issue]]:
    """Give what is wrong in a message's element, each with the element at which it is; an issue has no place yet."""
    shields = 0
    for element in message.iter("*"):
        name = local(element.tag)
        if name.casefold() == SHIELD.casefold():
            shields += 1
            said = (element.text or "").strip() in ("true", "false", "1", "0") and not len(element)
            if shields > 1 or not said or not _in_place(element):
                yield element, _issue("give one SkjermesForPasient, true or false, in MedisinskVurdering")
        elif name.casefold().startswith(RESTRICTION.casefold()) and not _restricts(element):
            yield element, _issue("give one Restriksjon in its SpmSvar, with a Restriksjonskode that has its V")
    yield from _another(message)


def _issue(mend: str) -> Issue:
    return Issue("business-rule", "", "what is kept from somebody does not stand as the form has it", mend)


def _in_place(element: Any) -> bool:
    parent = element.getparent()
    return parent is not None and WITHIN.get(local(element.tag)) == local(parent.tag)


def _restricts(element: Any) -> bool:
    if not _in_place(element):
        return False
    if local(element.tag) == CODE:
        return bool((element.get("V") or "").strip())
    alike = [one for one in element.getparent() if local(one.tag) == RESTRICTION]
    return len(alike) == 1 and any(local(one.tag) == CODE for one in element)


def _another(message: Any) -> Iterator[tuple[Any, Issue]]:
    """Say so when the header's patient has another number than the note's."""
    header = next((one for one in message.iterancestors("{*}MsgHead")), None)
    own = message.find("{*}Pasient/{*}Fodselsnummer/{*}Id")
    if header is None or own is None:
        return
    for ident in header.iterfind("{*}MsgInfo/{*}Patient/{*}Ident"):
        kind, number = ident.find("{*}TypeId"), (ident.findtext("{*}Id") or "").strip()
        if kind is not None and kind.get("V") in NUMBERS and number and number != (own.text or "").strip():
            what = "the header is about another person than the note"
            yield ident, Issue("business-rule", "", what, "give both the same number")
