"""The same translation as `mappings/fhir` to `mappings/nav`, written by hand: what the generated programs are held to.

It handles every part of the bench's messages, checks dates and codes, and builds the document with lxml, as a
programmer would who has one afternoon. It knows none of the rest: no report, no unknown nodes, no other kinds.
"""

from datetime import date, datetime
from typing import Any

import orjson
from lxml import etree

MH = "http://www.kith.no/xmlstds/msghead/2006-05-24"
HO = "http://www.kith.no/xmlstds/HelseOpplysningerArbeidsuforhet/2013-10-01"
FK = "http://www.kith.no/xmlstds/felleskomponent1"
PERSONS, UNITS = "2.16.578.1.12.4.1.1.8116", "2.16.578.1.12.4.1.1.9051"
IDENTS = {
    "urn:oid:2.16.578.1.12.4.1.4.1": ("FNR", "Fødselsnummer", PERSONS),
    "urn:oid:2.16.578.1.12.4.1.4.2": ("DNR", "D-nummer", PERSONS),
    "urn:oid:2.16.578.1.12.4.1.4.4": ("HPR", "HPR-nummer", PERSONS),
    "urn:oid:2.16.578.1.12.4.1.2": ("HER", "HER-id", UNITS),
    "urn:oid:2.16.578.1.12.4.1.4.101": ("ENH", "Organisasjonsnummeret i Enhetsregisteret", UNITS),
    "urn:oid:2.16.578.1.12.4.1.4.102": ("RSH", "RESH-id", UNITS),
}
TELECOMS = {
    ("phone", None, 1): ("HP", "Hovedtelefon"),
    ("phone", "mobile", None): ("MC", "Mobiltelefon"),
    ("phone", "work", None): ("WP", "Arbeidsplass"),
    ("phone", "work", 1): ("WD", "Arbeidsplass, direktenummer"),
    ("phone", "home", None): ("H", "Hjemme"),
    ("fax", None, None): ("F", "Faks"),
}
EMPLOYERS = {
    "EN_ARBEIDSGIVER": ("1", "Én arbeidsgiver"),
    "FLERE_ARBEIDSGIVERE": ("2", "Flere arbeidsgivere"),
    "INGEN_ARBEIDSGIVER": ("3", "Ingen arbeidsgiver"),
}
MEDICAL = {
    "TILSTAND_HINDRER_AKTIVITET": ("1", "Helsetilstanden hindrer pasienten i å være i aktivitet"),
    "AKTIVITET_FORVERRER_TILSTAND": ("2", "Aktivitet vil forverre helsetilstanden"),
    "AKTIVITET_FORHINDRER_BEDRING": ("3", "Aktivitet vil hindre eller forsinke bedring av helsetilstanden"),
    "ANNET": ("9", "Annet"),
}
WORKPLACE = {"MANGLENDE_TILRETTELEGGING": ("1", "Manglende tilrettelegging på arbeidsplassen"), "ANNET": ("9", "Annet")}
RESTRICTIONS = {
    "SKJERMET_FOR_ARBEIDSGIVER": ("A", "Informasjonen skal ikke vises arbeidsgiver"),
    "SKJERMET_FOR_PASIENT": ("P", "Informasjonen skal ikke vises pasient"),
    "SKJERMET_FOR_NAV": ("N", "Informasjonen skal ikke vises NAV"),
}


def translate(raw: bytes) -> bytes:
    """Bundle bytes to NAV XML bytes."""
    bundle = orjson.loads(raw)
    by_type: dict[str, dict[str, Any]] = {}
    for entry in bundle["entry"]:
        resource = entry["resource"]
        by_type.setdefault(resource["resourceType"], resource)
    form = _items(by_type["QuestionnaireResponse"]["item"])
    root = etree.Element(f"{{{MH}}}MsgHead", nsmap={"mh": MH, "ho": HO, "fk1": FK})
    info = _add(root, MH, "MsgInfo")
    _coded(info, MH, "Type", "SYKMELD", "Sykmelding")
    _add(info, MH, "MIGversion", "v1.2 2006-05-24")
    _add(info, MH, "GenDate", datetime.fromisoformat(bundle["timestamp"]).isoformat())
    _add(info, MH, "MsgId", bundle["identifier"]["value"].removeprefix("urn:uuid:"))
    _organisation(_add(_add(info, MH, "Sender"), MH, "Organisation"), by_type["Organization"])
    _receiver(_add(_add(info, MH, "Receiver"), MH, "Organisation"), _group(form, "samspill-receiver"))
    patient = _add(info, MH, "Patient")
    _add(patient, MH, "DateOfBirth", date.fromisoformat(by_type["Patient"]["birthDate"]).isoformat())
    _address(_add(patient, MH, "Address"), MH, by_type["Patient"]["address"][0])
    reference = _add(_add(root, MH, "Document"), MH, "RefDoc")
    _coded(reference, MH, "MsgType", "XML", "XML-instans")
    note = _add(_add(reference, MH, "Content"), HO, "HelseOpplysningerArbeidsuforhet")
    _note(note, form, by_type)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _note(note: Any, form: dict[str, list[Any]], by_type: dict[str, dict[str, Any]]) -> None:
    _text(note, "RegelSettVersjon", form, "samspill-ruleset")
    _date(note, "SyketilfelleStartDato", form, "samspill-episode-start")
    _patient(_add(note, HO, "Pasient"), by_type["Patient"])
    employer = _add(note, HO, "Arbeidsgiver")
    _coded(employer, HO, "HarArbeidsgiver", *EMPLOYERS[_coding(form["samspill-has-employer"][0])["code"]])
    _text(employer, "NavnArbeidsgiver", _group(form, "arbeidsforhold"), "arbeidsforhold-arbeidsgivernavn")
    _text(employer, "Yrkesbetegnelse", form, "samspill-occupation")
    _number(employer, "Stillingsprosent", form, "samspill-percentage")
    medical = _add(note, HO, "MedisinskVurdering")
    _diagnosis(_add(medical, HO, "HovedDiagnose"), form["hoveddiagnose"][0])
    others = form.get("bidiagnose", ())
    if others:
        beside = _add(medical, HO, "BiDiagnoser")
        for other in others:
            _diagnosis(beside, other)
    _boolean(medical, "Svangerskap", form, "svangerskapsrelatert")
    activity = _add(note, HO, "Aktivitet")
    for period in form["aktivitet"]:
        _period(_add(activity, HO, "Periode"), _items(period["item"]))
    _prognosis(_add(note, HO, "Prognose"), _group(form, "samspill-prognosis"))
    _answers(note, form.get("samspill-answer-group", ()))
    measures = _add(note, HO, "Tiltak")
    _text(measures, "TiltakArbeidsplassen", form, "samspill-measures-workplace")
    _text(measures, "TiltakNAV", form, "samspill-measures-nav")
    to_nav, message = _add(note, HO, "MeldingTilNav"), _group(form, "samspill-nav-note")
    _boolean(to_nav, "BistandNAVUmiddelbart", message, "urgent")
    _text(to_nav, "BeskrivBistandNAV", message, "nav-note-text")
    seen = datetime.fromisoformat(by_type["QuestionnaireResponse"]["authored"]).isoformat()
    _add(_add(note, HO, "KontaktMedPasient"), HO, "BehandletDato", seen)
    _certifier(_add(note, HO, "Behandler"), by_type["Practitioner"])
    system = _add(note, HO, "AvsenderSystem")
    _text(system, "SystemNavn", form, "samspill-system-name")
    _text(system, "SystemVersjon", form, "samspill-system-version")
    _add(note, HO, "Strekkode", "0")


# parts of the note


def _patient(parent: Any, patient: dict[str, Any]) -> None:
    _name(_add(parent, HO, "Navn"), patient["name"][0])
    _ident(_add(parent, HO, "Fodselsnummer"), FK, patient["identifier"][0])
    for telecom in patient.get("telecom", ()):
        _telecom(_add(parent, HO, "KontaktInfo"), FK, telecom)


def _certifier(parent: Any, practitioner: dict[str, Any]) -> None:
    _name(_add(parent, HO, "Navn"), practitioner["name"][0])
    for identifier in practitioner["identifier"]:
        _ident(_add(parent, HO, "Id"), FK, identifier)
    _address(_add(parent, HO, "Adresse"), FK, practitioner["address"][0])
    for telecom in practitioner.get("telecom", ()):
        _telecom(_add(parent, HO, "KontaktInfo"), FK, telecom)


def _diagnosis(parent: Any, item: dict[str, Any]) -> None:
    coding = _coding(item)
    code = _add(parent, HO, "Diagnosekode")
    code.set("V", coding["code"])
    code.set("S", coding["system"].removeprefix("urn:oid:"))
    code.set("DN", coding["display"])


def _period(parent: Any, items: dict[str, list[Any]]) -> None:
    _date(parent, "PeriodeFOMDato", items, "aktivitet-fom")
    _date(parent, "PeriodeTOMDato", items, "aktivitet-tom")
    if _coding(items["aktivitet-type"][0])["code"] == "GRADERT":
        graded = _add(parent, HO, "GradertSykmelding")
        _number(graded, "Sykmeldingsgrad", items, "aktivitet-grad")
        return
    impossible = _add(parent, HO, "AktivitetIkkeMulig")
    for name, word, table in (
        ("MedisinskeArsaker", "samspill-medical-reason", MEDICAL),
        ("Arbeidsplassen", "samspill-workplace-reason", WORKPLACE),
    ):
        if word in items:
            reason, inner = _add(impossible, HO, name), _group(items, word)
            for code in inner[f"{word}-code"]:
                _coded(reason, HO, "Arsakskode", *table[_coding(code)["code"]])
            _text(reason, "Beskriv", inner, f"{word}-text")


def _prognosis(parent: Any, items: dict[str, list[Any]]) -> None:
    _boolean(parent, "ArbeidsforEtterEndtPeriode", items, "fit-after")
    _text(parent, "BeskrivHensynArbeidsplassen", items, "considerations")
    if "in-work" in items:
        work, inner = _add(parent, HO, "ErIArbeid"), _group(items, "in-work")
        _boolean(work, "EgetArbeidPaSikt", inner, "own-work")
        _date(work, "ArbeidFraDato", inner, "in-work-from")
        _boolean(work, "AnnetArbeidPaSikt", inner, "other-work")


def _answers(note: Any, groups: Any) -> None:
    if not groups:
        return
    parent = _add(note, HO, "UtdypendeOpplysninger")
    for group in groups:
        items, element = _items(group["item"]), _add(parent, HO, "SpmGruppe")
        _text(element, "SpmGruppeId", items, "group-id")
        _text(element, "SpmGruppeTekst", items, "group-title")
        for answer in items["answer"]:
            given, one = _items(answer["item"]), _add(element, HO, "SpmSvar")
            _text(one, "SpmId", given, "question-id")
            _text(one, "SpmTekst", given, "question-text")
            if "restriction" in given:
                restriction = _add(one, HO, "Restriksjon")
                for code in given["restriction"]:
                    _coded(restriction, HO, "Restriksjonskode", *RESTRICTIONS[_coding(code)["code"]])
            _text(one, "SvarTekst", given, "answer-text")


# shared pieces


def _organisation(parent: Any, organization: dict[str, Any]) -> None:
    _add(parent, MH, "OrganisationName", organization["name"])
    for identifier in organization["identifier"]:
        _ident(_add(parent, MH, "Ident"), MH, identifier)
    _address(_add(parent, MH, "Address"), MH, organization["address"][0])
    for telecom in organization.get("telecom", ()):
        _telecom(_add(parent, MH, "TeleCom"), MH, telecom)


def _receiver(parent: Any, items: dict[str, list[Any]]) -> None:
    _add(parent, MH, "OrganisationName", items["name"][0]["answer"][0]["valueString"])
    by_code = {code: (code, display, system) for code, display, system in IDENTS.values()}
    for one in items["ident"]:
        inner, ident = _items(one["item"]), _add(parent, MH, "Ident")
        _add(ident, MH, "Id", inner["value"][0]["answer"][0]["valueString"])
        _typed(ident, MH, by_code[_coding(inner["kind"][0])["code"]])


def _ident(parent: Any, ns: str, identifier: dict[str, Any]) -> None:
    _add(parent, ns, "Id", identifier["value"])
    _typed(parent, ns, IDENTS[identifier["system"]])


def _typed(parent: Any, ns: str, kind: tuple[str, str, str]) -> None:
    element = _add(parent, ns, "TypeId")
    element.set("V", kind[0])
    element.set("DN", kind[1])
    element.set("S", kind[2])


def _name(parent: Any, name: dict[str, Any]) -> None:
    _add(parent, HO, "Etternavn", name["family"])
    _add(parent, HO, "Fornavn", " ".join(name["given"]))


def _address(parent: Any, ns: str, address: dict[str, Any]) -> None:
    _add(parent, ns, "StreetAdr", ", ".join(address["line"]))
    _add(parent, ns, "PostalCode", address["postalCode"])
    _add(parent, ns, "City", address["city"])


def _telecom(parent: Any, ns: str, telecom: dict[str, Any]) -> None:
    kind = TELECOMS.get((telecom["system"], telecom.get("use"), telecom.get("rank")))
    if kind:
        _coded(parent, ns, "TypeTelecom", *kind)
    _add(parent, ns, "TeleAddress").set("V", telecom["value"])


def _items(items: list[dict[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(item["linkId"], []).append(item)
    return found


def _group(items: dict[str, list[Any]], word: str) -> dict[str, list[Any]]:
    return _items(items[word][0]["item"])


def _coding(item: dict[str, Any]) -> dict[str, Any]:
    coding: dict[str, Any] = item["answer"][0]["valueCoding"]
    return coding


def _coded(parent: Any, ns: str, name: str, code: str, display: str) -> None:
    element = _add(parent, ns, name)
    element.set("V", code)
    element.set("DN", display)


def _text(parent: Any, name: str, items: dict[str, list[Any]], word: str) -> None:
    if word in items:
        _add(parent, HO, name, items[word][0]["answer"][0]["valueString"])


def _number(parent: Any, name: str, items: dict[str, list[Any]], word: str) -> None:
    if word in items:
        _add(parent, HO, name, str(int(items[word][0]["answer"][0]["valueInteger"])))


def _boolean(parent: Any, name: str, items: dict[str, list[Any]], word: str) -> None:
    if word in items:
        _add(parent, HO, name, "true" if items[word][0]["answer"][0]["valueBoolean"] is True else "false")


def _date(parent: Any, name: str, items: dict[str, list[Any]], word: str) -> None:
    if word in items:
        _add(parent, HO, name, date.fromisoformat(items[word][0]["answer"][0]["valueDate"]).isoformat())


def _add(parent: Any, ns: str, name: str, text: str | None = None) -> Any:
    element = etree.SubElement(parent, f"{{{ns}}}{name}")
    element.text = text
    return element
