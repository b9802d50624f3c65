"""Seeded random changes to messages: what careless or hostile senders do to XML and JSON."""

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

from lxml import etree

TEXTS = (
    "",
    " ",
    "\n\t ",
    "X",
    "zqx plante",
    " V ",
    "0",
    "1",
    "true",
    "2024-02-30",
    "-0045-01-01",
    "12004-01-01",
    "2024-01-01T00:00:00",
    "2024-01-01T25:00:00Z",
    "24:00:00",
    "2024-01-01+02:00",
    "99999999999",
    "1_0",
    "\u0661",
    "NaN",
    "SYKMELD",
    "XML",
    "FNR",
    ":",
    "a  b\nc",
)
NAMESPACES = (
    "",
    "urn:unknown",
    "http://www.kith.no/xmlstds",
    "http://www.kith.no/xmlstds/felleskomponent1",
    "http://www.kith.no/xmlstds/msghead/2006-05-24",
)
ATTRIBUTES = (
    "V",
    "DN",
    "S",
    "OT",
    "Id",
    "unknown",
    "{urn:unknown}V",
    "{http://www.w3.org/2001/XMLSchema-instance}type",
    "{http://www.w3.org/XML/1998/namespace}lang",
)


# XML


def _leaf_text(e: Any, random: Random, _: Any) -> None:
    e.text = random.choice(TEXTS)


def _tail(e: Any, random: Random, _: Any) -> None:
    if e.getparent() is not None:
        e.tail = random.choice(TEXTS)


def _attribute(e: Any, random: Random, _: Any) -> None:
    name = random.choice([*e.attrib, *ATTRIBUTES])
    e.set(name, random.choice(TEXTS))


def _no_attribute(e: Any, random: Random, _: Any) -> None:
    if e.attrib:
        del e.attrib[random.choice(list(e.attrib))]


def _remove(e: Any, _: Random, __: Any) -> None:
    if e.getparent() is not None:
        e.getparent().remove(e)


def _double(e: Any, random: Random, _: Any) -> None:
    if e.getparent() is not None:
        e.getparent().insert(random.randrange(len(e.getparent()) + 1), copy.deepcopy(e))


def _blank_double(e: Any, random: Random, _: Any) -> None:
    if e.getparent() is not None:
        twin = etree.Element(e.tag)
        e.getparent().insert(random.randrange(len(e.getparent()) + 1), twin)


def _stranger(e: Any, random: Random, _: Any) -> None:
    made = etree.Element("{urn:unknown}Ukjent" if random.random() < 0.5 else "Ukjent", V=random.choice(TEXTS))
    made.text = random.choice(TEXTS)
    if random.random() < 0.5:
        etree.SubElement(made, "Dypere").text = random.choice(TEXTS)
    e.insert(random.randrange(len(e) + 1), made)


def _swap(e: Any, random: Random, _: Any) -> None:
    children = list(e)
    random.shuffle(children)
    for child in children:
        e.append(child)


def _namespace(e: Any, random: Random, _: Any) -> None:
    local, uri = str(e.tag).rpartition("}")[2], random.choice(NAMESPACES)
    e.tag = f"{{{uri}}}{local}" if uri else local


def _all_namespaces(e: Any, random: Random, root: Any) -> None:
    uri = random.choice(NAMESPACES)
    for inner in e.iter() if random.random() < 0.7 else root.iter():
        local = str(inner.tag).rpartition("}")[2]
        inner.tag = f"{{{uri}}}{local}" if uri else local


def _rename(e: Any, random: Random, root: Any) -> None:
    e.tag = random.choice([inner.tag for inner in root.iter()])


def _graft(e: Any, random: Random, root: Any) -> None:
    e.insert(random.randrange(len(e) + 1), copy.deepcopy(random.choice(list(root.iter()))))


def _wrap(e: Any, _: Random, __: Any) -> None:
    inner = etree.Element("Inni", V="zqx plante")
    inner.text, e.text = e.text, None
    e.insert(0, inner)


def _empty(e: Any, _: Random, __: Any) -> None:
    for child in list(e):
        e.remove(child)
    e.text = None


XML_CHANGES = (
    _leaf_text,
    _leaf_text,
    _tail,
    _attribute,
    _attribute,
    _no_attribute,
    _remove,
    _remove,
    _double,
    _double,
    _blank_double,
    _stranger,
    _swap,
    _namespace,
    _all_namespaces,
    _rename,
    _graft,
    _wrap,
    _empty,
)


def changed_xml(root: Any, random: Random) -> Any:
    """Give a copy of a message with one to four changes, as bytes on the line would bring it."""
    root = copy.deepcopy(root)
    for _ in range(random.randint(1, 4)):
        random.choice(XML_CHANGES)(random.choice(list(root.iter())), random, root)
    return etree.fromstring(etree.tostring(root), etree.XMLParser(remove_comments=True, remove_pis=True))


# JSON

JSON_SCALARS: tuple[Any, ...] = (*TEXTS, None, True, False, 0, 1, -1, 1.5, 1e300, 2**40, "zqx plante")


def _containers(s: Any) -> Iterator[Any]:
    if isinstance(s, dict | list):
        yield s
        for inner in s.values() if isinstance(s, dict) else s:
            yield from _containers(inner)


def _anything(random: Random, depth: int = 2) -> Any:
    kind = random.random()
    if depth and kind < 0.2:
        return {"ukjent": _anything(random, depth - 1), "value": random.choice(JSON_SCALARS)}
    if depth and kind < 0.4:
        return [_anything(random, depth - 1) for _ in range(random.randrange(3))]
    return random.choice(JSON_SCALARS)


def _keys(s: Any) -> list[Any]:
    return list(s) if isinstance(s, dict) else list(range(len(s)))


def _replace(s: Any, random: Random, _: Any) -> None:
    if s:
        s[random.choice(_keys(s))] = _anything(random)


def _delete(s: Any, random: Random, _: Any) -> None:
    if s:
        del s[random.choice(_keys(s))]


def _listed(s: Any, random: Random, _: Any) -> None:
    if s:
        key = random.choice(_keys(s))
        s[key] = [s[key]] if random.random() < 0.5 else [s[key], copy.deepcopy(s[key])]


def _unlisted(s: Any, random: Random, _: Any) -> None:
    lists = [key for key in _keys(s) if isinstance(s[key], list) and s[key]]
    if lists:
        key = random.choice(lists)
        s[key] = s[key][0]


def _boxed(s: Any, random: Random, _: Any) -> None:
    if s:
        key = random.choice(_keys(s))
        s[key] = {"value": s[key]}


def _double_item(s: Any, random: Random, _: Any) -> None:
    if isinstance(s, list) and s:
        s.insert(random.randrange(len(s) + 1), copy.deepcopy(random.choice(s)))


def _shuffle(s: Any, random: Random, _: Any) -> None:
    if isinstance(s, list):
        random.shuffle(s)
    else:
        items = list(s.items())
        random.shuffle(items)
        s.clear()
        s.update(items)


def _unknown(s: Any, random: Random, _: Any) -> None:
    if isinstance(s, dict):
        s[random.choice(["ukjent", "extension", "_id", "id", "item", "answer", "text"])] = _anything(random)
    else:
        s.insert(random.randrange(len(s) + 1), _anything(random))


def _graft_json(s: Any, random: Random, root: Any) -> None:
    source = copy.deepcopy(random.choice(list(_containers(root))))
    if isinstance(s, list):
        s.insert(random.randrange(len(s) + 1), source)
    elif s:
        s[random.choice(_keys(s))] = source


JSON_CHANGES = (
    _replace,
    _replace,
    _replace,
    _delete,
    _listed,
    _unlisted,
    _boxed,
    _double_item,
    _double_item,
    _shuffle,
    _unknown,
    _unknown,
    _graft_json,
)


def changed_json(root: Any, random: Random) -> Any:
    """Give a copy of a message with one to four changes."""
    root = copy.deepcopy(root)
    for _ in range(random.randint(1, 4)):
        random.choice(JSON_CHANGES)(random.choice(list(_containers(root))), random, root)
    return root
