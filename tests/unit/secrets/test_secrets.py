"""References become values, and tell what to do when they cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from accord.env import SystemEnv
from accord.errors import SecretMissingError, SetupError, StateError
from accord.plugins import Plugins
from accord.secrets import Place, Reference, StoreSecrets, create_key, is_reference, save, sealer
from accord.store import FernetSealer, Store
from tests.unit.secrets.conftest import MemoryRing


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(f"sqlite:///{tmp_path}/s.db", SystemEnv(), sealer=FernetSealer(FernetSealer.new_key()))


@pytest.mark.parametrize(
    "text", ["env:CRM_TOKEN", "keyring:accord/shop", "keyring:a/b/c", "store:crm", "store:a b"]
)
def test_references_are_recognised(text: str) -> None:
    assert is_reference(text) == (" " not in text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "env:",
        "env:A-B",
        "keyring:accord",
        "keyring:/u",
        "env: A",
        "https://u:p@example.com",
        "pat:x",
    ],
)
def test_literals_are_no_references(text: str) -> None:
    assert not is_reference(text)


def test_a_bad_reference_is_not_repeated() -> None:
    with pytest.raises(SetupError) as caught:
        Reference.parse("hunter2")
    assert "hunter2" not in str(caught.value) + caught.value.hint
    assert "keyring:SERVICE/USER" in caught.value.hint


def test_environment_variables_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "s3cret")
    assert Plugins().secret("env:CRM_TOKEN") == "s3cret"


@pytest.mark.parametrize(("value", "told"), [(None, "is not set"), ("", "is empty")])
def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None, told: str) -> None:
    monkeypatch.delenv("CRM_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("CRM_TOKEN", value)
    with pytest.raises(SecretMissingError, match=f"CRM_TOKEN {told}"):
        Plugins().secret("env:CRM_TOKEN")


def test_keyring_entries_resolve(ring: MemoryRing) -> None:
    ring.kept["accord", "shop"] = "s3cret"
    assert Plugins().secret("keyring:accord/shop") == "s3cret"


def test_a_missing_keyring_entry_is_named() -> None:
    with pytest.raises(SecretMissingError, match="no entry of service 'accord' for user 'shop'") as caught:
        Plugins().secret("keyring:accord/shop")
    assert "accord config secret set keyring:accord/shop" in caught.value.hint


@pytest.mark.usefixtures("no_ring")
def test_without_a_keyring_the_hint_tells_alternatives() -> None:
    with pytest.raises(SecretMissingError, match="cannot be used") as caught:
        Plugins().secret("keyring:accord/shop")
    assert "env:NAME" in caught.value.hint


def test_stored_secrets_resolve(store: Store) -> None:
    plugins = Plugins()
    plugins.register(StoreSecrets(store))
    assert not plugins.foreign_secrets
    assert str(save("crm", SecretStr("s3cret"), store)) == "store:crm"
    assert plugins.secret("store:crm") == "s3cret"
    with pytest.raises(SecretMissingError, match="store:shop"):
        plugins.secret("store:shop")


def test_a_store_without_key_keeps_no_secret(tmp_path: Path) -> None:
    bare = Store.open(f"sqlite:///{tmp_path}/s.db", SystemEnv())
    with pytest.raises(StateError, match="no key is set"):
        save("crm", SecretStr("s3cret"), bare)


def test_saving_reaches_the_keyring(store: Store, ring: MemoryRing) -> None:
    save("keyring:accord/shop", SecretStr("s3cret"), store)
    assert ring.kept["accord", "shop"] == "s3cret"


@pytest.mark.parametrize("name", ["env:CRM_TOKEN", "vault:crm"])
def test_places_nobody_can_write_to_are_refused(store: Store, name: str) -> None:
    with pytest.raises(SetupError, match="cannot keep secrets there"):
        save(name, SecretStr("s3cret"), store)


def test_an_empty_secret_is_refused(store: Store) -> None:
    with pytest.raises(SetupError, match="empty"):
        save("crm", SecretStr(""), store)


def test_init_keeps_the_key_in_the_keyring(ring: MemoryRing) -> None:
    made = create_key()
    assert (made.place, made.created, made.key) == (Place.KEYRING, True, None)
    assert create_key().created is False
    used = sealer("sqlite:///a.db")
    assert used is not None
    assert FernetSealer(ring.kept["accord", "store-key"]).unseal(used.seal(b"x")) == b"x"


@pytest.mark.usefixtures("no_ring")
def test_without_a_keyring_the_key_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    made = create_key()
    assert made.place is Place.NOWHERE
    assert made.key is not None
    assert made.key.get_secret_value() not in repr(made)
    assert sealer("sqlite:///a.db") is None
    monkeypatch.setenv("ACCORD_KEY", made.key.get_secret_value())
    assert sealer("sqlite:///a.db") is not None
    assert create_key().place is Place.ENVIRONMENT


def test_an_older_key_still_unseals(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = FernetSealer.new_key(), FernetSealer.new_key()
    sealed = FernetSealer(old).seal(b"x")
    monkeypatch.setenv("ACCORD_KEY", f"{new.decode()}, {old.decode()}")
    both = sealer("sqlite:///a.db")
    assert both is not None
    assert both.unseal(sealed) == b"x"
    assert FernetSealer(new).unseal(both.seal(b"y")) == b"y"


def test_a_malformed_key_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_KEY", "hunter2")
    with pytest.raises(StateError) as caught:
        sealer("sqlite:///a.db")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", [None, "sqlite://", "sqlite:///:memory:"])
def test_a_store_in_memory_needs_no_key(ring: MemoryRing, url: str | None) -> None:
    ring.kept["accord", "store-key"] = FernetSealer.new_key().decode()
    assert sealer(url) is None
