"""Sealed values open with their key, purpose and context, and with nothing else."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import files, keys
from ledger.errors import Misconfigured
from ledger.keys import CannotOpen


@pytest.fixture(autouse=True)
def fresh_ring(tmp_path, settings, monkeypatch):
    settings.KEYS_DIR = tmp_path / "keys"
    monkeypatch.delenv("PROCURE_KEY_RING", raising=False)


def test_a_sealed_value_opens_again():
    sealed = keys.encrypt("bid", b"12.50", "bid:1")
    assert b"12.50" not in sealed
    assert keys.decrypt("bid", sealed, "bid:1") == b"12.50"
    assert keys.decrypt("bid", memoryview(sealed), "bid:1") == b"12.50"


def test_the_same_value_never_looks_the_same():
    assert keys.encrypt("bid", b"12.50", "bid:1") != keys.encrypt("bid", b"12.50", "bid:1")


@pytest.mark.parametrize(("purpose", "context"), [("mail", "bid:1"), ("bid", "bid:2"), ("bid", "")])
def test_another_purpose_or_context_does_not_open_it(purpose, context):
    sealed = keys.encrypt("bid", b"12.50", "bid:1")
    with pytest.raises(CannotOpen):
        keys.decrypt(purpose, sealed, context)


def test_a_changed_or_cut_value_does_not_open():
    sealed = keys.encrypt("bid", b"12.50", "bid:1")
    for place in range(len(sealed)):
        with pytest.raises(CannotOpen):
            keys.decrypt("bid", sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :], "bid:1")
        with pytest.raises(CannotOpen):
            keys.decrypt("bid", sealed[:place], "bid:1")


@given(st.binary(max_size=100))
def test_rubbish_does_not_open(rubbish):
    with pytest.raises(CannotOpen):
        keys.decrypt("bid", rubbish, "bid:1")


def test_the_ring_is_made_once_and_for_its_owner_alone():
    first = keys.ring()
    assert keys.ring() == first
    assert stat.S_IMODE(keys.ring_path().stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.ring_path().parent.stat().st_mode) == 0o700


def test_of_two_first_users_one_makes_the_ring():
    assert files.publish(keys.ring_path(), keys._line(), replace=False)
    first = keys.ring_path().read_text()
    assert not files.publish(keys.ring_path(), keys._line(), replace=False)
    assert keys.ring_path().read_text() == first
    assert [path.name for path in keys.ring_path().parent.iterdir()] == ["ring"]


def test_after_a_key_change_old_values_open_and_new_ones_use_the_new_key():
    old = keys.encrypt("bid", b"old", "bid:1")
    fresh = keys.rotate()
    new = keys.encrypt("bid", b"new", "bid:1")
    assert keys.key_id_of(new) == fresh != keys.key_id_of(old)
    assert keys.decrypt("bid", old, "bid:1") == b"old"
    assert keys.decrypt("bid", new, "bid:1") == b"new"


def test_without_its_key_a_value_stays_closed():
    sealed = keys.encrypt("bid", b"12.50", "bid:1")
    keys.ring_path().unlink()
    with pytest.raises(CannotOpen, match="key is missing"):
        keys.decrypt("bid", sealed, "bid:1")


def test_the_ring_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("PROCURE_KEY_RING", f"{keys._line().strip()},{keys._line().strip()}")
    sealed = keys.encrypt("bid", b"12.50", "bid:1")
    assert keys.decrypt("bid", sealed, "bid:1") == b"12.50"
    assert not keys.ring_path().exists()
    with pytest.raises(Misconfigured):
        keys.rotate()


@pytest.mark.parametrize("text", ["nonsense", "0011223344556677 c2hvcnQ=", "xyz " + "A" * 44, " "])
def test_a_ring_that_cannot_be_read_says_so(monkeypatch, text):
    monkeypatch.setenv("PROCURE_KEY_RING", text)
    with pytest.raises(Misconfigured, match="key ring"):
        keys.ring()
