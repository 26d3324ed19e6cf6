from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from accord.env import Env
from accord.errors import StateError
from accord.store import Store
from accord.store.bulk import Bulk
from tests.stores import hub_record, link_of


@pytest.fixture(scope="session")
def database() -> str:
    return "postgresql"


def plan_of_reading_links(bulk: Bulk) -> str:
    query = (
        "EXPLAIN SELECT * FROM link WHERE connection = 'shop' AND stream = 'customers'"
        " AND external_id = ANY(ARRAY['1', '2', '3'])"
    )
    return "\n".join(row[0] for row in bulk.driver.execute(query).fetchall())


def test_a_fresh_load_is_read_by_its_primary_key(store: Store) -> None:
    people = [hub_record(number) for number in range(2000)]
    with store.transaction("load") as tx:
        tx.links.upsert([link_of(each, str(number)) for number, each in enumerate(people)])
    with store.reading() as tx:
        assert "link_pkey" in plan_of_reading_links(tx.bulk)
    assert store.analyze_if_grown()
    with store.reading() as tx:
        assert "link_pkey" in plan_of_reading_links(tx.bulk)


def test_a_lost_connection_is_replaced(store: Store) -> None:
    kill = "SELECT pg_terminate_backend(pg_backend_pid())"
    with (
        pytest.raises(StateError, match=r"closed the connection|cannot be reached"),
        store.transaction("die") as tx,
    ):
        tx.bulk.driver.execute(kill)
    with store.transaction("live") as tx:
        tx.entities.insert([hub_record()])


def test_a_database_that_does_not_exist_is_named(store_url: str, env: Env) -> None:
    with pytest.raises(StateError, match=r"/nowhere\?.* does not exist") as caught:
        Store.open(store_url.replace("/postgres?", "/nowhere?"), env)
    assert "createdb" in caught.value.hint


def as_role(store_url: str, role: str) -> str:
    return store_url.replace("//postgres:@", f"//{role}@")


@pytest.fixture
def guarded(postgres: str) -> Iterator[None]:
    """Roles that the server asks for a password, or does not let in."""
    with psycopg.connect(postgres, autocommit=True) as server:
        (name,) = server.execute("SHOW hba_file").fetchone() or ()
        rules = Path(name)
        before = rules.read_text()
        server.execute("CREATE ROLE ann LOGIN PASSWORD 'ann''s'")
        server.execute("CREATE ROLE bob")
        server.execute("CREATE ROLE eve LOGIN")
        try:
            rules.write_text("local all ann scram-sha-256\nlocal all eve reject\n" + before)
            server.execute("SELECT pg_reload_conf()")
            while lets_in(postgres.replace("//postgres:@", "//eve@")):
                pass  # the server reads its rules a moment later
            yield
        finally:
            rules.write_text(before)
            server.execute("SELECT pg_reload_conf()")
            server.execute("DROP ROLE ann, bob, eve")


def lets_in(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize(
    ("role", "message", "next_step"),
    [
        ("ann:s3cret", "refuses the role or its password", "PGPASSFILE"),
        ("ann", "asks for a password and was given none", "PGPASSFILE"),
        ("nobody", "does not know the role", "createuser"),
        ("bob", "does not let the role in", "ALTER ROLE"),
        ("eve", "lets nobody in from here as this role", r"pg_hba\.conf"),
    ],
)
def test_a_server_that_refuses_says_whom_and_what_to_do(
    store_url: str, env: Env, role: str, message: str, next_step: str
) -> None:
    with pytest.raises(StateError, match=message) as caught:
        Store.open(as_role(store_url, role), env)
    assert re.search(next_step, caught.value.hint or "")
    assert "s3cret" not in f"{caught.value}{caught.value.hint}{caught.value.facts}{caught.value.__cause__}"


def test_two_schemas_hold_two_stores(store: Store, store_url: str, env: Env) -> None:
    with store.transaction("outer") as tx:
        tx.bulk.driver.execute("CREATE SCHEMA second_store")
    other = store_url.partition("&options=")[0] + "&options=-csearch_path%3Dsecond_store"
    with Store.open(other, env) as second:
        assert second.key != store.key
        with store.transaction("a"), second.transaction("b"):
            pass
        with second.transaction("drop") as tx:
            tx.bulk.driver.execute("DROP SCHEMA second_store CASCADE")
