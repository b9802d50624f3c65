"""Code tables: how a format writes the words of a canonical code list.

The table form is made for reading by people; `concept_map` gives the same as a FHIR ConceptMap. A table is keyed on
the code alone: displays and systems beside it differ from sender to sender and are written, never read.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace

from gateway.core.errors import Fault
from gateway.mapping.language import Spot
from gateway.mapping.load.yamltext import Block, compose
from gateway.mapping.nearest import nearest
from gateway.model.codes import LISTS

TABLE = frozenset({"list", "title", "system", "columns", "rows", "also"})


@dataclass(frozen=True, slots=True)
class Table:
    """One code table.

    `to_canonical` holds every spelling that is read, `to_wire` the one that is written, `columns` what is written
    beside a code, by canonical word. A table that is not `sound` has mistakes of its own, noted where it is read.
    """

    name: str
    spot: Spot
    list: str
    to_canonical: Dict[str, str]
    to_wire: Dict[str, str]
    columns: Dict[str, Dict[str, str]]
    sound: bool = True

    @property
    def lacking(self) -> tuple[str, ...]:
        """The words of the canonical list that it cannot write; a two-way table lacks none."""
        return tuple(sorted(LISTS[self.list] - self.to_wire.keys()))


def load_tables(text: str, file: str) -> tuple[dict[str, Table], list[Fault]]:
    """Read a file of code tables, by name, and every mistake in it."""
    faults: list[Fault] = []
    root = compose(text, file, faults)
    tables: dict[str, Table] = {}
    for name, block in root.items() if root else ():
        before = len(faults)
        table = _table(name, block) or Table(name.text(), name.spot, "", {}, {}, {})
        tables[table.name] = replace(table, sound=len(faults) == before)
    return tables, faults


def _table(name: Block, block: Block) -> Table | None:
    entries = block.entries(TABLE)
    block.demand(("list", "columns", "rows"), entries)
    if not {"list", "columns", "rows"} <= entries.keys():
        return None
    listed = entries["list"].text()
    if listed not in LISTS:
        entries["list"].fault(f"there is no canonical code list {listed}", nearest(listed, LISTS))
        return None
    columns = [item.text() for item in entries["columns"].list()]
    if columns[:2] != ["wire", "canonical"]:
        entries["columns"].fault("the first two columns are wire and canonical")
        return None
    to_canonical: dict[str, str] = {}
    to_wire: dict[str, str] = {}
    beside: dict[str, dict[str, str]] = {column: {} for column in columns[2:]}
    for row in entries["rows"].list():
        blocks = list(row.list())
        cells = [cell.text() for cell in blocks]
        if len(cells) != len(columns):
            row.fault(f"a row of table {name.text()} has {len(columns)} cells: {', '.join(columns)}")
            continue
        wire, canonical = cells[:2]
        if canonical not in LISTS[listed]:
            blocks[1].fault(f"{canonical} is not in the canonical list {listed}", nearest(canonical, LISTS[listed]))
            continue
        if wire in to_canonical or canonical in to_wire:
            row.fault(
                f"table {name.text()} is not one to one here", "put further spellings that are read under `also:`"
            )
            continue
        to_canonical[wire], to_wire[canonical] = canonical, wire
        for column, cell in zip(columns[2:], cells[2:], strict=True):
            beside[column][canonical] = cell
    written = frozenset(to_canonical)
    for alias, target in entries["also"].items() if "also" in entries else ():
        if target.text() not in written:
            target.fault(f"{target.text()} is not written by table {name.text()}", nearest(target.text(), written))
        elif alias.text() in to_canonical:
            alias.fault(f"{alias.text()} stands in table {name.text()} already")
        else:
            to_canonical[alias.text()] = to_canonical[target.text()]
    return Table(name.text(), name.spot, listed, to_canonical, to_wire, beside)


def concept_map(table: Table) -> dict[str, object]:
    """Give a table as a FHIR R4 ConceptMap, from the wire's codes to the canonical words."""
    display = table.columns.get("display", {})
    return {
        "resourceType": "ConceptMap",
        "id": table.name,
        "url": f"urn:samspill:codes:{table.name}",
        "name": table.name.replace("-", "_"),
        "status": "active",
        "group": [
            {
                "source": f"urn:samspill:wire:{table.name}",
                "target": f"urn:samspill:list:{table.list}",
                "element": [
                    {
                        "code": wire,
                        **({"display": display[canonical]} if display.get(canonical) else {}),
                        "target": [{"code": canonical, "equivalence": "equal"}],
                    }
                    for wire, canonical in table.to_canonical.items()
                ],
            }
        ],
    }
