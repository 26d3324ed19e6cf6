from __future__ import annotations

import pytest

from accord.env import Env
from accord.errors import StateError
from accord.store import FernetSealer, Store


def test_a_secret_is_set_read_and_forgotten(store: Store) -> None:
    with store.transaction("secret") as tx:
        tx.secrets.set("crm", "s3cret")
        tx.secrets.set("shop", "other")
        assert (tx.secrets.get("crm"), tx.secrets.get("none")) == ("s3cret", None)
        assert tx.secrets.names() == ["crm", "shop"]
        assert tx.secrets.delete("crm")
        assert not tx.secrets.delete("crm")


def test_without_a_key_secrets_are_refused(store_url: str, env: Env) -> None:
    with Store.open(store_url, env) as store, store.transaction("secret") as tx, pytest.raises(StateError):
        tx.secrets.set("crm", "s3cret")


def test_a_replaced_key_still_unseals() -> None:
    old, new = FernetSealer.new_key(), FernetSealer.new_key()
    sealed = FernetSealer(old).seal(b"value")
    assert FernetSealer(new, old).unseal(sealed) == b"value"


def test_a_malformed_key_is_not_quoted() -> None:
    with pytest.raises(StateError) as caught:
        FernetSealer("much-too-short")
    assert "much-too-short" not in str(caught.value)
