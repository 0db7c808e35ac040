"""What keys, tokens and their errors tell, and what they do not."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import traceback
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from datalayer.domains.conversations import key_material
from datalayer.domains.conversations.credential_keys import (
    CredentialKeys,
    create_credential_key,
    decrypt,
    encrypt,
    is_current,
    read_credential_keys,
    reencrypt,
)
from datalayer.domains.conversations.errors import (
    CREDENTIAL_KEYS_VARIABLE,
    CredentialKeyMalformed,
    CredentialKeysMissing,
    CredentialKeyWrong,
    CryptographyMissing,
)
from datalayer.domains.conversations.failover import failover_weight, in_failover_order
from datalayer.domains.conversations.key_material import NewApiKey
from datalayer.domains.conversations.slack import SlackSettings
from datalayer.domains.conversations.tokens import open_credential, rotate_tokens
from datalayer.queries.conversations.api_key import ApiKey
from datalayer.queries.conversations.credential import HeldTokens, StoredCredential

OLD, NEW = CredentialKeys((create_credential_key(),)), create_credential_key()
BOTH = CredentialKeys((NEW, *OLD.keys))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: The smallest piece of a secret that would tell something.
_PIECE = 6


def pieces(secret: str) -> set[str]:
    return {secret[at : at + _PIECE] for at in range(len(secret) - _PIECE + 1)}


def told(error: BaseException) -> str:
    """Return all that a program shows of an error that nobody catches."""
    shown = "".join(traceback.format_exception(error))
    return shown + repr(error) + repr(vars(error))


# Keys of clients


def test_no_two_keys_are_alike_and_each_has_the_form_of_one() -> None:
    keys = {key_material.create_key() for _ in range(100)}

    assert len(keys) == 100
    assert all(map(key_material.is_key, keys))


def test_a_key_leaves_at_least_256_bits_beyond_what_is_shown_of_it() -> None:
    key = key_material.create_key()

    material = key_material.material_of(key)

    hidden = key.removeprefix(material.key_prefix).removesuffix(material.key_suffix)
    assert len(hidden) * 6 >= 256
    assert key == material.key_prefix + hidden + material.key_suffix


def test_the_hash_of_a_key_is_its_sha_256() -> None:
    key = key_material.create_key()

    stored = key_material.material_of(key).key_hash

    assert stored == hashlib.sha256(key.encode()).hexdigest()


@given(st.text())
def test_other_texts_are_no_keys(text: str) -> None:
    assert not key_material.is_key(text)
    assert not key_material.is_key(key_material.KEY_MARK + text)


@pytest.mark.parametrize("end", ["\n", " ", "\0", "ä", "A"])
def test_a_key_with_something_behind_it_is_none(end: str) -> None:
    assert not key_material.is_key(key_material.create_key() + end)


def test_a_new_key_does_not_show_itself() -> None:
    key = key_material.create_key()
    material = key_material.material_of(key)
    row = ApiKey(
        id=1,
        train_id="blue",
        key_hash=material.key_hash,
        key_prefix=material.key_prefix,
        key_suffix=material.key_suffix,
        name=None,
        created_by=None,
        created_at=NOON,
        last_used_at=None,
        revoked_at=None,
        revoked_by=None,
    )

    shown = repr(NewApiKey(key, row))

    hidden = key.removeprefix(material.key_prefix).removesuffix(material.key_suffix)
    assert not [piece for piece in pieces(hidden) if piece in shown]


# Keys of credentials


def test_keys_stand_between_commas_and_white_space() -> None:
    first, second, third = (create_credential_key() for _ in range(3))

    read = read_credential_keys(
        {CREDENTIAL_KEYS_VARIABLE: f" {first},{second} ,\n {third}\n"}
    )

    assert read.keys == (first, second, third)


def test_a_created_key_is_one_for_the_library() -> None:
    Fernet(create_credential_key())


@pytest.mark.parametrize("environment", [{}, {CREDENTIAL_KEYS_VARIABLE: " ,"}])
def test_missing_keys_are_named_with_their_variable(
    environment: dict[str, str],
) -> None:
    with pytest.raises(CredentialKeysMissing, match=CREDENTIAL_KEYS_VARIABLE):
        read_credential_keys(environment)


@pytest.mark.parametrize("spoil", [lambda key: key[:-2], lambda key: key + key])
def test_a_malformed_key_is_named_by_its_place_and_not_shown(
    spoil: object,
) -> None:
    assert callable(spoil)
    wrong = spoil(create_credential_key())
    text = f"{create_credential_key()},{wrong}"

    with pytest.raises(CredentialKeyMalformed, match="key 2 of 2") as caught:
        read_credential_keys({CREDENTIAL_KEYS_VARIABLE: text})

    assert not [piece for piece in pieces(text) if piece in told(caught.value)]


def test_keys_do_not_show_themselves() -> None:
    shown = repr(BOTH) + str(BOTH)

    assert not [piece for piece in pieces(NEW) if piece in shown]


@given(st.text(st.characters()))
def test_what_is_encrypted_comes_back(secret: str) -> None:
    encrypted = encrypt(secret, OLD)

    assert decrypt(encrypted, BOTH, secret="it") == secret


def test_what_is_encrypted_shows_nothing_and_differs_each_time() -> None:
    secret = "oat01-this-is-a-token"

    first, second = encrypt(secret, OLD), encrypt(secret, OLD)

    assert first != second
    assert not [piece for piece in pieces(secret) if piece in first]


def test_a_wrong_key_is_told_with_variable_and_owner_and_no_secret() -> None:
    encrypted = encrypt("oat01-this-is-a-token", OLD)
    wrong = CredentialKeys((NEW,))

    with pytest.raises(CredentialKeyWrong, match=CREDENTIAL_KEYS_VARIABLE) as caught:
        decrypt(encrypted, wrong, secret="the tokens of account `a`")

    assert "the tokens of account `a`" in str(caught.value)
    for hidden in (encrypted, NEW, "oat01-this-is-a-token"):
        assert not [piece for piece in pieces(hidden) if piece in told(caught.value)]


def test_what_was_changed_on_its_way_does_not_open() -> None:
    encrypted = encrypt("token", OLD)
    other = "B" if encrypted[40] == "A" else "A"

    with pytest.raises(CredentialKeyWrong):
        decrypt(encrypted[:40] + other + encrypted[41:], OLD, secret="it")


def test_the_first_key_encrypts_and_old_ones_open() -> None:
    old = encrypt("token", OLD)

    new = reencrypt(old, BOTH, secret="it")

    assert not is_current(old, BOTH)
    assert is_current(new, BOTH)
    assert decrypt(new, CredentialKeys((NEW,)), secret="it") == "token"
    assert reencrypt(new, BOTH, secret="it") == new


def test_tokens_are_rotated_when_one_of_them_is_old() -> None:
    held = HeldTokens(1, "a", encrypt("access", BOTH), encrypt("refresh", OLD))

    rotated = rotate_tokens(held, BOTH)

    assert rotated is not None
    assert all(is_current(each, BOTH) for each in rotated)
    assert rotate_tokens(HeldTokens(1, "a", *rotated), BOTH) is None


def test_a_credential_and_settings_do_not_show_their_secrets() -> None:
    stored = StoredCredential(
        id=1,
        account_id="a",
        account_name="Ada",
        access_token=encrypt("oat01-access", OLD),
        refresh_token=encrypt("ort01-refresh", OLD),
        expires_at=NOON,
        scopes=["all"],
        is_max=True,
        created_at=NOON,
        updated_at=NOON,
    )

    opened = open_credential(stored, OLD)
    slack = SlackSettings(webhook_url="https://hooks.example/T0/B0/secret")

    assert (opened.access_token, opened.refresh_token) == (
        "oat01-access",
        "ort01-refresh",
    )
    assert "oat01" not in repr(opened)
    assert "ort01" not in repr(opened)
    assert "secret" not in repr(slack)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)

    with pytest.raises(CryptographyMissing, match=r"datalayer\[conversations\]"):
        encrypt("token", OLD)


def test_the_domain_is_imported_without_the_library() -> None:
    code = (
        "import sys, datalayer.domains.conversations.aio; "
        "print(any(name.startswith('cryptography') for name in sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    assert done.stdout == "False\n"


# The order of accounts


def test_the_weight_is_the_beginning_of_a_sha_256() -> None:
    digest = hashlib.sha256(b"blue::Ada").hexdigest()

    assert failover_weight("blue", "Ada") == int(digest[:16], 16)


@given(st.text(), st.lists(st.text(), unique=True))
def test_the_order_is_that_of_the_weights_however_accounts_come(
    train: str, names: list[str]
) -> None:
    shuffled = sorted(names, key=lambda name: hashlib.md5(name.encode()).digest())

    ordered = in_failover_order(train, names, str)

    assert ordered == in_failover_order(train, shuffled, str)
    weights = [failover_weight(train, name) for name in ordered]
    assert weights == sorted(weights, reverse=True)


def test_equal_weights_are_ordered_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "datalayer.domains.conversations.failover.failover_weight",
        lambda train_id, account_name: 1,
    )

    assert in_failover_order("blue", ["b", "a", "C"], str) == ["C", "a", "b"]


@given(st.lists(st.text(), min_size=1, unique=True), st.data())
def test_an_account_that_goes_changes_no_order_among_the_others(
    names: list[str], data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(names))
    before = in_failover_order("blue", names, str)

    after = in_failover_order("blue", [n for n in names if n != gone], str)

    assert after == [name for name in before if name != gone]
