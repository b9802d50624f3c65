"""Records that others share; their fields take the data class of the field that holds them."""

from dataclasses import dataclass
from typing import Annotated

from gateway.model.labels import FREE, Inherited, coded


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A number that names somebody: FHIR Identifier, KITH Ident. `kind` says which series it is from."""

    kind: Annotated[Inherited[str], coded("ident-kind")]
    value: Inherited[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanName:
    """A person's name in parts, as KITH and no-basis-HumanName have it."""

    family: Inherited[str | None] = None
    middle: Inherited[str | None] = None
    given: Inherited[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telecom:
    """A telephone number or address as it was written, scheme included (`tel:`, `mailto:`)."""

    use: Annotated[Inherited[str | None], coded("telecom-use")] = None
    value: Inherited[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address: KITH Address."""

    use: Annotated[Inherited[str | None], coded("address-use")] = None
    street: Inherited[str | None] = None
    postal_code: Inherited[str | None] = None
    city: Inherited[str | None] = None
    postbox: Inherited[str | None] = None
    county: Inherited[str | None] = None
    country: Inherited[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """A diagnosis code: its system, the display that came with it, and what the doctor wrote beside it."""

    code: Inherited[str | None] = None
    system: Annotated[Inherited[str | None], coded("diagnosis-system")] = None
    display: Annotated[Inherited[str | None], FREE] = None
    text: Annotated[Inherited[str | None], FREE] = None
