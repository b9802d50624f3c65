"""Which of NAV's business services a document goes to, by what it is (NAV's agreements; padm2's table of codes).

A dialogue message goes where the code system of its subject says.
"""

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from gateway.core.ebxml import Address

_OFFICE: Final = ("Sykmelder", "Saksbehandler")
_NOTE = Address("Sykmelding", "Registrering", *_OFFICE)
_STATEMENT = Address("Legemelding", "Legeerklaring", "Lege", "Nav")

_PLAN: Final = Address("Oppfolgingsplan", "Plan", *_OFFICE)

_DIALOGUE: Final[Mapping[str, Address]] = {
    "8126": Address("DialogmoteInnkalling", "MoteRespons", *_OFFICE),
    "8128": Address("HenvendelseFraLege", "Henvendelse", *_OFFICE),
    "8129": Address("ForesporselFraSaksbehandler", "ForesporselSvar", *_OFFICE),
    "9069": Address("ForesporselFraSaksbehandler", "ForesporselSvar", *_OFFICE),
}
_RECEIPTS: Final[Mapping[str, str]] = {
    "ForesporselFraSaksbehandler": "Kvittering",
    "HenvendelseFraSaksbehandler": "Kvittering",
    "Oppfolgingsplan": "Kvittering",
    "DialogmoteInnkalling": "Kvittering",
    "Sykmelding": "Svar",
    "Legemelding": "Svarmelding",
    "HenvendelseFraLege": "Svar",
}


def address_of(document: bytes) -> Address | None:
    """Give where a document of ours (a MsgHead) goes; nothing for one that none of NAV's services takes."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root: Any = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if next(root.iter("{*}HelseOpplysningerArbeidsuforhet"), None) is not None:
        return _NOTE
    if next(root.iter("{*}Legeerklaring"), None) is not None:
        return _STATEMENT
    if root.tag.startswith("{http://seres.no/xsd/NAV/Oppf"):
        return _PLAN
    dialogue = next(root.iter("{*}Dialogmelding"), None)
    if dialogue is None:
        return None
    codes = (one.get("S") or "" for name in ("TemaKodet", "TypeForesp") for one in dialogue.iter("{*}" + name))
    return next((_DIALOGUE[end] for code in codes if (end := code.rpartition(".")[2]) in _DIALOGUE), None)


def answer_to(service: str) -> str:
    """Give the action by which an application receipt answers a message of a service; empty when none does."""
    return _RECEIPTS.get(service, "")
