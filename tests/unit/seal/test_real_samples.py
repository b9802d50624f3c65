"""What NAV's own test data looks like to us; skipped where the samples are not beside the checkout."""

from pathlib import Path

import pytest

from gateway.edge.identity.tokens import peek
from gateway.edge.seal import SealBroken, helseid, xmldsig

SAMPLES = Path(__file__).parents[3] / "../shared/data/nav"


def sample(name):
    file = SAMPLES / name
    if not file.exists():
        pytest.skip("the samples of ../shared/data are not there")
    return file.read_bytes()


def test_the_signers_token_is_found_in_nav_s_own_example():
    raw = sample("ebxml/ebxml-processor__ebms-payload__helseid_xml_egenandelforesporsel-helseid-ok.xml")
    header, claims = peek(helseid.token(raw))
    assert (header["alg"], claims[helseid.LEVEL_CLAIM]) == ("RS256", helseid.SECURITY_LEVEL)
    assert helseid.PID_CLAIM in claims


def test_what_only_calls_itself_helseid_is_no_token():
    raw = sample("ebxml/ebxml-processor__ebms-payload__helseid_testdata_m1.helseid.multiple.xml")
    assert raw.count(b"HelseID") == 1
    assert helseid.token(raw) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ebxml/ebxml-processor__felles__payload.xml", "CanonicalizationMethod is not on the allow-list"),
        ("ebxml/ebxml-processor__ebms-payload__helseid_testdata_asdsa.xml", "3 signatures"),
        ("sykmelding/syfosmmottak__fellesformat.xml", "another root"),
    ],
)
def test_signatures_of_older_senders_are_refused_with_their_reason(name, reason):
    with pytest.raises(SealBroken) as caught:
        xmldsig.verify(sample(name), [])
    assert reason in caught.value.reason
