import random
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from long_runs import times

from adapters.xml import document as xml
from adapters.xml.kind import kind_of
from gateway.core.errors import ConfigurationError, NotAcceptable

SCHEMAS = Path(__file__).parents[3] / "mappings/schema"
AR = "http://www.kith.no/xmlstds/apprec/2004-11-21"
HCP = '<HCP><Inst><Name>NAV</Name><Id>889640782</Id><TypeId V="ENH"/></Inst></HCP>'
APPREC = (
    f'<AppRec xmlns="{AR}">\n<MsgType V="APPREC"/>\n<MIGversion>1.0 2004-11-21</MIGversion>\n'
    f"<GenDate>2026-01-05T10:00:00</GenDate>\n<Id>2</Id>\n<Sender>{HCP}</Sender>\n<Receiver>{HCP}</Receiver>\n"
    '<Status V="2"/>\n<Error V="E21" S="2.16.578.1.12.4.1.1.8221"/>\n<OriginalMsgId><MsgType V="SYKMELD"/>'
    "<IssueDate>2026-01-05T10:00:00</IssueDate><Id>1</Id></OriginalMsgId>\n</AppRec>"
)
EMPLOYER = (
    '<s:sykmeldingArbeidsgiver xmlns:s="http://nav.no/melding/virksomhet/sykmeldingArbeidsgiver/v1/sykmeldingArbeidsgiver">'
    "<sykmelding><syketilfelleFom>{0}</syketilfelleFom></sykmelding></s:sykmeldingArbeidsgiver>"
)
BOMB = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
SECRET = "HEMMELIG"


def why(raw: bytes) -> str:
    with pytest.raises(NotAcceptable) as caught:
        xml.read(raw)
    (issue,) = caught.value.issues
    return str(issue)


def faults(document: str, schema: str = "nav/nav.xsd") -> list[str]:
    return [str(issue) for issue in xml.validate(document.encode(), schema, SCHEMAS)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "iso-8859-15"])
def test_a_declared_encoding_is_honoured(encoding: str):
    declared = encoding.removesuffix("-sig")
    raw = f'<?xml version="1.0" encoding="{declared}"?><Navn>Bjørnæs Å</Navn>'.encode(encoding)
    assert xml.read(raw).text == "Bjørnæs Å"


def test_utf8_is_assumed_when_nothing_is_declared():
    assert xml.read("<a>ø</a>".encode()).text == "ø"
    assert xml.read("\ufeff<a>ø</a>".encode()).text == "ø"


def test_comments_and_processing_instructions_are_gone_and_their_text_is_joined():
    root = xml.read(b"<?a b?><!-- c --><a>1<!-- c -->2<?p q?>3<b/></a>")
    assert (root.text, [child.tag for child in root]) == ("123", ["b"])


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "there is no XML here"),
        (b'{"a": 1}', "there is no XML here"),
        (b"<a>\n<b></a>", "line 2, column 8: an end tag that does not match its start tag"),
        (b"<a><b>", "the document ends too early"),
        (b"<a/><b/>", "goes on after its root element"),
        (b" <?xml version='1.0'?><a/>", "remove what stands before it"),
        (b"<p:a/>", "declare it with xmlns:"),
        (b"<a>a & b</a>", "write it as &amp;"),
        (b"<a>&secret;</a>", "an entity that is not defined"),
        (b"<a>\x01</a>", "remove control characters"),
        (b"<a x='1' x='2'/>", "an attribute stands twice"),
        (b"<?xml version='1.0' encoding='utf-8'?><a>\xe6</a>", "bytes that do not fit the declared encoding"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "the declared encoding is not known"),
        (b"<?xml version='1.0' encoding='utf-7'?><a>+AGE-</a>", "an encoding that is not read here"),
        (b"<a>" * 10_000, "nest less than 256 deep"),
        (b"<a>" + b"x" * 10_100_000 + b"</a>", "text under 10 MB"),
        (b"<a>" + b"<b/>" * xml.MAX_MARKS + b"</a>", "too many tags"),
        (b" " * (xml.MAX_BYTES + 1), "the document is too large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_a_document_is_refused_with_place_and_remedy(raw: bytes, said: str):
    assert said in why(raw)


@pytest.mark.parametrize(
    "raw",
    [
        BOMB.encode(),
        f'<?xml version="1.0" encoding="utf-16"?>{BOMB}'.encode("utf-16"),
        f"\ufeff<?xml version='1.0'?><!-- <a> --> <?p ?>\n{BOMB}".encode(),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a PUBLIC "x" "http://example.invalid/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b"<!DOCTYPE html>\n<html/>",
    ],
)
def test_a_document_type_is_refused_before_anything_is_expanded(raw: bytes):
    assert why(raw) == "line 1: a document type declaration is not allowed; remove the DOCTYPE"


def test_a_document_type_inside_text_is_only_text():
    assert xml.read(b"<a><![CDATA[<!DOCTYPE a>]]></a>").text == "<!DOCTYPE a>"


def test_a_long_prologue_is_read_in_reasonable_time():
    assert xml.read(b"<!-- -->" * 100_000 + b"<a/>").tag == "a"


def test_a_namespace_that_is_no_uri_is_read_when_nothing_else_is_wrong():
    strange = '<a xmlns:n="http://seres.no/xsd/Oppfølgingsplan">{}</a>'
    assert xml.read(strange.format("x").encode()).text == "x"
    for wrong in ("<b>", "&c;", "<n:d", "\x01"):
        with pytest.raises(NotAcceptable):
            xml.read(strange.format(wrong).encode())


def test_a_sound_document_has_no_faults():
    assert faults(APPREC) == []


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        (
            '<Status V="2"/>\n',
            "",
            "/AppRec/Error (line 8): this element does not belong here; expected: Status",
        ),
        ('<Status V="2"/>', '<Status V="2" W="1"/>', "/AppRec/Status/@(unknown) (line 8): this attribute does not"),
        ("<Id>1</Id></Ori", "</Ori", "/AppRec/OriginalMsgId (line 10): an element is missing inside; expected: Id"),
        ("2026-01-05T10:00:00</Gen", "i dag</Gen", "/AppRec/GenDate (line 4): the element does not have the form"),
        ("4.1.1.8221", "4..1", r"/AppRec/Error/@S (line 9): the attribute does not have the form the schema asks for"),
        ("<Id>2</Id>", '<Id xmlns="urn:x">2</Id>', f"stands in the wrong namespace; use the namespace {AR}"),
        (
            "<Receiver>",
            "<Receiver>x",
            "/AppRec/Receiver (line 7): text, elements or attributes where there may be none",
        ),
        (f'xmlns="{AR}"', 'xmlns="urn:x"', "/AppRec (line 1): no schema here knows this element"),
    ],
)
def test_a_fault_is_told_with_path_line_and_remedy(good: str, bad: str, said: str):
    assert good in APPREC
    assert said in "\n".join(faults(APPREC.replace(good, bad)))


def test_a_path_counts_among_equals_and_survives_any_prefix():
    prefixed = APPREC.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
    assert faults(prefixed) == []
    doubled = prefixed.replace("<x:Status", '<x:Error V="1" S="1"/><x:Status')
    assert faults(doubled)[0].startswith("/AppRec/Error[1] (line 8): this element does not belong here")


def test_every_fault_is_told_at_once_up_to_a_limit():
    twice = APPREC.replace("2026-01-05T10:00:00", "i dag")
    assert [line.split(" ")[0] for line in faults(twice)] == ["/AppRec/GenDate", "/AppRec/OriginalMsgId/IssueDate"]
    assert len(faults(APPREC.replace("<Error", '<Error S="x"/>' * 300 + "<Error"))) == xml.MAX_ISSUES


def test_a_document_that_cannot_be_read_is_told_as_such():
    assert faults("<a") == ["line 1, column 3: not well-formed XML; mend the syntax at this place"]


def test_a_missing_schema_is_our_own_fault():
    with pytest.raises(ConfigurationError, match=r"no-such\.xsd"):
        xml.validate(b"<a/>", "nav/no-such.xsd", SCHEMAS)


def planted(document: str) -> list[str]:
    """The document with a secret in each place where a sender can put one."""
    places = [i for i, char in enumerate(document) if char in "<>\"'/= "]
    return [document[:i] + SECRET + document[i:] for i in places] + [
        document[: i + 1] + SECRET + document[i + 1 :] for i in places
    ]


@pytest.mark.parametrize("document", [APPREC, EMPLOYER.format("2026-01-05")], ids=["apprec", "employer"])
def test_no_fault_repeats_what_it_found(document: str):
    told = [line for variant in planted(document) for line in faults(variant)]
    assert len(told) > 50
    assert [line for line in told if SECRET in line] == []


@pytest.mark.parametrize(
    "value",
    [
        f"{SECRET}' is not a valid value of the atomic type 'xs:{SECRET}'.",
        f"' is not an element of the set {{'{SECRET}'}}.",
        f"Expected is ( {SECRET} ).",
        f"the allowed length of '1{SECRET}'.",
        f"not accepted by the pattern '{SECRET}'.",
    ],
)
def test_a_value_cannot_pose_as_a_message(value: str):
    told = faults(EMPLOYER.format(value)) + faults(APPREC.replace('V="2"', f'V="{value}" S="{value}"'))
    assert told
    assert SECRET not in "".join(told)


@given(st.binary(max_size=300) | st.text(alphabet="<>/=&;!?[]'\" aæ:\n-", max_size=80).map(str.encode))
@example(b"<a xmlns:b='' b:c='&#0;'/>")
@example(b"\xff\xfe<\x00")
def test_any_bytes_give_a_document_or_issues(raw: bytes):
    assert outcome(raw) not in (None, ())


@pytest.mark.parametrize("seed", range(3))
def test_damaged_documents_give_issues_without_values(seed: int):
    damage_many(seed, 400)


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(100, 102))
def test_many_damaged_documents_give_issues_without_values(seed: int):
    damage_many(seed, times(500))


def outcome(raw: bytes) -> object:
    try:
        return xml.read(raw)
    except NotAcceptable as error:
        return error.issues


def damage_many(seed: int, count: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - repeatable damage
    whole = APPREC.replace("889640782", SECRET).replace("E21", SECRET).replace("NAV", SECRET).encode()
    for _ in range(count):
        raw = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(raw))
            raw[at : at + dice.randint(0, 9)] = dice.randbytes(dice.randint(0, 3)) or b"<"
        assert SECRET not in "".join(map(str, xml.validate(bytes(raw), "nav/nav.xsd", SCHEMAS)))


def test_a_namespace_with_a_brace_in_it_is_told_as_any_other():
    raw = b"<a xmlns='urn:x}y'><b/></a>"
    assert [issue.code for issue in xml.validate(raw, "nav/nav.xsd", SCHEMAS)] == ["structure"]
    assert kind_of(raw, {"b": "told"}) == "told"
