"""How a field says its data class: `family: Identity[str | None]`.

Each alias is transparent to a type checker (`Identity[str]` is a `str`) and readable by the rules, which walk the
records with `gateway.model.walk`. `Inherited` is for records that many others share (a name, an address): their
fields take the class of the field that holds them.
"""

from dataclasses import dataclass
from typing import Annotated, TypeVar

from gateway.core.vocabulary import DataClass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Label:
    """What a field tells (`data_class`, absent when it is inherited), and how it is written down.

    `free_text` marks what a person typed, which passes a screen before it goes to an employer. `codes` names the
    code list that the values belong to. `impersonal` marks what is the same in every message, whoever it is about.
    `essential` marks a list that its record stands for: with its last item the record goes.
    """

    data_class: DataClass | None = None
    free_text: bool = False
    codes: str = ""
    impersonal: bool = False
    essential: bool = False


FREE = Label(free_text=True)
IMPERSONAL = Label(impersonal=True)
ESSENTIAL = Label(essential=True)


def coded(name: str) -> Label:
    """Say that a field holds a code of the canonical list `name` (see `gateway.model.codes`)."""
    return Label(codes=name)


Inherited = Annotated[T, Label()]
Envelope = Annotated[T, Label(DataClass.ENVELOPE)]
Identity = Annotated[T, Label(DataClass.IDENTITY)]
ContactData = Annotated[T, Label(DataClass.CONTACT)]
CertifierData = Annotated[T, Label(DataClass.CERTIFIER)]
CertifierDetail = Annotated[T, Label(DataClass.CERTIFIER_DETAIL)]
EmploymentData = Annotated[T, Label(DataClass.EMPLOYMENT)]
Absence = Annotated[T, Label(DataClass.ABSENCE)]
DiagnosisData = Annotated[T, Label(DataClass.DIAGNOSIS)]
Clinical = Annotated[T, Label(DataClass.CLINICAL)]
FunctionData = Annotated[T, Label(DataClass.FUNCTION)]
Workplace = Annotated[T, Label(DataClass.WORKPLACE)]
AuthorityNote = Annotated[T, Label(DataClass.AUTHORITY_NOTE)]
PrognosisData = Annotated[T, Label(DataClass.PROGNOSIS)]
ReturnEstimate = Annotated[T, Label(DataClass.RETURN_ESTIMATE)]
PlanData = Annotated[T, Label(DataClass.PLAN)]
Income = Annotated[T, Label(DataClass.INCOME)]
Opaque = Annotated[T, Label(DataClass.OPAQUE)]
