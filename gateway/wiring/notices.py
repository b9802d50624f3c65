"""Notices to patients as FHIR has them."""

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.fhir.communication import Note, communications
from gateway.edge.notices import Letter


def shown(letters: Iterable[Letter], base: str) -> Mapping[str, Any]:
    """Give notices as a search Bundle of Communications."""
    return communications((Note(one.id, one.kind, one.at, one.about, one.texts) for one in letters), base)
