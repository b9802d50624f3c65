"""One whole installation: formats, rules, parties, store, edges and workers joined, as its settings say."""

from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from prometheus_client import REGISTRY

from adapters.fhir import codec
from adapters.se import sick_leaves
from adapters.xml.kind import kind_of
from gateway.core.errors import ConfigurationError
from gateway.core.message import Parsed
from gateway.core.ports import Channel, Format
from gateway.core.vocabulary import Role
from gateway.edge.absences.cases import NORWAY, SWEDEN, AbsenceCases, employee_number
from gateway.edge.absences.files import AbsenceFiles
from gateway.edge.absences.reports import RowMessages
from gateway.edge.acts import Acts
from gateway.edge.addresses import AddressRegister, HttpAddressRegister
from gateway.edge.audit.watch import LogWatch
from gateway.edge.care_services import CareServices
from gateway.edge.channel import HttpsChannel, RivChannel
from gateway.edge.config import Settings
from gateway.edge.consents import ConsentService
from gateway.edge.conversations import Conversations
from gateway.edge.delivery.ports import Work
from gateway.edge.delivery.terms import Terms
from gateway.edge.delivery.worker import Worker
from gateway.edge.ebms.channel import EbmsChannel
from gateway.edge.ebms.intake import EbmsIntake
from gateway.edge.ebms.msh import Msh, Relation
from gateway.edge.ebms.replies import Replies
from gateway.edge.edi.channel import EdiChannel
from gateway.edge.edi.poll import Fetching, Poll
from gateway.edge.edi.service import MessageService
from gateway.edge.envelopes import Envelopes
from gateway.edge.gather import Gather, Registers
from gateway.edge.glass import Glass
from gateway.edge.http import Limits, Services
from gateway.edge.identity.limits import RateLimit
from gateway.edge.identity.parties import Registry, Transport, Way, Wrapping
from gateway.edge.identity.registry import load as load_parties
from gateway.edge.inbox import Inbox
from gateway.edge.intake import Intake
from gateway.edge.keys import Destroyed, Vault, keyring, make
from gateway.edge.line import GatewayLine
from gateway.edge.nav_rules import NavRulebook
from gateway.edge.notices import Notices
from gateway.edge.pdl_log import PdlLog
from gateway.edge.receipts import Business, Receipts
from gateway.edge.reminders import Intervals, Reminders
from gateway.edge.retention import Retention
from gateway.edge.review import ReviewQueue
from gateway.edge.riv_calls import Calls
from gateway.edge.rule_sets import keep
from gateway.edge.rulebook import Rulebook
from gateway.edge.seal.keys import KeyRing, read_ring
from gateway.edge.sick_leave_lists import SickLeaveLists
from gateway.edge.store.database import Database
from gateway.edge.store.database import Settings as StoreSettings
from gateway.edge.store.edi import SentIds
from gateway.edge.store.keyring import KNOWN, fitting
from gateway.edge.store.register import ConsentRegister
from gateway.edge.store.review import CLEARED
from gateway.edge.store.rows import Destination
from gateway.model.messages import About
from gateway.policy.routing import How, Routing
from gateway.policy.routing import load as load_routing
from gateway.wiring import ebms, edi
from gateway.wiring.absences import Profiles, reads
from gateway.wiring.answers import Answers
from gateway.wiring.audit import anchors, guard, keeper
from gateway.wiring.delivery import marks, periods, terms
from gateway.wiring.followup import load as load_law
from gateway.wiring.formats import installed, kinds
from gateway.wiring.identity import Identity, clock, now, refuse_examples, warn_of_expiry
from gateway.wiring.outgoing import client, endpoint
from gateway.wiring.payroll import PREFIX
from gateway.wiring.preflight import Preflight
from gateway.wiring.reasons import Reasons
from gateway.wiring.watch import log_watch

VERSION = "0.1.0"
RELEASED = "2026-11-24"


@dataclass(frozen=True, slots=True)
class Outside:
    """What an installation reaches beyond itself; the demo and the tests put sandboxes here.

    `endpoints` gives the URL of each party by id, over what the register says. `addresses` is the register of graded
    addresses. `terms` are delivery terms by party, `ways` transports by party, over what the register says.
    """

    endpoints: Mapping[str, str]
    addresses: AddressRegister | None = None
    terms: Mapping[str, Terms] | None = None
    disclosing: frozenset[str] | None = None
    ways: Mapping[str, Way] = field(default_factory=dict)


class Gateway:
    """One installation, put together from its settings. Parts are made when they are first used."""

    def __init__(self, settings: Settings, outside: Outside | None = None) -> None:
        self.settings = settings
        self._outside = outside or Outside({})
        self._posts: dict[str, HttpsChannel] = {}
        self.library, self.formats = installed(settings.mappings)
        self.rulebook = Rulebook(self.library.folder / "policy", now)

    # parties and keys

    @cached_property
    def registry(self) -> Registry:
        """The register of parties."""
        read = load_parties(self.settings.parties or self.library.folder / "parties", self.settings.certificates)
        ways = self._outside.ways
        parties = (replace(one, way=ways.get(one.id, one.way)) for one in read.parties.values())
        return Registry(parties, read.issuers.values()) if ways else read

    @cached_property
    def routing(self) -> Routing:
        """Who each kind of message goes to. Raises `ConfigurationError` where the law means one party of several."""
        routing = load_routing(self.library.folder / "policy")
        roles = {way.route.recipient for way in routing.ways if way.how is How.BY_LAW}
        several = [role for role in roles if len(self.registry.in_role(role)) > 1]
        if several:
            raise ConfigurationError([f"the register has more than one party in the role {role}" for role in several])
        return routing

    @cached_property
    def line(self) -> GatewayLine:
        """The pure line with this installation's formats, rules and parties."""
        rules = NavRulebook(self.library.folder, now)
        line = GatewayLine(self.formats, self.rulebook, self.routing, self.registry, self.envelopes, rules)
        line.earlier = self._earlier
        line.address = self._address
        return line

    def _address(self, party: str, document: bytes, media: str) -> str:
        return ebms.media_type(media, document) if party in self.mshs else media

    @cached_property
    def mshs(self) -> Mapping[str, Msh]:
        """What speaks ebMS, by party."""
        return ebms.mshs(self._agreed, self.envelopes, self._signing)

    @cached_property
    def _agreed(self) -> Mapping[str, Relation]:
        return ebms.relations(self.registry, self.settings.base_url)

    @cached_property
    def ebms_intake(self) -> EbmsIntake:
        """The way in over ebMS."""
        return EbmsIntake(self.mshs, self._business, self.database, self.vault)

    @cached_property
    def _business(self) -> Business:
        return Business(self.receipts.take, self.receipts.reject, self._terms_of)

    @cached_property
    def edi(self) -> MessageService | None:
        """NHN's message service; nothing when no party is on it."""
        return edi.service(self.settings, self.registry)

    def _fetching(self) -> list[Callable[[], Coroutine[Any, Any, int]]]:
        """Give the stage that fetches from the message service, if there is one."""
        if self.edi is None:
            return []
        at = self.settings
        fetching = Fetching(at.edi_her_ids, edi.reached(self.registry), at.edi_poll_seconds, at.body_bytes)
        return [Poll(self.edi, fetching, self._business, self.database).poll_some]

    def _earlier(self, known: About, role: Role) -> tuple[str, ...]:
        return self.conversations.writers(known, role)

    @cached_property
    def _signing(self) -> KeyRing:
        return read_ring(self.settings.certificates, "gateway-signing")

    @cached_property
    def envelopes(self) -> Envelopes:
        """What messages to and from each party travel in."""
        return Envelopes(self.registry, self._signing, self.identity.trust, now)

    # the store and what works on it

    @cached_property
    def database(self) -> Database:
        """The store, migrated."""
        self.settings.data.mkdir(parents=True, exist_ok=True)
        return Database(StoreSettings(self.settings.database))

    @cached_property
    def vault(self) -> Vault:
        """Encryption at rest; the embedded default makes its own key file for a new store.

        Raises `ConfigurationError` for a keyring that is not the store's.
        """
        path = self.settings.data / "keys"
        if not self.settings.keys and not path.exists() and not self.database.rows(KNOWN):
            self.settings.data.mkdir(parents=True, exist_ok=True)
            make(path)
        return Vault(fitting(self.database, keyring(self.settings.key_provider)))

    @cached_property
    def intake(self) -> Intake:
        """The way in."""
        return Intake(self.database, self.vault, self.line, marks(self.settings), self.acts.of_message)

    @cached_property
    def register(self) -> ConsentRegister:
        """The consents."""
        return ConsentRegister(self.database, self.vault)

    @cached_property
    def consents(self) -> ConsentService:
        """Consents over HTTP."""
        return ConsentService(self.register, self.intake, self.acts)

    @cached_property
    def acts(self) -> Acts:
        """What finds where the notes go that patients send."""
        senders = [party.id for party in self.registry.parties.values() if {Role.CERTIFIER, Role.PATIENT} & party.roles]
        return Acts(self.register, (self.database, self.vault), self.by_act, senders)

    def by_act(self, message: str, organisation: str) -> Destination | None:
        """Give where a stored message goes when its patient sends it to an organisation; nothing if nowhere.

        One that was erased, or kept for its time, goes nowhere any more.
        """
        source = self.intake.find(message)
        try:
            raw = self.vault.open("inbound", source.id, source.body, source.wrapped)
        except Destroyed:
            return None
        return self.line.by_act(self.line.again(raw, source.format).record, organisation)

    @cached_property
    def conversations(self) -> Conversations:
        """What earlier messages say of a new one."""
        return Conversations(self.database, self.vault, self.registry, self._again)

    def _again(self, raw: bytes, format_id: str) -> Parsed[Any]:
        return self.line.again(raw, format_id)

    @cached_property
    def gather(self) -> Gather:
        """What collects the facts of a decision."""
        talk = self.conversations
        registers = Registers(
            self._addresses(), self._disclosing(), talk.asked, talk.withdrawn, self._cleared, self.care, self._employee
        )
        return Gather(self.register, self.registry, self.routing, registers, self.rulebook.labels)

    def _employee(self, to: Destination, patient: str) -> str:
        """Give a recipient's own number of a patient, where a payroll system's form may need it."""
        if not to.format.startswith(PREFIX):
            return ""
        return employee_number(self.database, self.vault, to.party, patient)

    def _cleared(self, messages: Collection[str]) -> Mapping[tuple[str, str, str], frozenset[str]]:
        """Give what officers have cleared of stored messages, by id, party and purpose, under the rules in force."""
        found: dict[tuple[str, str, str], frozenset[str]] = {}
        for row in self.database.rows(CLEARED, messages=sorted(messages), policy=self.rulebook.version):
            key = (row.inbound, row.party, row.purpose)
            found[key] = found.get(key, frozenset()) | frozenset(row.held.splitlines())
        return found

    @cached_property
    def review(self) -> ReviewQueue:
        """What waits for an officer."""
        return ReviewQueue(self.database, self.vault, self.line, self.gather)

    @cached_property
    def watch(self) -> LogWatch:
        """What searches the log for what officers look into."""
        return log_watch(self.database, self.vault, self.line, self.registry)

    @cached_property
    def glass(self) -> Glass:
        """What breaks the glass for those who treat."""
        return Glass(self.database, self.vault, self.line, self.gather, self.formats["fhir"])

    @cached_property
    def notices(self) -> Notices:
        """What patients are told."""
        names = {party.id: party.name for party in self.registry.parties.values()}
        return Notices(self.database, self.vault, names)

    @cached_property
    def cases(self) -> AbsenceCases:
        """The sick-leave cases that employers may see."""
        laws = {country: load_law(self.library.folder, country) for country in (NORWAY, SWEDEN)}
        return AbsenceCases(self.line, self.gather, (self.database, self.vault), laws)

    @cached_property
    def sick_leave_lists(self) -> SickLeaveLists:
        """What lists sick leaves for care."""
        stored = (self.database, self.vault)
        return SickLeaveLists(self.line, self.gather, stored, sick_leaves.write, self.pdl_log)

    @cached_property
    def inbox(self) -> Inbox:
        """What recipients fetch."""
        return Inbox(self.database, self.vault, lambda: self.line.policy)

    @cached_property
    def absences(self) -> AbsenceFiles:
        """The absence files that employers upload."""
        profiles = Profiles(self.library.folder)
        read = reads(profiles, self.formats["canonical"], synthetic=self.settings.demo)
        sends = RowMessages(self.intake)
        return AbsenceFiles((self.database, self.vault), read, frozenset(profiles.known), sends)

    @cached_property
    def reminders(self) -> Reminders:
        """What reminds of requests that nobody has answered."""
        asked = self.settings
        intervals = Intervals(asked.remind_after_days, asked.remind_every_days, asked.remind_times)
        return Reminders(self.database, self.registry, self.conversations.record, intervals)

    @cached_property
    def retention(self) -> Retention:
        """What destroys what has been kept for its time."""
        return Retention(self.database, periods(self.settings))

    def _addresses(self) -> AddressRegister | None:
        if self._outside.addresses is not None or not self.settings.address_register:
            return self._outside.addresses
        return HttpAddressRegister(client(self.settings), self.settings.address_register)

    @cached_property
    def care(self) -> CareServices | None:
        """The Swedish services for blocks and consents, where the settings name one."""
        at = self.settings
        if not at.block_service and not at.consent_service:
            return None
        return CareServices(self.riv_calls, at.block_service, at.consent_service)

    @cached_property
    def riv_calls(self) -> Calls:
        """What calls the services of Swedish care."""
        return Calls(client(self.settings), self.settings.care_services_address)

    @cached_property
    def pdl_log(self) -> PdlLog | None:
        """The Swedish log service, where the settings name one."""
        at = self.settings
        return PdlLog(self.riv_calls, at.log_service, at.system_hsa_id) if at.log_service else None

    def _disclosing(self) -> frozenset[str] | None:
        if self._outside.disclosing is not None or self.settings.disclosing_senders is None:
            return self._outside.disclosing
        return frozenset(self.settings.disclosing_senders.read_text("utf-8").split())

    def worker(self) -> Worker:
        """Give a worker that decides and delivers; which rules it decides by is kept."""
        keep(self.database, self.rulebook)
        work = Work(
            self.line,
            self.gather,
            self.channel,
            {party: self._terms_of(party) for party in self.registry.parties},
            deciders=self.settings.deciders,
            decide_within=self.settings.decide_seconds,
            poll=self.settings.poll_seconds,
        )
        replies = Replies(self.mshs, self._post_to, self._terms_of, (self.database, self.vault))
        beside = [self.absences.handle_some, self.watch.search, self.reminders.remind_some, self.retention.purge_some]
        beside += [
            keeper(self.settings, self.database).keep,
            guard(self.settings, self.database).watch,
            replies.post_some,
            *self._fetching(),
        ]
        return Worker(self.database, self.vault, work, beside)

    async def aclose(self) -> None:
        """Let go of connections and of the store, once nothing works any more."""
        for post in self._posts.values():
            await post.close()
        if (service := self.__dict__.get("edi")) is not None:
            await service.close()
        if "identity" in self.__dict__:
            await self.identity.aclose()
        if "riv_calls" in self.__dict__:
            self.riv_calls.close()
        await self.database.aclose()

    def _terms_of(self, party: str) -> Terms:
        """Give the terms of a party: outside's, the register's or the settings', with its agreement's retries."""
        given = (self._outside.terms or {}).get(party) or terms(self.settings, self.registry.parties[party])
        return ebms.agreed_terms(given, self.mshs[party]) if party in self.mshs else given

    def _post_to(self, party: str) -> HttpsChannel | None:
        """Give the HTTPS connections to a party; nothing when nobody says where it is."""
        msh = self.mshs.get(party)
        url = self._outside.endpoints.get(party) or self.registry.parties[party].endpoints.get("messages")
        url = url or (msh.relation.url if msh else "")
        if url and party not in self._posts:
            calls = self.registry.parties[party].envelope is Wrapping.SOAP
            self._posts[party] = (RivChannel if calls else HttpsChannel)(endpoint(self.settings, url))
        return self._posts.get(party)

    def channel(self, party: str) -> Channel | None:
        """Give the channel to a party; nothing when nobody says where it is."""
        known = self.registry.parties[party]
        if known.way.transport is Transport.EDI and self.edi is not None:
            return EdiChannel(self.edi, SentIds(self.database), known.her_id, edi.overrides(known))
        post, msh = self._post_to(party), self.mshs.get(party)
        return EbmsChannel(msh, post) if post and msh else post

    # the HTTP edge

    @cached_property
    def identity(self) -> Identity:
        """What tells callers."""
        return Identity(self.settings, self.registry, self.vault, self.database)

    def services(self) -> Services:
        """Give what the HTTP edge asks for."""
        write = self.library.writer("fhir-receipt").write
        reasons = Reasons(self.database, self.vault, self.formats["nav-apprec"], write)
        answers = Answers(self.line, self.rulebook, self.gather, self.database, reasons, Preflight(self.library))
        return Services(
            fhir=codec,
            rate=RateLimit(clock),
            identify=self.identity.caller(),
            intake=self.intake,
            dry_run=answers.dry_run,
            status=answers.status,
            consents=self.consents,
            take_nav=self.receipts.take,
            apprec_for=self.receipts.reject,
            kind=lambda raw: kind_of(raw, self._kinds),
            ready=self._ready,
            metadata=lambda base: codec.capability_statement(base, version=VERSION, date=RELEASED),
            smart_configuration=self._smart,
            registry=REGISTRY,
            base_url=self.settings.base_url,
            limits=Limits(body_bytes=self.settings.body_bytes),
        )

    @cached_property
    def receipts(self) -> Receipts:
        """What takes NAV's messages and receipts, and writes ours."""
        return Receipts(self.formats["nav-apprec"], self._kind, self.intake, self.envelopes, self.identity.signers)

    def _kind(self, raw: bytes) -> Format | None:
        """Give the format that an XML message is in, told by its payload."""
        return self.formats.get(kind_of(raw, self._kinds))

    @cached_property
    def _kinds(self) -> Mapping[str, str]:
        return kinds(self.formats)

    def _smart(self, base: str) -> Mapping[str, Any]:
        del base
        return {
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "capabilities": ["client-confidential-asymmetric", "permission-v2"],
            "issuers": sorted(self.registry.issuers),
        }

    async def _ready(self) -> Mapping[str, bool]:
        return {"store": self.database.time() > 0}

    # what must be right before anything runs

    def faults(self) -> list[str]:
        """Give what is wrong with the installation besides its data: register, keys, examples; warn of expiry."""
        found: list[str] = []
        parts = (lambda: self.registry, lambda: self.routing, lambda: self._signing, self._addresses)
        services = (lambda: self.care, lambda: self.pdl_log, lambda: self.edi, lambda: anchors(self.settings))
        for part in (*parts, *services, self.refuse_examples):
            try:
                part()
            except ConfigurationError as error:
                found += map(str, error.faults)
        return list(dict.fromkeys(found))

    def refuse_examples(self) -> None:
        """Raise `ConfigurationError` when examples of the demo are used outside demo mode; warn of expiry."""
        refuse_examples(self.settings, self.registry, self._signing)
        warn_of_expiry(self.registry, self._signing)
        _ = self._agreed  # agreements that cannot be read, or say otherwise than the register
        _ = self.edi  # settings that the parties on it need
