"""A made-up letter in XML and in JSON that uses each construct of the mapping language once, with its model."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Annotated

import xmlschema
from accounts import library

from gateway.mapping.check.mapping import check
from gateway.mapping.compile.program import Reader, Writer
from gateway.mapping.load.mapping import load
from gateway.mapping.wire.json import json_schema
from gateway.mapping.wire.schema import Schema
from gateway.mapping.wire.xml import xml_schema
from gateway.model.labels import Absence, coded


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    degree: Absence[int | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Partly:
    text: Absence[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    name: Absence[str]
    kind: Annotated[Absence[str | None], coded("ident-kind")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    value: Absence[str]
    use: Annotated[Absence[str | None], coded("telecom-use")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    title: Absence[str | None] = None
    given: Absence[str | None] = None
    mark: Absence[str | None] = None
    number: Absence[int | None] = None
    appended: Absence[str | None] = None
    words: Absence[tuple[str, ...]] = ()
    notes: Absence[tuple[Note, ...]] = ()
    phones: Absence[tuple[Phone, ...]] = ()
    plan: Absence[Note | None] = None
    home: Absence[Note | None] = None
    state: Absence[Full | Partly | None] = None


XSD = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"
 elementFormDefault="qualified">
 <xs:complexType name="Kode">
  <xs:attribute name="V" type="xs:string"/><xs:attribute name="DN" type="xs:string"/>
 </xs:complexType>
 <xs:complexType name="Notat"><xs:sequence>
  <xs:element name="Navn" type="xs:string"/><xs:element name="Slag" type="t:Kode" minOccurs="0"/>
 </xs:sequence></xs:complexType>
 <xs:complexType name="Hjem"><xs:sequence>
  <xs:element name="Navn" type="xs:string" minOccurs="0"/><xs:element name="Slag" type="t:Kode" minOccurs="0"/>
 </xs:sequence></xs:complexType>
 <xs:element name="Vedheng"><xs:complexType><xs:sequence>
  <xs:element name="Tekst" type="xs:string"/>
 </xs:sequence></xs:complexType></xs:element>
 <xs:element name="Konvolutt"><xs:complexType><xs:sequence>
  <xs:any maxOccurs="unbounded"/>
 </xs:sequence></xs:complexType></xs:element>
 <xs:element name="Kropp"><xs:complexType><xs:sequence>
    <xs:element name="Tittel" type="xs:string" minOccurs="0"/>
    <xs:element name="Overskrift" type="xs:string" minOccurs="0"/>
    <xs:element name="Tall" minOccurs="0"><xs:complexType><xs:simpleContent><xs:extension base="xs:int">
     <xs:attribute name="enhet" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>
    <xs:element name="Merke" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
     <xs:element name="Verdi" type="xs:string"/>
      <xs:element name="Slag" type="t:Kode"/></xs:sequence></xs:complexType></xs:element>
    <xs:element name="Ord" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
    <xs:element name="Notat" type="t:Notat" minOccurs="0" maxOccurs="unbounded"/>
    <xs:element name="Plan" type="t:Notat" minOccurs="0"/>
    <xs:element name="Hjem" type="t:Hjem"/>
    <xs:choice minOccurs="0">
     <xs:element name="Hel"><xs:complexType><xs:sequence>
      <xs:element name="Grad" type="xs:int" minOccurs="0"/>
     </xs:sequence></xs:complexType></xs:element>
     <xs:element name="Delvis" type="xs:string"/>
    </xs:choice>
    <xs:any minOccurs="0"/>
   </xs:sequence></xs:complexType></xs:element>
 <xs:element name="Brev"><xs:complexType><xs:sequence>
  <xs:element name="Type" type="t:Kode"/>
  <xs:element name="Innhold"><xs:complexType><xs:sequence>
   <xs:element ref="t:Kropp"/>
  </xs:sequence></xs:complexType></xs:element>
 </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""

XML_MAPPING = """
mapping: brev
language: 1
version: 1
model: Letter
direction: both
wire: {format: xml, schema: brev.xsd, root: Brev, prefixes: {t: "urn:t"}}
unwrap: [Konvolutt, Brev]
names: {A: [A], B: [B], old: [gammelt]}
words:
  kropp: Innhold/Kropp
bare:
  Kropp: ${kropp}
shapes:
  note:
    model: Note
    fields: {name: Navn, kind: {at: Slag@V, codes: ident-kind, columns: {Slag@DN: display}}}
fields:
  title: {at: "${kropp}/Tittel", also_read: ["${kropp}/Overskrift"]}
  number: ${kropp}/Tall
  mark: ${kropp}/Merke[Slag@V=A]/Verdi
  words: {each: "${kropp}/Ord", value: .}
  notes: {each: "${kropp}/Notat", shape: note}
  plan: {at: "${kropp}/Plan", shape: note}
  home: {at: "${kropp}/Hjem", fields: {name: Navn, kind: {at: Slag@V, codes: ident-kind}}, absent: empty}
  state:
    one_of:
      Full: {at: "${kropp}/Hel", fields: {degree: Grad}}
      Partly: {at: "${kropp}/Delvis", fields: {text: .}}
  appended: ${kropp}/Vedheng/Tekst
const:
  Type@V: BREV
drop:
  Type@DN: display of a fixed code
  ${kropp}/Merke[Slag@V=B]: not used
  ${kropp}/Merke[Slag@V=A][Slag@DN=old]: superseded
lacks:
  given: no such part
  phones: no such part
"""

JSON_SCHEMA = {
    "title": "Brev",
    "$defs": {
        "text": {"type": "string"},
        "list": {"type": "array", "items": {"type": "string"}},
        "note": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("navn", "slag", "visning")},
        },
        "item": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "verdi": {"type": "string"}},
        },
        "phone": {
            "type": "object",
            "properties": {
                **{name: {"type": "string"} for name in ("value", "system", "use")},
                "rank": {"type": "integer"},
            },
        },
    },
    "type": "object",
    "properties": {
        "type": {"$ref": "#/$defs/text"},
        "tittel": {"$ref": "#/$defs/text"},
        "overskrift": {"$ref": "#/$defs/text"},
        "fornavn": {"$ref": "#/$defs/list"},
        "ord": {"$ref": "#/$defs/list"},
        "tall": {"type": "integer"},
        "tilstand": {"type": "object", "properties": {"kode": {"type": "string"}, "vist": {"type": "string"}}},
        "grad": {"type": "integer"},
        "tekst": {"type": "string"},
        "tlf": {"type": "array", "items": {"$ref": "#/$defs/phone"}},
        "notat": {"type": "array", "items": {"$ref": "#/$defs/note"}},
        "plan": {"$ref": "#/$defs/note"},
        "hjem": {"$ref": "#/$defs/note"},
        "felt": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "meta": {"type": "object", "properties": {"navn": {"type": "string"}}},
    },
}

JSON_MAPPING = """
mapping: brev-json
language: 1
version: 1
model: Letter
direction: both
wire: {format: json, schema: brev.json, root: Brev}
keys: {felt: id}
shapes:
  note:
    model: Note
    fields: {name: navn, kind: {at: slag, codes: ident-kind, columns: {visning: display}}}
fields:
  title: {at: tittel, also_read: [overskrift]}
  given: {at: fornavn, joined: " "}
  number: tall
  mark: felt[merke].verdi
  words: {each: ord, value: .}
  notes: {each: notat, shape: note}
  phones:
    each: tlf
    fields:
      value: value
      use:
        at: .
        parts: [system, use, rank]
        codes: telecom-use-fhir
        unknown: omit
        absent: {from: value, by: telecom-system}
  plan: {at: plan, shape: note}
  home: {at: hjem, shape: note}
  state:
    by: tilstand.kode
    columns: {tilstand.vist: display}
    one_of:
      Full: {when: HEL, display: Hel, fields: {degree: grad}}
      Partly: {when: DELVIS, display: Delvis, fields: {text: tekst}}
const:
  type: brev
drop:
  meta: the sender's own
  felt[merke][verdi=gammelt]: superseded
lacks:
  appended: no such part
"""


@cache
def programs(wire: str) -> tuple[Reader, Writer]:
    """Give the reader and writer of the letter as `xml` or `json`."""
    schema: Schema
    if wire == "xml":
        text, schema = XML_MAPPING, xml_schema(xmlschema.XMLSchema(XSD), "brev")
    else:
        text, schema = JSON_MAPPING, json_schema(json.dumps(JSON_SCHEMA), "brev")
    mapping, faults = load(text, "brev.yaml")
    assert mapping is not None, faults
    tree, faults = check(mapping, schema, library().tables, {"Letter": Letter})
    assert tree is not None, [str(fault) for fault in faults]
    return Reader(mapping, tree), Writer(mapping, tree)
