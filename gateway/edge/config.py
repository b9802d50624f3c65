"""Settings: `SAMSPILL_*` environment variables, then `samspill.toml`, then these defaults (pydantic-settings)."""

import os
from collections.abc import Iterator
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from gateway.core.errors import ConfigurationError
from gateway.mapping.nearest import nearest

PREFIX: Final = "SAMSPILL_"
WHERE: Final = "docs/operations/settings.md"
PORTS: Final = 65535


def _https(url: str) -> str:
    """Give a URL that callers can be told, without the slash at its end. Raises `PydanticCustomError` for another."""
    try:
        read = urlsplit(url)
        sound = read.scheme == "https" and bool(read.hostname) and read.port != 0 and not (read.query or read.fragment)
    except ValueError:
        sound = False
    if not sound or not url.isprintable() or " " in url or "@" in url:
        raise PydanticCustomError("https_url", "an https URL was expected, without a query")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_https)]


class Settings(BaseSettings):
    """Every setting of the gateway; `docs/operations` explains each."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file="samspill.toml", extra="forbid", allow_inf_nan=False)

    data: Path = Field(default=Path("var"), description="folder of the embedded database, its keys and its log")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty is a SQLite file in the data folder")
    keys: str = Field(
        default="", description="key provider: file:PATH, env:NAME or command:…; empty is a file in the data folder"
    )
    mappings: Path | None = Field(
        default=None, description="folder of mappings, codes, rules and schemas; empty is our own"
    )
    parties: Path | None = Field(
        default=None, description="folder of the register of parties; empty is mappings/parties"
    )
    certificates: Path = Field(
        default=Path("certs"), description="folder of certificates and keys named in the register"
    )
    host: str = Field(default="127.0.0.1", description="address that `serve` listens on")
    port: int = Field(default=8443, ge=1, le=PORTS, description="port that `serve` listens on")
    client_certificates: bool = Field(
        default=True, description="let nobody in without a client certificate; off: a bound token is enough"
    )
    oldest_tls: Literal["1.2", "1.3"] = Field(
        default="1.3", description="oldest version of TLS that is spoken to callers"
    )
    ops_host: str = Field(default="127.0.0.1", description="inner address that health and metrics are asked at")
    ops_port: int = Field(
        default=0, ge=0, le=PORTS, description="its port, without TLS and log-in; 0: nothing listens there"
    )
    base_url: Url = Field(default="https://localhost:8443", description="the public URL, as callers and tokens name it")
    address_register: str = Field(
        default="", description="URL of the register of graded addresses; empty: nothing is known"
    )
    block_service: str = Field(
        default="", description="URL of the Swedish blocking service (CheckBlocks 4); empty: whether is unknown"
    )
    consent_service: str = Field(
        default="", description="URL of the Swedish consent service (CheckConsent 2); empty: whether is unknown"
    )
    log_service: str = Field(
        default="", description="URL of the Swedish log service (StoreLog 2); empty: it is not told what care is shown"
    )
    system_hsa_id: str = Field(default="", description="the gateway's own HSA-id, as the log service is told it")
    care_services_address: str = Field(
        default="", description="logical address (an HSA-id) that these three are called at"
    )
    edi_url: str = Field(
        default="", description="URL of NHN's message service (EDI 2.0), without a path; empty: no party is on it"
    )
    edi_her_ids: tuple[str, ...] = Field(
        default=(), description="our HER-ids, whose unread messages are fetched there; a JSON list"
    )
    edi_poll_seconds: float = Field(default=60.0, gt=0, description="seconds between looks at what is unread there")
    helseid_issuer: str = Field(default="", description="issuer (URL) of HelseID, which gives the tokens for it")
    helseid_client: str = Field(default="", description="our client id at HelseID")
    helseid_key: Path | None = Field(
        default=None, description="file of the private key (JWK or PEM) that HelseID knows us by"
    )
    disclosing_senders: Path | None = Field(
        default=None, description="file of organisation numbers whose name tells an illness"
    )
    revocation_hosts: tuple[str, ...] = Field(
        default=(), description="hosts that certificates' revocation lists and answers are fetched from; a JSON list"
    )
    log_key: Path | None = Field(
        default=None, description="file of the key that signs the disclosure log; empty is log.key in the data folder"
    )
    log_anchors: Path | None = Field(
        default=None,
        description="folder that the log's signed checkpoints are dropped in; empty is log-anchors in the data folder",
    )
    log_time_stamp_url: str = Field(
        default="", description="URL of an RFC 3161 authority that stamps the log's checkpoints; empty: none does"
    )
    log_time_stamp_roots: Path | None = Field(
        default=None, description="PEM file with the roots that its time stamps are checked against"
    )
    log_checkpoint_entries: int = Field(default=1000, ge=1, description="entries between checkpoints, at most")
    log_checkpoint_seconds: float = Field(default=60.0, gt=0, description="seconds between checkpoints, at most")
    console_port: int = Field(
        default=0, ge=0, le=PORTS, description="port that the console listens on; 0: there is no console"
    )
    console_url: Url = Field(
        default="https://localhost:8444", description="the console's public URL, which log-ins come back to"
    )
    console_staff_issuer: str = Field(default="", description="OpenID provider that staff log in with; empty: closed")
    console_staff_client: str = Field(default="", description="our client id there")
    console_staff_secret: Path | None = Field(default=None, description="file of our client secret there, if any")
    console_staff_levels: tuple[str, ...] = Field(
        default=(), description="levels of assurance (acr) that are enough; empty: any; a JSON list"
    )
    console_patient_issuer: str = Field(
        default="", description="OpenID provider that patients log in with; empty: closed"
    )
    console_patient_client: str = Field(default="", description="our client id there")
    console_patient_secret: Path | None = Field(
        default=None, description="file of our client secret there, if it has one"
    )
    console_patient_levels: tuple[str, ...] = Field(
        default=(), description="levels of assurance (acr) that are enough; empty: any; a JSON list"
    )
    console_officers: tuple[str, ...] = Field(
        default=(), description="subjects, as the staff's provider names them, who are privacy officers; a JSON list"
    )
    console_operators: tuple[str, ...] = Field(
        default=(), description="subjects who are operators: recipients and the log's proofs, no person; a JSON list"
    )
    free_disk_bytes: int = Field(
        default=512 * 1024 * 1024, ge=0, description="free bytes beside the SQLite file below which intake says 503"
    )
    waiting_writes: int = Field(
        default=5_000, ge=1, description="writes that may wait in a process before intake says 503"
    )
    waiting_messages: int = Field(
        default=1_000_000, ge=1, description="outgoing messages that may wait before intake says 503"
    )
    deciders: int = Field(default=2, ge=1, description="batches that a worker holds at once to decide")
    decide_seconds: float = Field(default=30.0, gt=0, description="seconds that a batch is held to be decided")
    poll_seconds: float = Field(
        default=1.0, gt=0, description="seconds between looks at the store when nothing wakes us"
    )
    delivery_at_once: int = Field(default=16, ge=1, description="messages on their way to one party, from one node")
    delivery_per_second: float = Field(
        default=0.0, ge=0, description="messages a second to one party, from one node; 0: no limit"
    )
    delivery_attempt_seconds: float = Field(default=30.0, gt=0, description="seconds that one attempt may take")
    delivery_hours: float = Field(default=72.0, gt=0, description="hours after which a message is given up")
    receipt_hours: float = Field(default=72.0, gt=0, description="hours after which a receipt is no longer awaited")
    remind_after_days: float = Field(
        default=14.0, gt=0, description="days without an answer after which a request of NAV's is sent again"
    )
    remind_every_days: float = Field(default=7.0, gt=0, description="days between two such reminders")
    remind_times: int = Field(default=3, ge=0, description="most reminders of one request; 0: nobody is reminded")
    keep_messages_days: int = Field(
        default=400, ge=0, description="days that what a settled message said is kept; 0: for ever"
    )
    keep_absences_days: int = Field(
        default=400, ge=0, description="days that what an absence file said is kept; 0: for ever"
    )
    body_bytes: int = Field(default=20 * 1024 * 1024, ge=1024, description="most bytes of one request")
    demo: bool = Field(default=False, description="allow example certificates, the demo issuer and example parties")

    def __init__(self, **given: Any) -> None:
        """Read the settings. Raises `ConfigurationError` that names each wrong or unknown one, and repeats no value."""
        faults: list[str] = []
        try:
            super().__init__(**given)
        except ValidationError as error:
            faults += [_fault(str(one["loc"][0]), one["type"], one["msg"]) for one in error.errors(include_input=False)]
        except (SettingsError, TOMLDecodeError):
            faults.append(f"a setting that is a list is not written as JSON, or samspill.toml is not TOML; {WHERE}")
        faults += _unknown_variables("" if faults else self.keys)
        if faults:
            raise ConfigurationError(faults)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what was given in code first, then the environment, then `samspill.toml`."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.data / 'samspill.db'}"

    @property
    def key_provider(self) -> str:
        """The key provider."""
        return self.keys or f"file:{self.data / 'keys'}"


def _unknown_variables(keys: str) -> Iterator[str]:
    """Say which variables of ours there are that set nothing; the keyring itself may stand in one (`env:NAME`)."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known and name != keys.removeprefix("env:"):
            yield _unknown(f"variable {name}", nearest(name.upper(), known))


def _fault(name: str, kind: str, what: str) -> str:
    if kind == "extra_forbidden":
        return _unknown(f"setting {name}", nearest(name, Settings.model_fields))
    return f"setting {name}: {what[:1].lower()}{what[1:]}; {WHERE}"


def _unknown(what: str, near: str) -> str:
    return f"{what}: there is no such setting; {near or WHERE}"
