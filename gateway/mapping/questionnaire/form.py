"""The FHIR Questionnaire that a mapping's answers belong to: made from the mapping, and held to the published one.

NAV's draft Questionnaire V1 says less than Sykmelding 2013; ours is derived from it (Questionnaire.derivedFrom) and has
an item for each thing more. An item is required only where the canonical record makes no sense without it, because
«not said» has to be sayable. R4: https://hl7.org/fhir/R4/questionnaire.html
"""

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.core.errors import Fault
from gateway.mapping.check.tree import Const, Place, Switch, Tree
from gateway.mapping.language import FieldRule, Mapping, Spot
from gateway.mapping.load.yamltext import Block, compose
from gateway.mapping.nearest import nearest
from gateway.mapping.questionnaire.items import Item, items_of, link_id_of, says

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
KEYS = ("title", "derived_from", "read_only", "items")
LANGUAGES = ("nb", "sv", "en")
SECOND = "en"


@dataclass(frozen=True, slots=True)
class Texts:
    """What people read, by language and linkId path (`samspill-plan/received`), and what others fix.

    The languages are those of the title: the form's own first, and English.

    `kept` are the items of the Questionnaire that ours is derived from, each with its type. `read_only` are linkIds
    that senders use and ours does not.
    """

    spot: Spot
    title: Dict[str, str]
    items: Dict[str, Dict[str, str]]
    spots: Dict[str, Spot]
    kept: Dict[str, str]
    read_only: frozenset[str]

    @property
    def language(self) -> str:
        """The form's own language."""
        return next(language for language in self.title if language != SECOND)


def load_texts(text: str, file: str) -> tuple[Texts | None, list[Fault]]:
    """Read the file of texts beside a mapping, and every mistake in it."""
    faults: list[Fault] = []
    root = compose(text, file, faults)
    if root is None:
        return None, faults
    entries = root.entries(frozenset(KEYS))
    root.demand(KEYS, entries)
    if faults:
        return None, faults
    items = list(entries["items"].items())
    title = _languages(entries["title"], ())
    if SECOND not in title or len(title) < len((SECOND, "nb")):
        entries["title"].fault("the title is given in the form's own language and in English")
    texts = Texts(
        root.spot,
        title,
        {name.text(): _languages(block, tuple(title)) for name, block in items},
        {name.text(): name.spot for name, _ in items},
        {name.text(): kind.text() for name, kind in entries["derived_from"].items()},
        frozenset(name.text() for name, _ in entries["read_only"].items()),
    )
    return (None if faults else texts), faults


def _languages(block: Block, needed: tuple[str, ...]) -> dict[str, str]:
    entries = block.entries(frozenset(needed or LANGUAGES))
    if block.is_dict:
        block.demand(needed, entries)
    for text in entries.values():
        if not text.text().strip():
            text.fault("the text is empty")
    return {language: block.text() for language, block in entries.items()}


def questionnaire(mapping: Mapping, tree: Tree, texts: Texts) -> dict[str, Any]:
    """Give the Questionnaire that a mapping's answers belong to, as FHIR R4 JSON."""
    url, *derived_from = _urls(tree)
    name = url.rpartition("/")[2]
    return {
        "resourceType": "Questionnaire",
        "id": name,
        "language": texts.language,
        "url": url,
        "version": mapping.version,
        "name": name.capitalize(),
        **_text("title", texts.title),
        **({"derivedFrom": derived_from} if derived_from else {}),
        "status": "draft",
        "subjectType": ["Patient"],
        "item": [_resource(item, texts) for item in items_of(tree)],
    }


def _urls(tree: Tree) -> tuple[str, ...]:
    """Give the Questionnaire's own URL and those it is derived from: what QuestionnaireResponse.questionnaire says."""
    found = (p.use.values for p in tree.root.below() if p.name == "questionnaire" and isinstance(p.use, Const))
    return next(found, ())


def render(resource: Dict[str, Any]) -> bytes:
    """Write it as the published file has it."""
    return orjson.dumps(resource, option=orjson.OPT_INDENT_2) + b"\n"


def _text(key: str, said: Dict[str, str]) -> dict[str, Any]:
    translations = [
        {
            "url": TRANSLATION,
            "extension": [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": text}],
        }
        for language, text in said.items()
        if language == SECOND
    ]
    own = next(text for language, text in said.items() if language != SECOND)
    return {key: own, f"_{key}": {"extension": translations}}


def _resource(item: Item, texts: Texts) -> dict[str, Any]:
    made: dict[str, Any] = {"linkId": item.link_id, **_text("text", texts.items[item.path]), "type": item.type}
    if item.place.guard:
        made["enableWhen"] = [_told_by(item.place)]
    if item.required:
        made["required"] = True
    if item.repeats:
        made["repeats"] = True
    if item.options:
        made["answerOption"] = [
            {"valueCoding": {"code": code, "display": shown} if shown else {"code": code}}
            for code, shown in item.options.items()
        ]
    if item.items:
        made["item"] = [_resource(below, texts) for below in item.items]
    return made


def _told_by(place: Place) -> dict[str, Any]:
    """Give the condition of an item that only one kind of a record has: the code that tells the kind."""
    beside = place.parent.children if place.parent else []
    question, switch = next(
        (link_id_of(item), p.use) for item in beside for p in item.below() if isinstance(p.use, Switch)
    )
    return {"question": question, "operator": "=", "answerCoding": {"code": switch.branches[place.guard][0]}}


def check_questionnaire(mapping: Mapping, tree: Tree, committed: Dict[str, Any], texts: Texts) -> list[Fault]:
    """Hold a mapping, its texts and its published Questionnaire to one another; gives every difference.

    What the mapping says differently is told at the rule, with the nearest that is published. The published file may
    lag behind on purpose when an item is added: then it has to be written anew.
    """
    items = items_of(tree)
    every = [item for top in items for item in top.below()]
    published = dict(_published(committed.get("item", []), ""))
    faults = [*_links(every, published, texts), *_read_only(tree, published, texts), *_codes(mapping, every, published)]
    faults += [*_types(every, published, texts)]
    if not faults:
        faults += _missing(mapping, every, published, texts)
    if not faults and not _urls(tree):
        what, mend = "no constant says which Questionnaire is answered", "give `questionnaire` under `const:`"
        return [mapping.wire.spot_of("questionnaire").fault(what, mend)]
    if not faults and questionnaire(mapping, tree, texts) != committed:
        faults.append(
            mapping.wire.spot_of("questionnaire").fault(
                f"{mapping.wire.questionnaire} is not what this mapping and its texts make", "write the file anew"
            )
        )
    return faults


def _published(items: list[dict[str, Any]], above: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in items:
        path = f"{above}/{item['linkId']}" if above else item["linkId"]
        yield path, item
        yield from _published(item.get("item", []), path)


def _links(every: list[Item], published: Dict[str, Any], texts: Texts) -> Iterator[Fault]:
    """Demand that each linkId is published; of items inside one that is not, nothing more is said."""
    unknown: set[str] = set()
    used = {item.path for item in every}
    for item in every:
        holder = item.path.rpartition("/")[0]
        if holder in unknown:
            unknown.add(item.path)
        elif item.path not in published and item.path not in texts.items:
            unknown.add(item.path)
            free = [path for path in published if path.rpartition("/")[0] == holder and path not in used]
            what = f"the Questionnaire has no linkId {item.link_id}" + (f" in {holder}" if holder else "")
            yield item.place.spot.fault(
                what, nearest(item.link_id, [p.rpartition("/")[2] for p in free]) or "give it a text and publish it"
            )


def _read_only(tree: Tree, published: Dict[str, Any], texts: Texts) -> Iterator[Fault]:
    """Demand that a linkId which is only read is known to be used by somebody."""
    known = {path.rpartition("/")[2] for path in published} | texts.read_only
    for place in tree.root.below():
        link_id = link_id_of(place)
        if link_id is not None and not says(place) and link_id not in known:
            yield place.spot.fault(f"nobody is known to use linkId {link_id}", nearest(link_id, known))


def _codes(mapping: Mapping, every: list[Item], published: Dict[str, Any]) -> Iterator[Fault]:
    """Demand that each code that may be answered is published."""
    spots = dict(_code_spots(mapping.fields))
    for item in every:
        said = {o["valueCoding"]["code"] for o in published.get(item.path, {}).get("answerOption", ())}
        for code in item.options if said else ():
            if code not in said:
                yield spots.get(code, item.place.spot).fault(
                    f"the Questionnaire has no answer {code} to {item.link_id}", nearest(code, said - set(item.options))
                )


def _code_spots(rules: tuple[FieldRule, ...]) -> Iterator[tuple[str, Spot]]:
    for rule in rules:
        yield from ((branch.when, branch.code_spot) for branch in rule.one_of if branch.when)
        yield from _code_spots(rule.fields)


def _types(every: list[Item], published: Dict[str, Any], texts: Texts) -> Iterator[Fault]:
    """Demand the published type, and for items of the Questionnaire that ours is derived from, its type."""
    for item in every:
        kept = texts.kept.get(item.path)
        known = kept or published.get(item.path, {}).get("type", item.type)
        if item.type != known:
            whose = "the Questionnaire that it is derived from" if kept else "the Questionnaire"
            yield item.place.spot.fault(f"{item.link_id} is {item.type} here, and {known} in {whose}")


def _missing(mapping: Mapping, every: list[Item], published: Dict[str, Any], texts: Texts) -> Iterator[Fault]:
    """Demand that everything published, kept or given a text stands in the mapping, and has a text."""
    here = {item.path for item in every}
    spot = mapping.wire.spot_of("questionnaire")
    for path in dict.fromkeys((*published, *texts.kept)):
        if path not in here:
            yield spot.fault(f"no rule fills in {path}, which the Questionnaire has")
    lost = [path for path in texts.items if path not in here and path not in published]
    bare = [item.path for item in every if item.path not in texts.items]
    for path in lost:
        yield texts.spots[path].fault(f"no rule fills in {path}", nearest(path, bare or here))
    for path in bare if not lost else ():
        yield texts.spot.fault(f"{path} has no text", "give it one under `items:`")
