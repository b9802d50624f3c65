"""Published examples of the standards, computed by our own functions."""

from gateway.edge.identity.dpop import digest
from gateway.edge.identity.scopes import both, grants, split
from gateway.edge.identity.tokens import peek, public_key

# RFC 9449, figures 1, 12 and 13
DPOP_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
}
ACCESS_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"

# RFC 7519 § 6.1, an unsecured JWT
UNSECURED = (
    "eyJhbGciOiJub25lIn0"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
)


def test_the_thumbprint_of_rfc_9449s_key_is_the_one_that_it_prints():
    assert public_key(DPOP_KEY).thumbprint() == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_the_digest_of_rfc_9449s_access_token_is_the_one_that_it_prints():
    assert digest(ACCESS_TOKEN) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_rfc_7519s_unsecured_token_is_read_and_not_believed():
    header, claims = peek(UNSECURED)
    assert (header, claims["iss"], claims["exp"]) == ({"alg": "none"}, "joe", 1300819380)


def test_smart_scopes_cover_what_the_implementation_guide_says():
    """SMART App Launch 2.2.0: letters in the order of `cruds`, wildcards, and what v1 scopes are equal to."""
    assert grants(["system/Observation.rs"], "system/Observation.r")
    assert grants(["system/*.rs"], "system/Observation.s")
    assert grants(["system/Observation.read"], "system/Observation.rs")
    assert grants(["system/Observation.write"], "system/Observation.cud")
    assert grants(["system/Observation.*"], "system/Observation.cruds")
    for granted in (
        "patient/Observation.rs",
        "system/Patient.rs",
        "system/Observation.sr",
        "system/Observation.rs?x=y",
    ):
        assert not grants([granted], "system/Observation.r")
    assert not grants(["system/Observation.rs"], "system/Observation.c")
    assert not grants([], "system/Observation.r")


def test_two_grants_together_are_the_narrower_of_both():
    wide, narrow = frozenset({"system/*.cruds", "samspill:console"}), frozenset({"system/Bundle.c", "samspill:metrics"})
    assert both(wide, narrow) == both(narrow, wide) == {"system/Bundle.c"}


def test_scopes_are_read_as_text_or_list():
    assert split("a b  c") == split(["a", "b", "c"]) == {"a", "b", "c"}
    assert split(None) == split(["a", 1]) == split({"a": 1}) == frozenset()
