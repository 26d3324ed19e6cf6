from __future__ import annotations

from datetime import UTC, datetime
from threading import Thread

import pytest

from accord.errors import AccessError, RetryableError, StateError
from accord.ports import Token
from accord.store import FernetSealer, Store
from tests.stores import StepEnv

OLD, NEW = Token("old", "r1", datetime(2024, 1, 1, tzinfo=UTC)), Token("new", "r2")


def refused(_: Token | None) -> Token:
    raise AccessError("invalid_grant")


def test_a_refreshed_token_is_saved_before_use(store: Store) -> None:
    assert store.tokens.load("crm") is None
    assert store.tokens.refresh("crm", None, lambda _: OLD) == OLD
    assert store.tokens.load("crm") == OLD


def test_a_token_that_was_refreshed_already_is_returned(store: Store) -> None:
    store.tokens.refresh("crm", None, lambda _: NEW)
    assert store.tokens.refresh("crm", OLD, refused) == NEW


def test_the_old_refresh_token_is_kept_when_none_comes(store: Store) -> None:
    store.tokens.refresh("crm", None, lambda _: OLD)
    assert store.tokens.refresh("crm", OLD, lambda _: Token("newer")) == Token("newer", "r1")


def test_a_failed_refresh_releases_its_lease(store: Store) -> None:
    with pytest.raises(AccessError):
        store.tokens.refresh("crm", None, refused)
    assert store.tokens.refresh("crm", None, lambda _: NEW) == NEW


def test_a_token_saved_during_a_refused_refresh_is_used(store: Store) -> None:
    def late(stale: Token | None) -> Token:
        save(store, NEW)  # by the zombie whose lease we took over, a moment before we did
        return refused(stale)

    assert store.tokens.refresh("crm", None, late) == NEW


def save(store: Store, fresh: Token) -> None:
    """Save a token as another process."""
    with store.transaction("lease") as tx:
        fence = tx.leases.acquire("token:crm", "other", 60.0, 0.0, lambda _: False)
    assert fence is not None
    store.tokens._save("crm", fresh, fence)  # type: ignore[attr-defined]


def test_who_lost_the_lease_saves_nothing_and_uses_what_was_saved(store: Store) -> None:
    def slowly(_: Token | None) -> Token:
        save(store, NEW)  # by the one who took the lease over while we waited for the vendor
        return OLD

    assert store.tokens.refresh("crm", None, slowly) == NEW
    assert store.tokens.load("crm") == NEW


def test_who_stood_still_asks_for_no_token_before_it_holds_the_lease_anew(
    store: Store, env: StepEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, pauses = store.tokens.load, iter([0.0, 40.0])

    def late(connection: str) -> Token | None:
        env.clock += next(pauses, 0.0)  # at the second look the machine sleeps
        return load(connection)

    monkeypatch.setattr(store.tokens, "load", late)
    asked: list[float] = []

    def fetch(_: Token | None) -> Token:
        asked.append(env.clock)
        return NEW

    assert store.tokens.refresh("crm", None, fetch) == NEW
    assert env.trace.count("token lease") == 2
    assert len(asked) == 1


def test_threads_refresh_once(store: Store) -> None:
    fetched: list[Token | None] = []

    def fetch(stale: Token | None) -> Token:
        fetched.append(stale)
        return NEW

    threads = [Thread(target=store.tokens.refresh, args=("crm", None, fetch)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fetched == [None]


def test_a_refresher_that_never_ends_is_given_up(store: Store, env: StepEnv) -> None:
    with store.transaction("lease") as tx:
        tx.leases.acquire("token:crm", env.holder, 9999.0, env.clock, lambda _: True)
    with pytest.raises(RetryableError, match="crm"):
        store.tokens.refresh("crm", None, lambda _: NEW)


def test_without_a_key_no_token_is_fetched(store_url: str, env: StepEnv) -> None:
    with Store.open(store_url, env) as store, pytest.raises(StateError) as caught:
        store.tokens.refresh("crm", None, refused)
    assert "ACCORD_KEY" in caught.value.hint


def test_another_key_cannot_read_a_token(store: Store, store_url: str, env: StepEnv) -> None:
    store.tokens.refresh("crm", None, lambda _: NEW)
    other = FernetSealer(FernetSealer.new_key())
    with (
        Store.open(store_url, env, sealer=other) as again,
        pytest.raises(StateError, match="none of the present"),
    ):
        again.tokens.load("crm")
