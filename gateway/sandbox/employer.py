"""An employer's HR system in the sandbox: takes the reduced copy as XML or JSON, and refuses anything more."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.sandbox.server import End, XmlSchema, receive


class Answer(StrEnum):
    """How the sandbox answers from now on."""

    OK = "ok"
    REJECTED = "rejected"  # 422
    UNAVAILABLE = "unavailable"  # 503
    SLOW = "slow"  # as `OK`, after `delay`


CLAIM = b"sykepengesoeknadArbeidsgiver"


@dataclass(slots=True)
class Control:
    """What the sandbox does with the next message. `delay` is in seconds."""

    answer: Answer = Answer.OK
    delay: float = 0.2


class SandboxEmployer(End):
    """An HR system over mutual TLS, at `url` while entered; it answers with a receipt in JSON, 422 for bad content."""

    def __init__(self, certificates: Path, schemas: Path) -> None:
        """Take the folder of certificates, and `mappings/schema`."""
        super().__init__(certificates, "employer", "/sykmeldinger")
        self.control = Control()
        self._schema = XmlSchema(schemas / "nav/employer.xsd")
        self._claims = XmlSchema(schemas / "nav/sykepengesoknad.xsd")

    async def _take(self, request: web.Request) -> web.Response:
        control = self.control
        if control.answer is Answer.UNAVAILABLE:
            return web.Response(status=503)
        as_json = request.content_type == "application/json"
        message = await receive(request, _json_faults if as_json else self._faults)
        self.received.append(message)
        if control.answer is Answer.SLOW:
            await asyncio.sleep(control.delay)
        if control.answer is Answer.REJECTED or message.faults:
            return web.json_response({"mottatt": False}, status=422)
        return web.json_response({"mottatt": True, "tidspunkt": datetime.now(UTC).isoformat(timespec="seconds")})

    def _faults(self, body: bytes) -> tuple[str, ...]:
        """Give what is wrong with a sick note or a benefit claim, each by its own schema."""
        return (self._claims if CLAIM in body else self._schema).faults(body)


class _Closed(BaseModel):
    """Holds what an employer may have, and nothing beside it."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Days(_Closed):
    fom: date
    tom: date


class _Graded(_Closed):
    sykmeldingsgrad: int
    harReisetilskudd: bool = False  # noqa: N815 - the field's own names, here and below


class _NotPossible(_Closed):
    manglendeTilretteleggingPaaArbeidsplassen: bool = False  # noqa: N815
    beskrivelse: str | None = None


class _Activity(_Closed):
    avventendeSykmelding: str | None = None  # noqa: N815
    gradertSykmelding: _Graded | None = None  # noqa: N815
    aktivitetIkkeMulig: _NotPossible | None = None  # noqa: N815
    antallBehandlingsdagerUke: int | None = None  # noqa: N815
    harReisetilskudd: bool | None = None  # noqa: N815


class _Period(_Days):
    aktivitet: _Activity


class _Name(_Closed):
    fornavn: str
    mellomnavn: str | None = None
    etternavn: str


class _Person(_Closed):
    fnr: str
    navn: _Name | str


class _Certifier(_Closed):
    navn: _Name | str
    tlf: str | None = None


class _Workplace(_Closed):
    navn: str | None = None
    orgnr: str | None = None


class _Prognosis(_Closed):
    erArbeidsfoerEtterEndtPeriode: bool | None = None  # noqa: N815
    beskrivHensynArbeidsplassen: str | None = None  # noqa: N815


class _FollowUp(_Closed):
    prognose: _Prognosis | None = None
    meldingTilArbeidsgiver: str | None = None  # noqa: N815
    tiltakArbeidsplassen: str | None = None  # noqa: N815


class _Certificate(_Closed):
    loepenr: int | None = None
    sykmeldingId: str  # noqa: N815
    mottattAvNav: datetime | None = None  # noqa: N815
    sendtTilArbeidsgiver: datetime | None = None  # noqa: N815
    sykmeldt: _Person
    egenmeldingsdager: list[_Days] = []
    sykefravaerFom: date | None = None  # noqa: N815
    sykmeldingPerioder: list[_Period]  # noqa: N815
    oppfoelging: _FollowUp | None = None
    kontaktMedPasient: datetime | None = None  # noqa: N815
    behandler: _Certifier | None = None
    arbeidsgiver: _Workplace


def _json_faults(body: bytes) -> tuple[str, ...]:
    try:
        _Certificate.model_validate_json(body)
    except ValidationError as error:
        return tuple(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in error.errors())
    return ()
