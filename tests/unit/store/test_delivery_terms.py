from gateway.edge.delivery.ports import ReceiptSeen
from gateway.edge.delivery.receipts import correlation, receipt_in
from gateway.edge.delivery.terms import Bucket, Terms
from gateway.edge.keys import Keyring, Vault

VAULT = Vault(Keyring({"kek-1": b"k" * 32}, "kek-1", b"p" * 32))


def test_a_bucket_lets_its_rate_through_and_a_seconds_worth_at_once():
    bucket = Bucket(10, now=0)
    assert bucket.take(50, now=0) == 10
    assert bucket.take(50, now=0.5) == 5
    assert bucket.take(50, now=100) == 10
    bucket.give_back(4)
    assert bucket.take(50, now=100) == 4
    assert 0 < bucket.wait() <= 0.1


def test_a_bucket_without_a_rate_lets_everything_through():
    bucket = Bucket(0, now=0)
    assert bucket.take(50, now=0) == 50
    assert bucket.wait() == 0


def test_a_slow_rate_still_lets_one_through():
    bucket = Bucket(0.5, now=0)
    assert bucket.take(5, now=0) == 1
    assert bucket.take(5, now=1) == 0
    assert bucket.take(5, now=2) == 1


def test_no_attempt_outlives_its_lease():
    assert Terms(patience=30).lease > 30


def test_a_receipt_keeps_codes_and_nothing_else_in_the_open():
    seen = ReceiptSeen("id", ok=False, errors=("E21", "X99", "Kari Nordmann", "01010112345"))
    receipt = receipt_in(VAULT, "nav", b"body", seen)
    assert receipt.codes == ("E21", "X99", "unreadable-code", "unreadable-code")


def test_a_receipt_is_matched_by_its_party_as_well():
    assert correlation(VAULT, "nav", "id") != correlation(VAULT, "employer", "id")
