"""Small readers over entries of a registry file: each notes a fault and gives an empty value for what is wrong."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from gateway.mapping.load.yamltext import Block
from gateway.mapping.nearest import nearest

Entries = Mapping[str, Block]
Word = TypeVar("Word", bound=StrEnum)


def need(name: Block, entries: Entries, *keys: str) -> None:
    """Note each key that must be there and is not."""
    for key in keys:
        if key not in entries:
            name.fault(f"{name.text()} has no {key}")


def text(entries: Entries, key: str) -> str:
    """Give a text, or an empty one."""
    return entries[key].text() if key in entries else ""


def texts(entries: Entries, key: str) -> tuple[Block, ...]:
    """Give the items of a list of texts."""
    return tuple(item for item in entries[key].list() if item.text()) if key in entries else ()


def words(entries: Entries, key: str, known: Iterable[str]) -> frozenset[str]:
    """Give a list of words out of `known`."""
    choices = frozenset(known)
    found = set()
    for item in texts(entries, key):
        if item.text() in choices:
            found.add(item.text())
        else:
            item.fault(f"there is no {key} {item.text()}", nearest(item.text(), choices))
    return frozenset(found)


def word(entries: Entries, key: str, kinds: type[Word]) -> Word:
    """Give one word of an enumeration; its last member where the text is none of them."""
    if key in entries:
        stated = entries[key].text()
        for kind in kinds:
            if kind.value == stated:
                return kind
        entries[key].fault(f"there is no {key} {stated}", nearest(stated, frozenset(kind.value for kind in kinds)))
    return list(kinds)[-1]


def flag(entries: Entries, key: str) -> bool:
    """Give `yes` or `no`, `no` being the default."""
    if key not in entries:
        return False
    if entries[key].text() not in {"yes", "no"}:
        entries[key].fault(f"{key} is yes or no")
    return entries[key].text() == "yes"


def number(entries: Entries, key: str, default: int) -> int:
    """Give a whole number above zero."""
    if key not in entries:
        return default
    stated = entries[key].text()
    if not (stated.isascii() and stated.isdigit() and 0 < int(stated) < 2**40):
        entries[key].fault(f"{key} is a whole number above zero")
        return default
    return int(stated)


def https(block: Block) -> str:
    """Give an https URL."""
    stated = block.text()
    try:
        parts = urlsplit(stated)
        fits = parts.scheme == "https" and bool(parts.hostname) and parts.username is None and not parts.fragment
    except ValueError:
        fits = False
    if not fits:
        block.fault("an https URL was expected here")
    return stated
